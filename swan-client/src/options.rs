//! What a caller chooses for single calls.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use swan_core::Currency;

use crate::builder::{header_name, secret, value};
use crate::error::Error;

const PAYMENT: HeaderName = HeaderName::from_static("x-swan-payment");
const PROVIDER: HeaderName = HeaderName::from_static("x-swan-provider");
const FALLBACKS: HeaderName = HeaderName::from_static("x-swan-allow-fallbacks");

#[derive(Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) payment: Option<Currency>,
    pub(crate) provider: Option<String>,
    pub(crate) allow_fallbacks: Option<bool>,
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
        Ok(headers)
    }
}
