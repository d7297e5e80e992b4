//! Settings of a client, checked once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::client::{Client, Inner};
use crate::error::Error;
use crate::retry::RetryPolicy;
use crate::transport::{HttpTransport, ReqwestTransport};

/// Builds a [`Client`]; every setting besides address and key has a default.
pub struct ClientBuilder {
    base_url: String,
    api_key: String,
    timeout: Duration,
    idle_timeout: Duration,
    stream_timeout: Duration,
    connect_timeout: Duration,
    retry: RetryPolicy,
    user_agent: String,
    headers: Vec<(String, String)>,
    transport: Option<Arc<dyn HttpTransport>>,
}

impl ClientBuilder {
    pub(crate) fn new(base_url: String, api_key: String) -> Self {
        Self {
            base_url,
            api_key,
            timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(120),
            stream_timeout: Duration::from_secs(3600),
            connect_timeout: Duration::from_secs(10),
            retry: RetryPolicy::default(),
            user_agent: concat!("swan-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            headers: Vec::new(),
            transport: None,
        }
    }

    /// Bounds a call with its retries and the pauses between, for a stream up to its first chunk; 10 minutes by default.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Bounds the silence between two pieces of a stream, the server's pings included; 2 minutes by default.
    #[must_use]
    pub fn with_idle_timeout(self, idle_timeout: Duration) -> Self {
        Self {
            idle_timeout,
            ..self
        }
    }

    /// Bounds a whole stream; an hour by default.
    #[must_use]
    pub fn with_stream_timeout(self, stream_timeout: Duration) -> Self {
        Self {
            stream_timeout,
            ..self
        }
    }

    /// Bounds the making of a connection by the default transport; 10 seconds by default.
    #[must_use]
    pub fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            ..self
        }
    }

    /// Sets when calls are sent again.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// Names the app to the server.
    #[must_use]
    pub fn with_user_agent(self, user_agent: impl Into<String>) -> Self {
        Self {
            user_agent: user_agent.into(),
            ..self
        }
    }

    /// Adds a header to every request, in place of the client's own of that name; its value is never shown.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends requests through a transport of your own, or through the mock in tests.
    #[must_use]
    pub fn with_transport(self, transport: impl HttpTransport) -> Self {
        Self {
            transport: Some(Arc::new(transport)),
            ..self
        }
    }

    /// Checks the settings and makes the client; connects to nothing.
    ///
    /// # Errors
    /// [`Error::Config`] that names the setting at fault.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = base_url(&self.base_url)?;
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, value("user_agent", &self.user_agent)?);
        if !self.api_key.is_empty() {
            headers.insert(
                AUTHORIZATION,
                secret("api_key", &format!("Bearer {}", self.api_key))?,
            );
        }
        for (name, text) in &self.headers {
            headers.insert(header_name(name)?, secret("header", text)?);
        }
        let zero = |field| Error::Config {
            field,
            reason: "must be longer than nothing".to_owned(),
        };
        for (field, limit) in [
            ("timeout", self.timeout),
            ("idle_timeout", self.idle_timeout),
            ("stream_timeout", self.stream_timeout),
            ("connect_timeout", self.connect_timeout),
        ] {
            if limit.is_zero() {
                return Err(zero(field));
            }
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(
                ReqwestTransport::new(self.connect_timeout).map_err(|error| Error::Config {
                    field: "transport",
                    reason: error.to_string(),
                })?,
            ),
        };
        Ok(Client(Arc::new(Inner {
            base_url,
            headers,
            timeout: self.timeout,
            idle_timeout: self.idle_timeout,
            stream_timeout: self.stream_timeout,
            retry: self.retry,
            transport,
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        out.debug_struct("ClientBuilder")
            .field(
                "api_key",
                &if self.api_key.is_empty() {
                    "none"
                } else {
                    "<redacted>"
                },
            )
            .field("headers", &headers)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

fn base_url(text: &str) -> Result<String, Error> {
    // The text is not repeated: somebody may have put a password into it.
    let wrong = |reason: &str| Error::Config {
        field: "base_url",
        reason: reason.to_owned(),
    };
    let uri: Uri = text
        .trim()
        .parse()
        .map_err(|_| wrong("not a URL; expected http://host[:port][/path]"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("expected a URL that begins with http:// or https://"));
    }
    let authority = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .unwrap_or_default();
    if authority.contains('@') || uri.query().is_some() {
        return Err(wrong("expected neither a user nor a query in the URL"));
    }
    let path = match uri.path().trim_end_matches('/') {
        "" => "/v1",
        path => path,
    };
    Ok(format!(
        "{}://{authority}{path}",
        uri.scheme_str().unwrap_or("http")
    ))
}

pub(crate) fn header_name(name: &str) -> Result<HeaderName, Error> {
    let wrong = |_| Error::Config {
        field: "header",
        reason: format!("{name:?} is not a header name"),
    };
    name.parse().map_err(wrong)
}

pub(crate) fn value(field: &'static str, text: &str) -> Result<HeaderValue, Error> {
    let wrong = |_| Error::Config {
        field,
        reason: "has characters that a header cannot carry".to_owned(),
    };
    HeaderValue::from_str(text).map_err(wrong)
}

pub(crate) fn secret(field: &'static str, text: &str) -> Result<HeaderValue, Error> {
    let mut value = value(field, text)?;
    value.set_sensitive(true);
    Ok(value)
}
