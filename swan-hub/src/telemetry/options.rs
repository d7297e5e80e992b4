//! Where traces go, and how many of them.

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::external::Address;

/// Millionths in a whole.
const WHOLE: u32 = 1_000_000;

/// Where traces go, and how many of them.
///
/// ```
/// use swan_hub::TelemetryOptions;
///
/// let options = TelemetryOptions::new("https://otel.example.com")?
///     .with_header("x-api-key", "secret")?
///     .with_sample_millionths(50_000); // one in twenty
/// assert!(!format!("{options:?}").contains("secret"));
/// # Ok::<(), swan_hub::TelemetryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryOptions {
    pub(super) address: Address,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    sampled: u32,
    pub(super) service: String,
}

/// Why traces cannot be sent like that.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The receiver's address is none.
    #[error(
        "otel.endpoint = {endpoint:?}: expected an http:// or https:// URL without a user or password"
    )]
    Endpoint {
        /// What was said.
        endpoint: String,
    },
    /// A header cannot be sent, or not like that.
    #[error("otel.headers, {header:?}: {why}")]
    Header {
        /// Its name.
        header: String,
        /// Why not.
        why: &'static str,
    },
    /// There are no certificates to trust.
    #[error("otel.endpoint: no TLS: {0}")]
    Tls(#[source] std::io::Error),
}

impl TelemetryOptions {
    /// Traces of all requests, as OTLP over HTTP in JSON, to `endpoint`; `/v1/traces` is added where its path does not end so.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Endpoint`] when that is no URL.
    pub fn new(endpoint: &str) -> Result<Self, TelemetryError> {
        let wrong = || TelemetryError::Endpoint {
            // A password in it must not get into logs.
            endpoint: endpoint.rsplit('@').next().unwrap_or_default().to_owned(),
        };
        let base = endpoint.trim_end_matches('/');
        let base = base.strip_suffix("/traces").unwrap_or(base);
        let address = Address::parse(base, None).ok_or_else(wrong)?;
        Ok(Self {
            uri: address.of("traces").parse().map_err(|_| wrong())?,
            address,
            headers: HeaderMap::new(),
            sampled: WHOLE,
            service: "swan-hub".to_owned(),
        })
    }

    /// The same with this header, whose value is a secret: it is in no log, and goes to a public host with TLS only.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Header`] when it is none that can be sent.
    pub fn with_header(mut self, header: &str, value: &str) -> Result<Self, TelemetryError> {
        let wrong = |why| TelemetryError::Header {
            header: header.chars().take(64).collect(),
            why,
        };
        if !self.address.https && !self.address.is_private {
            return Err(wrong("to a public host headers go with https:// only"));
        }
        let name = HeaderName::from_bytes(header.as_bytes())
            .map_err(|_| wrong("that is no header name"))?;
        if [
            "host",
            "content-type",
            "content-length",
            "transfer-encoding",
            "connection",
        ]
        .contains(&name.as_str())
        {
            return Err(wrong("the hub sets it itself"));
        }
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| wrong("its value holds what a header cannot carry"))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// The same, recording so many of a million requests whose callers do not decide it themselves.
    #[must_use]
    pub fn with_sample_millionths(self, millionths: u32) -> Self {
        Self {
            sampled: millionths.min(WHOLE),
            ..self
        }
    }

    /// The same under another name than `swan-hub`.
    #[must_use]
    pub fn with_service_name(self, service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            ..self
        }
    }

    /// Whether a trace of this id is recorded: by its 56 lowest bits, so that all who go by it agree.
    pub(super) fn samples(&self, trace: u128) -> bool {
        const RANGE: u128 = 1 << 56;
        (trace % RANGE) * u128::from(WHOLE) < RANGE * u128::from(self.sampled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_where_receivers_listen() {
        for (endpoint, uri) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://tempo:4318/", "http://tempo:4318/v1/traces"),
            (
                "https://o.example.com/otlp",
                "https://o.example.com/otlp/v1/traces",
            ),
            (
                "https://o.example.com/otlp/v1/traces",
                "https://o.example.com/otlp/v1/traces",
            ),
        ] {
            assert_eq!(TelemetryOptions::new(endpoint).unwrap().uri, uri);
        }
        for endpoint in ["", "tempo:4318", "grpc://tempo", "http://me:hidden@tempo"] {
            let error = TelemetryOptions::new(endpoint).unwrap_err();
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
        let public = TelemetryOptions::new("http://o.example.com").unwrap();
        assert!(public.with_header("x-key", "secret").is_err());
    }

    #[test]
    fn the_share_that_is_recorded_is_the_one_that_was_asked_for() {
        let options = TelemetryOptions::new("http://tempo").unwrap();
        // Evenly spread over the 56 bits that decide.
        let ids = || (0..10_000_u128).map(|n| (n << 56) | (n * ((1 << 56) / 10_000 + 1)));
        for (millionths, expected) in [
            (0, 0),
            (100_000, 1_000),
            (1_000_000, 10_000),
            (9_000_000, 10_000),
        ] {
            let options = options.clone().with_sample_millionths(millionths);
            let taken = ids().filter(|id| options.samples(*id)).count();
            assert_eq!(taken, expected, "{millionths}");
        }
    }
}
