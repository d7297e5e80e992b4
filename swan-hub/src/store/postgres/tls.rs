//! Whether connections to the server are encrypted, and whose certificate counts: in the words of libpq, with a default of our own.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failures::BoxError;
use crate::external::connect::roots;

/// What `sslmode` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// What a URL says about TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    mode: Option<Mode>,
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// What stands in the way, and its cause.
pub(super) type Obstacle = (String, BoxError);

impl Terms {
    /// Takes a pair of the URL's query; answers whether it is about TLS.
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<bool, &'static str> {
        match name {
            "sslmode" => {
                self.mode = Some(match value {
                    "disable" => Mode::Disable,
                    "prefer" => Mode::Prefer,
                    "require" => Mode::Require,
                    "verify-ca" => Mode::VerifyCa,
                    "verify-full" => Mode::VerifyFull,
                    _ => {
                        return Err(
                            "sslmode must be disable, prefer, require, verify-ca or verify-full",
                        );
                    }
                });
            }
            "sslrootcert" => self.root = Some(value.into()),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Refuses what contradicts itself.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.certificate.is_some() != self.key.is_some() {
            return Err("sslcert and sslkey go together");
        }
        let says_nothing = self.root.is_none() && self.certificate.is_none();
        match self.mode {
            Some(Mode::Disable | Mode::Prefer) if !says_nothing => Err(
                "sslrootcert, sslcert and sslkey need sslmode=require, verify-ca or verify-full",
            ),
            Some(Mode::VerifyCa) if self.root.is_none() => Err(
                "sslmode=verify-ca needs sslrootcert: every name has a certificate of some public authority",
            ),
            _ => Ok(()),
        }
    }

    /// Nobody can listen between two programs of one machine. Everywhere else the server has to prove who it is, unless the
    /// URL says otherwise.
    fn mode(&self, config: &Config) -> Mode {
        let is_socket = |host: &Host| !matches!(host, Host::Tcp(_));
        match self.mode {
            _ if config.get_hosts().iter().all(is_socket) => Mode::Disable,
            Some(mode) => mode,
            None if *self == Self::default() && is_local(config) => Mode::Disable,
            None => Mode::VerifyFull,
        }
    }

    /// What makes connections as this says, and tells `config` whether it must.
    pub(super) fn connector(&self, config: &mut Config) -> Result<MakeRustlsConnect, Obstacle> {
        let mode = self.mode(config);
        config.ssl_mode(match mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            _ => SslMode::Require,
        });
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ("TLS cannot be used".to_owned(), error.into()))?;
        let root = self.root.as_deref().map(read_roots).transpose()?;
        let builder = if mode == Mode::VerifyFull {
            builder.with_root_certificates(root.map_or_else(of_the_system, Ok)?)
        } else {
            let verifier = Nameless { root, algorithms };
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        };
        let client = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let unusable = |error: rustls::Error| {
                    let what = format!("sslkey {} does not fit sslcert", key.display());
                    (what, error.into())
                };
                builder
                    .with_client_auth_cert(read_chain(certificate)?, read_key(key)?)
                    .map_err(unusable)?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(MakeRustlsConnect::new(client))
    }
}

/// Whether all of the URL's hosts are this machine.
fn is_local(config: &Config) -> bool {
    let is_loopback = |name: &str| name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let hosts = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || is_loopback(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    // Where addresses are given, names are only for certificates.
    hosts && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

fn read_roots(path: &Path) -> Result<RootCertStore, Obstacle> {
    roots(path).map_err(|error| unreadable("sslrootcert", path, error))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Obstacle> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    certificates.map_err(|error| unreadable("sslcert", path, error))
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Obstacle> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| unreadable("sslkey", path, error))
}

fn unreadable(key: &str, path: &Path, error: impl Into<BoxError>) -> Obstacle {
    let what = format!("{key} {} cannot be read", path.display());
    (what, error.into())
}

fn of_the_system() -> Result<RootCertStore, Obstacle> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let what = "this system has no certificates to trust; name the server's authority with sslrootcert";
        let cause = found.errors.into_iter().next();
        let cause = cause.map_or_else(|| "none found".into(), BoxError::from);
        return Err((what.to_owned(), cause));
    }
    Ok(roots)
}

/// Takes a certificate whatever name it is for: of the authorities in `root`, or of anybody.
#[derive(Debug)]
struct Nameless {
    root: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Nameless {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(root) = &self.root {
            let certificate = ParsedCertificate::try_from(certificate)?;
            let all = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, root, between, now, all)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_a_server_on_this_machine_is_trusted_unasked() {
        for (host, mode) in [
            ("127.0.0.1", Mode::Disable),
            ("[::1]", Mode::Disable),
            ("localhost", Mode::Disable),
            ("localhost,127.0.0.1", Mode::Disable),
            ("%2Frun%2Fpostgresql", Mode::Disable),
            ("db.example", Mode::VerifyFull),
            ("10.0.0.7", Mode::VerifyFull),
            ("localhost,db.example", Mode::VerifyFull),
        ] {
            let config: Config = format!("postgres://swan@{host}/swan").parse().unwrap();
            assert_eq!(Terms::default().mode(&config), mode, "{host}");
        }
        let elsewhere = "postgres://swan@localhost/swan?hostaddr=10.0.0.7";
        let elsewhere: Config = elsewhere.parse().unwrap();
        assert_eq!(Terms::default().mode(&elsewhere), Mode::VerifyFull);
        let local: Config = "postgres://swan@localhost/swan".parse().unwrap();
        let mut terms = Terms::default();
        assert_eq!(terms.take("sslrootcert", "/ca.pem"), Ok(true));
        assert_eq!(terms.mode(&local), Mode::VerifyFull);
        assert_eq!(terms.take("sslmode", "verify-ca"), Ok(true));
        assert_eq!(terms.mode(&local), Mode::VerifyCa);
    }
}
