//! The default transport: reqwest over rustls.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;

use super::{Body, HttpTransport, TransportError, TransportErrorKind};

#[derive(Debug)]
pub(crate) struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    pub(crate) fn new(connect_timeout: Duration) -> Result<Self, TransportError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Losing this race means that another part of the process chose a provider, which then counts.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        reqwest::Client::builder()
            .connect_timeout(connect_timeout)
            .tcp_nodelay(true)
            // A redirected POST would carry the key and the request to a place that the user did not name.
            .redirect(reqwest::redirect::Policy::none())
            // Retries are the client's, which knows about idempotency keys.
            .retry(reqwest::retry::never())
            .build()
            .map(Self)
            .map_err(|error| failure(TransportErrorKind::Invalid, error))
    }
}

#[async_trait]
impl HttpTransport for ReqwestTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| failure(TransportErrorKind::Invalid, error))?;
        let answer = self.0.execute(request).await.map_err(|error| {
            let kind = match () {
                () if error.is_connect() => TransportErrorKind::Connect,
                () if error.is_builder() => TransportErrorKind::Invalid,
                () => TransportErrorKind::Interrupted,
            };
            failure(kind, error)
        })?;
        let mut head = http::Response::new(());
        *head.status_mut() = answer.status();
        *head.headers_mut() = answer.headers().clone();
        let pieces = answer
            .bytes_stream()
            .map_err(|error| failure(TransportErrorKind::Interrupted, error));
        Ok(head.map(|()| Body::new(pieces)))
    }
}

/// The cause's chain in one line; without the URL, which may carry what a log should not.
fn failure(kind: TransportErrorKind, error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    TransportError::new(kind, message).with_source(error)
}
