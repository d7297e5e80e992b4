//! Endpoints behind TLS: a certificate is trusted because the system says so, and for no other reason.

use std::path::Path;

use axum::Router;
use axum::routing::post;
use swan_hub::ExternalConfig;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::tls_front::TlsFront;
use super::{MODEL, Market, ask, completion};

/// The endpoint that the process is to use, which is this same test run by itself with other certificates.
const ENDPOINT: &str = "SWAN_HUB_TLS_ENDPOINT";

/// What the consumer of a hub hears that trusts `certificate`.
async fn heard(address: &str, certificate: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "gateway::external_tls::an_endpoint_is_trusted_by_the_systems_certificates_only",
            "--exact",
            "--nocapture",
        ])
        .env(ENDPOINT, format!("https://{address}"))
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

#[tokio::test]
async fn an_endpoint_is_trusted_by_the_systems_certificates_only() {
    if let Ok(url) = std::env::var(ENDPOINT) {
        let endpoint = ExternalConfig::new("backup", url).with_model(MODEL, "qwen-upstream");
        let market = Market::with(|builder| builder.with_external(endpoint)).await;
        let answer = market.chat(ask("")).send().await;
        println!("heard: {} {}", answer.status, answer.text());
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = listener.local_addr().unwrap().to_string();
    let answer = || async { completion("hello", 7, 2) };
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let front = TlsFront::before(&plain).await;
    let other = TlsFront::before(&plain).await;
    let served = heard(&front.address, front.certificate()).await;
    assert!(
        served.starts_with("200 ") && served.contains("hello"),
        "{served}"
    );
    let refused = heard(&front.address, other.certificate()).await;
    assert!(
        refused.starts_with("502 ") && refused.contains("certificate"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_trusted_where_it_is_configured() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = listener.local_addr().unwrap().to_string();
    let answer = || async { completion("hello", 7, 2) };
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let front = TlsFront::before(&plain).await;
    let other = TlsFront::before(&plain).await;
    for (certificate, status) in [(front.certificate(), 200), (other.certificate(), 502)] {
        let url = format!("https://{}", front.address);
        let mut endpoint = ExternalConfig::new("own", url).with_model(MODEL, "qwen");
        endpoint.trust.ca_file = Some(certificate.to_owned());
        let market = Market::with(|builder| builder.with_external(endpoint)).await;
        assert_eq!(market.chat(ask("")).send().await.status, status);
    }
}
