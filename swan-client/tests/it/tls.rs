//! Servers behind TLS: a certificate is trusted because the system says so, and for no other reason.

use std::path::Path;

use axum::Router;
use axum::routing::post;
use swan_client::{Client, RetryPolicy};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::tls_front::TlsFront;
use super::{ANSWER, request};

/// The server that the process is to ask, which is this same test run by itself with other certificates.
const SERVER: &str = "SWAN_CLIENT_TLS_SERVER";

/// What a process that trusts `certificate` hears from the server.
async fn heard(address: &str, certificate: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "tls::a_server_is_trusted_by_the_systems_certificates_only",
            "--exact",
            "--nocapture",
        ])
        .env(SERVER, format!("https://{address}/v1"))
        .env("SSL_CERT_FILE", certificate)
        .env_remove("SSL_CERT_DIR")
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let line = said.lines().find_map(|line| line.split_once("heard: "));
    line.unwrap_or_else(|| panic!("{said}")).1.to_owned()
}

async fn ask(url: String) -> String {
    let client = Client::builder(url, "sk-test")
        .with_retry(RetryPolicy::never())
        .build()
        .unwrap();
    match client.chat().create(&request()).await {
        Ok(reply) => reply.text().unwrap().to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_server_is_trusted_by_the_systems_certificates_only() {
    if let Ok(url) = std::env::var(SERVER) {
        println!("heard: {}", ask(url).await);
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = listener.local_addr().unwrap().to_string();
    let router = Router::new().route("/v1/chat/completions", post(|| async { ANSWER }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let front = TlsFront::before(&plain).await;
    let other = TlsFront::before(&plain).await;
    assert_eq!(heard(&front.address, front.certificate()).await, "hello");
    let refused = heard(&front.address, other.certificate()).await;
    assert!(refused.contains("certificate"), "{refused}");
}
