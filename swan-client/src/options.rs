//! What a caller chooses for single calls.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use serde::Serialize;
use swan_core::Currency;
use swan_core::openai::{Extra, Json};

use crate::builder::{header_name, secret, value};
use crate::error::Error;
use crate::preferences::ProviderPreferences;

const PAYMENT: HeaderName = HeaderName::from_static("x-swan-payment");
const PROVIDER: HeaderName = HeaderName::from_static("x-swan-provider");
const FALLBACKS: HeaderName = HeaderName::from_static("x-swan-allow-fallbacks");
const TRACE: HeaderName = HeaderName::from_static("x-swan-trace");

#[derive(Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) payment: Option<Currency>,
    pub(crate) provider: Option<String>,
    pub(crate) allow_fallbacks: Option<bool>,
    pub(crate) trace: bool,
    pub(crate) preferences: Option<ProviderPreferences>,
    pub(crate) models: Vec<String>,
    pub(crate) session: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

impl CallOptions {
    /// The headers of these choices; other servers than Swan's ignore them.
    pub(crate) fn headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        for (name, text) in &self.headers {
            headers.insert(header_name(name)?, secret("header", text)?);
        }
        if let Some(currency) = self.payment {
            headers.insert(PAYMENT, value("payment", currency.code())?);
        }
        if let Some(provider) = &self.provider {
            headers.insert(PROVIDER, value("provider", provider)?);
        }
        if let Some(allow) = self.allow_fallbacks {
            headers.insert(
                FALLBACKS,
                value("allow_fallbacks", if allow { "true" } else { "false" })?,
            );
        }
        if self.trace {
            headers.insert(TRACE, value("trace", "1")?);
        }
        Ok(headers)
    }

    /// Puts those choices that are members of the body into it; what the request itself names stays.
    pub(crate) fn write_into(&self, extra: &mut Extra) -> Result<(), Error> {
        if let Some(preferences) = &self.preferences {
            set(extra, "provider", preferences)?;
        }
        if !self.models.is_empty() {
            set(extra, "models", &self.models)?;
        }
        if let Some(session) = &self.session {
            set(extra, "session_id", session)?;
        }
        Ok(())
    }
}

fn set(extra: &mut Extra, field: &'static str, value: &impl Serialize) -> Result<(), Error> {
    if extra.get(field).is_none() {
        let json = Json::new(value).map_err(|error| Error::Config {
            field,
            reason: error.to_string(),
        })?;
        extra.insert(field, json);
    }
    Ok(())
}

/// A handle for one kind of call, with the choices that every kind has.
macro_rules! call_handle {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            client: $crate::client::Client,
            options: $crate::options::CallOptions,
        }

        impl $name {
            pub(crate) fn new(client: $crate::client::Client) -> Self {
                Self {
                    client,
                    options: $crate::options::CallOptions::default(),
                }
            }

            /// Pays in this currency; SWAN is cheaper.
            #[must_use]
            pub fn with_payment(mut self, currency: swan_core::Currency) -> Self {
                self.options.payment = Some(currency);
                self
            }

            /// Asks for one provider, by id or name.
            #[must_use]
            pub fn with_provider(mut self, provider: impl Into<String>) -> Self {
                self.options.provider = Some(provider.into());
                self
            }

            /// Allows or forbids another provider when the one asked for cannot serve.
            #[must_use]
            pub fn with_fallbacks(mut self, allow: bool) -> Self {
                self.options.allow_fallbacks = Some(allow);
                self
            }

            /// Says who may serve the call (the body's `provider`).
            #[must_use]
            pub fn with_preferences(mut self, preferences: $crate::ProviderPreferences) -> Self {
                self.options.preferences = Some(preferences);
                self
            }

            /// Names models that will do when nobody serves the one asked for, in this order (the body's `models`).
            #[must_use]
            pub fn with_models(
                mut self,
                models: impl IntoIterator<Item = impl Into<String>>,
            ) -> Self {
                self.options.models = models.into_iter().map(Into::into).collect();
                self
            }

            /// Keeps calls of one session at one provider, whose caches then help (the body's `session_id`).
            #[must_use]
            pub fn with_session(mut self, session: impl Into<String>) -> Self {
                self.options.session = Some(session.into());
                self
            }

            /// Asks why this provider was chosen; [`Metadata::trace`](crate::Metadata::trace) has the answer.
            #[must_use]
            pub fn with_trace(mut self) -> Self {
                self.options.trace = true;
                self
            }

            /// Bounds the call in place of the client's own timeout.
            #[must_use]
            pub fn with_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.options.timeout = Some(timeout);
                self
            }

            /// Uses this idempotency key in place of a fresh one, so that a call repeated later is still one call. Meant for
            /// one call: another request with the same key is a conflict.
            ///
            /// A hub finishes such a call though it is dropped here, charges it, and keeps its answer for the next call with
            /// the key; to have it stopped, add the header `X-Swan-Hang-Up: cancel`. While the first call runs, the hub
            /// answers a second one 409 with `Retry-After`, which is waited for like any other.
            #[must_use]
            pub fn with_idempotency_key(mut self, key: impl Into<String>) -> Self {
                self.options.idempotency_key = Some(key.into());
                self
            }

            /// Adds a header.
            #[must_use]
            pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
                self.options.headers.push((name.into(), value.into()));
                self
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.debug_struct(stringify!($name))
                    .field("client", &self.client)
                    .field("payment", &self.options.payment)
                    .field("provider", &self.options.provider)
                    .field("allow_fallbacks", &self.options.allow_fallbacks)
                    .field("preferences", &self.options.preferences)
                    .field("models", &self.options.models)
                    .field("timeout", &self.options.timeout)
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use call_handle;
