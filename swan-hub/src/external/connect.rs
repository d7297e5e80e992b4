//! How connections to external endpoints are made: one deadline over TCP and TLS, `TCP_NODELAY`, keep-alive.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tower::Service;

use crate::segments::Segments;

/// The pooled client of one endpoint. It follows no redirects.
pub(crate) type HttpClient = Client<Hurried<HttpsConnector<HttpConnector>>, Segments>;

/// How long an idle connection is kept; shorter than what servers usually allow.
const IDLE_FOR: Duration = Duration::from_secs(25);

/// A client for one endpoint, with a deadline for each connection attempt, which keeps up to `idle` connections.
///
/// # Errors
/// When the scheme is https and the system offers no root certificates.
pub(crate) fn client(
    https: bool,
    connect_timeout: Duration,
    idle: usize,
) -> io::Result<HttpClient> {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    let provider = rustls::crypto::ring::default_provider();
    let builder = if https {
        HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?
    } else {
        // An endpoint without TLS must work on a machine without root certificates.
        let tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        HttpsConnectorBuilder::new().with_tls_config(tls)
    };
    let connector = builder.https_or_http().enable_http1().wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_FOR)
        .pool_max_idle_per_host(idle)
        .build(Hurried {
            inner: connector,
            within: connect_timeout,
        }))
}

/// A connector whose attempts, handshakes included, have a deadline.
#[derive(Debug, Clone)]
pub(crate) struct Hurried<C> {
    inner: C,
    within: Duration,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<C> Service<Uri> for Hurried<C>
where
    C: Service<Uri>,
    C::Response: Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.inner.call(uri);
        let within = self.within;
        Box::pin(async move {
            match tokio::time::timeout(within, connecting).await {
                Ok(connected) => connected.map_err(Into::into),
                Err(_) => Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("no connection within {} ms", within.as_millis()),
                )
                .into()),
            }
        })
    }
}
