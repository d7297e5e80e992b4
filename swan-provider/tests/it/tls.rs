//! Hubs and backends behind TLS: a certificate is trusted because the system says so, and for no other reason.

use crate::support::{Hub, HubOptions, KEY, ModelServer, SOON, TlsFront};
use std::{path::Path, process::Stdio};
use swan_core::protocol::Dialect;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    time,
};

fn provider(trusted: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swan-provider"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SWAN_")) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .env("SSL_CERT_FILE", trusted)
        .env_remove("SSL_CERT_DIR")
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn line(from: &mut (impl AsyncRead + Unpin), wanted: &str) -> String {
    let mut lines = BufReader::new(from).lines();
    let mut seen = String::new();
    let look = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(wanted) {
                return Some(line);
            }
            seen.push_str(&line);
            seen.push('\n');
        }
        None
    };
    let found = time::timeout(SOON, look).await.ok().flatten();
    found.unwrap_or_else(|| panic!("no {wanted:?} in {seen}"))
}

#[tokio::test]
async fn a_hub_and_a_backend_behind_tls_are_served_when_their_certificates_are_trusted() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let front = TlsFront::before(&hub.address).await;
    let url = format!("wss://{}", front.address);
    let run = ["run", "--hub", &url, "--key", KEY, "--backend", &server.url];
    let _running = provider(front.certificate(), &run);
    let mut connection = hub.next().await;
    let model = connection.registered().await.models.remove(0);
    let body = r#"{"messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(
        connection.ask(&model, false, body).await.final_status(),
        200
    );

    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let backend = TlsFront::before(server.url.strip_prefix("http://").unwrap()).await;
    let url = format!("https://{}", backend.address);
    let run = ["run", "--hub", &hub.url, "--key", KEY, "--backend", &url];
    let _running = provider(backend.certificate(), &run);
    let mut connection = hub.next().await;
    let model = connection.registered().await.models.remove(0);
    assert_eq!(
        connection.ask(&model, false, body).await.final_status(),
        200
    );
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_and_named() {
    let server = ModelServer::start().await;
    let hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let front = TlsFront::before(&hub.address).await;
    let backend = TlsFront::before(server.url.strip_prefix("http://").unwrap()).await;
    let other = TlsFront::before(&hub.address).await;

    let url = format!("wss://{}", front.address);
    let run = ["run", "--hub", &url, "--key", KEY, "--echo"];
    let mut running = provider(other.certificate(), &run);
    let said = line(running.stderr.as_mut().unwrap(), "certificate").await;
    assert!(said.contains("not connected"), "{said}");

    let url = format!("https://{}", backend.address);
    let run = ["run", "--hub", &hub.url, "--key", KEY, "--backend", &url];
    let mut running = provider(other.certificate(), &run);
    let said = line(running.stderr.as_mut().unwrap(), "certificate").await;
    assert!(said.contains(&backend.address), "{said}");
}
