//! Connections over TLS: whose certificate counts, and what is said when it does not.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::server::{Server, connect};
use super::{open, record};
use swan_hub::store::{Store, StoreError};

/// An authority of the test's own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key for a host or user, both as PEM.
    fn certify(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// Whether the store's connections are encrypted, as the server sees it.
async fn is_encrypted(server: &Server, database: &str) -> bool {
    let client = server.client("postgres").await;
    let sessions =
        "SELECT bool_and(ssl), bool_or(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'swan-hub' AND datname = $1";
    let row = client.query_one(sessions, &[&database]).await.unwrap();
    let (all, any): (bool, bool) = (row.get(0), row.get(1));
    assert_eq!(all, any, "some connections are, and some are not");
    all
}

/// What a URL comes to: `Ok` with whether it is encrypted, or what is said.
async fn outcome(server: &Server, url: &str) -> Result<bool, StoreError> {
    let store = open(url).await?;
    store.append(&record(1)).await?;
    store.read(1, 1).await?;
    let database = url.split('?').next().unwrap();
    let database = database.rsplit('/').next().unwrap();
    Ok(is_encrypted(server, database).await)
}

struct Files(TempDir);

impl Files {
    fn put(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// What to say for which URL, and whether the connection is then encrypted, or what is refused.
type Case = (&'static str, String, Result<bool, &'static str>);

fn cases(root: &str, wrong: &str, no_certificate: &str) -> Vec<Case> {
    vec![
        (
            "localhost",
            format!("?sslmode=verify-full&sslrootcert={root}"),
            Ok(true),
        ),
        ("localhost", format!("?sslrootcert={root}"), Ok(true)),
        (
            "localhost",
            format!("?sslmode=verify-ca&sslrootcert={root}"),
            Ok(true),
        ),
        ("localhost", "?sslmode=require".into(), Ok(true)),
        ("localhost", "?sslmode=prefer".into(), Ok(true)),
        ("localhost", "?sslmode=disable".into(), Ok(false)),
        ("localhost", String::new(), Ok(false)),
        (
            "127.0.0.1",
            format!("?sslmode=verify-ca&sslrootcert={root}"),
            Ok(true),
        ),
        (
            "127.0.0.1",
            format!("?sslmode=verify-full&sslrootcert={root}"),
            Err("the server's certificate is for another host"),
        ),
        (
            "localhost",
            format!("?sslmode=verify-full&sslrootcert={wrong}"),
            Err("the server's certificate is of nobody who is trusted"),
        ),
        (
            "localhost",
            format!("?sslmode=verify-ca&sslrootcert={wrong}"),
            Err("the server's certificate is of nobody who is trusted"),
        ),
        (
            "localhost",
            format!("?sslmode=require&sslrootcert={wrong}"),
            Err("the server's certificate is of nobody who is trusted"),
        ),
        (
            "localhost",
            format!("?sslmode=verify-full&sslrootcert={no_certificate}"),
            Err("none.pem cannot be read"),
        ),
        (
            "localhost",
            "?sslrootcert=/no/such/file".into(),
            Err("sslrootcert /no/such/file cannot be read"),
        ),
    ]
}

#[tokio::test]
async fn a_server_is_who_its_certificate_says() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let server = Server::own().await;
    let (certificate, key) = ours.certify("localhost");
    let clients = ours.0.pem();
    server.speak_tls(&certificate, &key, &clients).await;
    let files = Files(TempDir::new().unwrap());
    let file = |name: &str, content: &str| files.put(name, content).display().to_string();
    let root = file("ours.pem", &ours.0.pem());
    let wrong = file("other.pem", &other.0.pem());
    let no_certificate = file("none.pem", "nothing");
    for (host, query, expected) in cases(&root, &wrong, &no_certificate) {
        let url = server.database().await.replace("127.0.0.1", host);
        match (outcome(&server, &format!("{url}{query}")).await, expected) {
            (Ok(encrypted), Ok(expected)) => assert_eq!(encrypted, expected, "{host}{query}"),
            (Err(error), Err(expected)) => {
                assert!(
                    error.to_string().contains(expected),
                    "{host}{query}: {error}"
                );
                assert!(!error.is_retryable(), "{host}{query}");
            }
            (found, _) => panic!("{host}{query}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn a_client_may_have_to_show_a_certificate() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let server = Server::own().await;
    let (certificate, key) = ours.certify("localhost");
    server.speak_tls(&certificate, &key, &ours.0.pem()).await;
    let admin = server.client("postgres").await;
    admin
        .batch_execute("CREATE ROLE certified LOGIN SUPERUSER")
        .await
        .unwrap();
    let files = Files(TempDir::new().unwrap());
    let root = files.put("root.pem", &ours.0.pem());
    let tls = format!("?sslrootcert={}", root.display());
    let shown = |name: &str, (certificate, key): (String, String)| {
        let certificate = files.put(&format!("{name}.pem"), &certificate);
        let key = files.put(&format!("{name}.key"), &key);
        format!(
            "{tls}&sslcert={}&sslkey={}",
            certificate.display(),
            key.display()
        )
    };
    let (_, foreign_key) = ours.certify("certified");
    let mixed = (ours.certify("certified").0, foreign_key);
    for (query, expected) in [
        (shown("right", ours.certify("certified")), Ok(true)),
        (
            shown("somebody", ours.certify("somebody")),
            Err("the server refuses this user"),
        ),
        (tls.clone(), Err("the server refuses this user")),
        (
            shown("foreign", other.certify("certified")),
            Err("the server breaks TLS off"),
        ),
        (shown("mixed", mixed), Err("does not fit sslcert")),
    ] {
        let url = server.database().await;
        let url = url
            .replace("127.0.0.1", "localhost")
            .replace("postgres@", "certified@");
        match (outcome(&server, &format!("{url}{query}")).await, expected) {
            (Ok(encrypted), Ok(expected)) => assert_eq!(encrypted, expected, "{query}"),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{query}: {error}");
            }
            (found, _) => panic!("{query}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_required() {
    let server = Server::shared().await;
    for mode in ["require", "verify-full"] {
        let url = server.database().await;
        let refused = outcome(server, &format!("{url}?sslmode={mode}")).await;
        let error = refused.expect_err(mode).to_string();
        assert!(error.contains("the server does not speak TLS"), "{error}");
    }
    let url = server.database().await;
    let plain = outcome(server, &format!("{url}?sslmode=prefer")).await;
    assert!(!plain.unwrap());
    assert!(connect(&url).await.is_ok());
}
