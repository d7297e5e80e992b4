//! How connections to servers are made: one deadline over TCP and TLS, `TCP_NODELAY`, keep-alive.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tower::Service;

use super::resolve::Resolver;

/// What makes connections to one server. It follows no redirects and speaks to no proxy.
pub(crate) type Connector = Hurried<HttpsConnector<HttpConnector<Resolver>>>;

/// How connections to one endpoint are made.
#[derive(Debug, Clone)]
pub(crate) struct Dial<'a> {
    pub(crate) https: bool,
    /// The deadline of each attempt, handshakes included.
    pub(crate) within: Duration,
    /// Idle connections that are kept at most.
    pub(crate) idle: usize,
    /// Certificates that are trusted in the place of the system's.
    pub(crate) ca_file: Option<&'a Path>,
    /// Whether its name may lead to a private address.
    pub(crate) allow_private: bool,
}

/// What makes connections to one server.
///
/// # Errors
/// When the scheme is https and there are no certificates to trust, or the file of them cannot be read.
pub(crate) fn connector(dial: &Dial<'_>) -> io::Result<Connector> {
    let mut http = HttpConnector::new_with_resolver(Resolver::new(dial.allow_private));
    http.set_nodelay(true);
    http.enforce_http(false);
    let provider = rustls::crypto::ring::default_provider();
    let builder = match dial.ca_file {
        None if dial.https => {
            HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?
        }
        // An endpoint without TLS must work on a machine without root certificates.
        file => {
            let roots = file.map_or_else(|| Ok(RootCertStore::empty()), roots)?;
            let tls = ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)?
                .with_root_certificates(roots)
                .with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(tls)
        }
    };
    let builder = if dial.https {
        builder.https_only()
    } else {
        builder.https_or_http()
    };
    Ok(Hurried {
        inner: builder.enable_http1().wrap_connector(http),
        within: dial.within,
    })
}

/// The certificates in a PEM file, of which there must be one at least.
pub(crate) fn roots(file: &Path) -> io::Result<RootCertStore> {
    let text = std::fs::read(file)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(io::Error::other)?;
        roots.add(certificate).map_err(io::Error::other)?;
    }
    if roots.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "expected certificates in PEM, found none",
        ));
    }
    Ok(roots)
}

/// A connector whose attempts, handshakes included, have a deadline.
#[derive(Debug, Clone)]
pub(crate) struct Hurried<C> {
    inner: C,
    within: Duration,
}

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

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
