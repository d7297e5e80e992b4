//! A TLS end in front of a plain server, with a certificate that nobody knows.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Listens as long as its runtime lives.
pub(crate) struct TlsFront {
    /// Host and port.
    pub(crate) address: String,
    certificate: NamedTempFile,
}

impl TlsFront {
    /// Passes what it decrypts on to `plain`, a host and port.
    pub(crate) async fn before(plain: &str) -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let mut certificate = NamedTempFile::new().unwrap();
        certificate.write_all(made.cert.pem().as_bytes()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(accept(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            plain.to_owned(),
        ));
        Self {
            address,
            certificate,
        }
    }

    /// The certificate as `SSL_CERT_FILE` wants it.
    pub(crate) fn certificate(&self) -> &Path {
        self.certificate.path()
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, plain: String) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let (acceptor, plain) = (acceptor.clone(), plain.clone());
        tokio::spawn(async move {
            // Who does not trust the certificate hangs up here.
            let Ok(mut outer) = acceptor.accept(socket).await else {
                return;
            };
            let mut inner = TcpStream::connect(plain).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
        });
    }
}
