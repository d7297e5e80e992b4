//! Settings of one HTTP backend.

use super::{HttpBackend, QUESTION_TIMEOUT, plain::Plain};
use crate::{ProviderError, http_client};
use std::{fmt, time::Duration};

/// Shorter than the keep-alive of the common servers, so that none closes a connection just being used.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Settings of an [`HttpBackend`].
#[derive(Clone)]
pub struct HttpBackendBuilder {
    url: String,
    api_key: Option<String>,
    connect_timeout: Duration,
    question_timeout: Duration,
}

impl HttpBackendBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            api_key: None,
            connect_timeout: Duration::from_secs(5),
            question_timeout: QUESTION_TIMEOUT,
        }
    }

    /// Sent as `Authorization: Bearer …` with each request.
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// How long making a connection may take; 5 s unless said otherwise.
    #[must_use]
    pub const fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a question such as the list of models may take; 5 s unless said otherwise.
    #[must_use]
    pub const fn with_question_timeout(mut self, timeout: Duration) -> Self {
        self.question_timeout = timeout;
        self
    }

    /// The backend; nothing is sent yet.
    ///
    /// # Errors
    /// [`ProviderError::Setting`] when the URL is no http or https URL.
    pub fn build(self) -> Result<HttpBackend, ProviderError> {
        let base = normalise(&self.url)?;
        let client = http_client::for_url(&base)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .build()
            .map_err(|e| ProviderError::setting("backend", &self.url, &http_client::cause(&e)))?;
        Ok(HttpBackend {
            client,
            plain: Plain::new(&base, self.connect_timeout, POOL_IDLE),
            base,
            api_key: self.api_key,
            question_timeout: self.question_timeout,
        })
    }
}

impl fmt::Debug for HttpBackendBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBackendBuilder")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Accepts an address as people write it: with or without `/v1`, `/chat/completions`, or a slash at the end.
fn normalise(text: &str) -> Result<String, ProviderError> {
    let expected = "an address such as http://127.0.0.1:8080";
    let wrong = || ProviderError::setting("backend", text, expected);
    let url = reqwest::Url::parse(text.trim()).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || url.query().is_some() {
        return Err(wrong());
    }
    let mut base = url.as_str().trim_end_matches('/');
    for end in ["/chat/completions", "/v1"] {
        base = base.strip_suffix(end).unwrap_or(base).trim_end_matches('/');
    }
    Ok(base.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_write_them() {
        for (given, base) in [
            ("http://localhost:8000", "http://localhost:8000"),
            ("http://localhost:8000/", "http://localhost:8000"),
            ("http://localhost:8000/v1", "http://localhost:8000"),
            (" http://localhost:8000/v1/ ", "http://localhost:8000"),
            ("http://h/llm/v1/chat/completions", "http://h/llm"),
            ("https://[::1]:9/", "https://[::1]:9"),
        ] {
            assert_eq!(normalise(given).unwrap(), base);
        }
    }

    #[test]
    fn what_is_no_http_address_is_named_in_the_error() {
        for given in [
            "",
            "localhost:8000",
            "ws://h",
            "ftp://h",
            "http://",
            "http://h?x=1",
            "8000",
        ] {
            let error = normalise(given).unwrap_err().to_string();
            assert!(
                error.contains("backend") && error.contains("http://127"),
                "{error}"
            );
        }
    }
}
