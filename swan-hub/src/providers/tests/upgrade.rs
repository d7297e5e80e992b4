//! What is decided before there is a WebSocket, and the status route.

use axum::Router;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::agent::{Agent, dial_with, registration};
use super::rig::{MODEL, Rig, quick};

/// One request over a bare socket: status line and headers in lower case, then the body.
async fn get(rig: &Rig, path: &str, headers: &str) -> (u16, String, String) {
    let mut socket = TcpStream::connect(rig.address).await.expect("listening");
    let request = format!("GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .expect("a status")
        .parse()
        .expect("a number");
    (status, head.to_lowercase(), body.to_owned())
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";

#[tokio::test]
async fn whatever_is_no_upgrade_is_refused_in_words() {
    let rig = Rig::start().await;
    let old = UPGRADE.replace("13", "8");
    for (headers, status) in [
        (String::new(), 426),
        (
            format!("{old}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
            426,
        ),
        (UPGRADE.to_owned(), 400),
        (format!("{UPGRADE}Sec-WebSocket-Key: short\r\n"), 400),
    ] {
        let (got, head, body) = get(&rig, "/ws", &headers).await;
        assert_eq!(got, status, "{body}");
        let error: Value = serde_json::from_str(&body).expect("JSON");
        assert!(error["error"]["message"].is_string());
        assert_eq!(head.contains("sec-websocket-version: 13"), status == 426);
    }
}

#[tokio::test]
async fn the_dialect_is_what_the_agent_asked_for() {
    let rig = Rig::start().await;
    for (asked, chosen) in [
        ("swan.v2", Some("swan.v2")),
        ("other, swan.v2", Some("swan.v2")),
    ] {
        let (_socket, got) = dial_with(&rig, asked).await;
        assert_eq!(got.as_deref(), chosen);
    }
}

#[tokio::test]
async fn it_works_below_any_path() {
    let rig = Rig::with(quick(), |router| Router::new().nest("/market/hub", router)).await;
    let url = format!("ws://{}/market/hub/ws", rig.address);
    let (socket, _) = tokio_tungstenite::connect_async(url)
        .await
        .expect("upgrade");
    let mut agent = Agent { socket };
    let token = rig.provider_key(1).await;
    assert_eq!(
        agent.register(registration(&token, &[MODEL])).await["payload"]["success"],
        true
    );
    let path = "/market/hub/api/v1/provider/status";
    assert_eq!(
        get(&rig, path, &format!("Authorization: Bearer {token}\r\n"))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn too_many_strangers_are_sent_away_until_there_is_room() {
    let mut config = quick();
    config.max_unregistered = 2;
    let rig = Rig::with(config, |router| router).await;
    let _stranger = Agent::dial(&rig).await;
    let mut friend = Agent::dial(&rig).await;
    let url = format!("ws://{}/ws", rig.address);
    let third = tokio_tungstenite::connect_async(&url).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(refusal)) = third else {
        panic!("no room for a third");
    };
    assert_eq!(refusal.status(), 503);
    friend
        .register(registration(&rig.provider_key(1).await, &[MODEL]))
        .await;
    tokio_tungstenite::connect_async(&url)
        .await
        .expect("a registered provider makes room");
}

#[tokio::test]
async fn who_shows_a_key_that_is_fought_over_is_sent_away_at_the_door() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut agents = Vec::new();
    for _ in 0..4 {
        agents.push(Agent::serving(&rig, &token).await);
    }
    let headers = format!(
        "{UPGRADE}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n"
    );
    let (status, head, _) = get(&rig, "/ws", &headers).await;
    assert_eq!(status, 429);
    assert!(head.contains("retry-after: "));
}

#[tokio::test]
async fn the_status_is_flat_and_complete_for_every_key() {
    let rig = Rig::start().await;
    let valid = rig.provider_key(1).await;
    let consumer = rig.consumer_key().await;
    let unknown = format!("sk-prov-{}", "0".repeat(64));
    for (header, code, good) in [
        (format!("Authorization: Bearer {valid}\r\n"), 200, true),
        (format!("Authorization: Bearer {consumer}\r\n"), 401, false),
        (format!("Authorization: Bearer {unknown}\r\n"), 401, false),
        ("Authorization: Basic x\r\n".to_owned(), 401, false),
        (String::new(), 401, false),
    ] {
        let (status, _, body) = get(&rig, "/api/v1/provider/status", &header).await;
        assert_eq!(status, code);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["api_key_valid"], good, "{body}");
        assert_eq!(body["can_connect"], good);
        for text in ["provider_id", "name", "status", "message", "warning"] {
            assert!(body[text].is_string(), "{text} in {body}");
        }
        assert!(body["next_steps"].is_array());
        assert!(body.get("error").is_none() && body.get("data").is_none());
    }
}

#[tokio::test]
async fn a_hub_that_cannot_decide_says_nothing_that_an_agent_could_misread() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    rig.registry.drain();
    let header = format!("Authorization: Bearer {token}\r\n");
    let (status, _, body) = get(&rig, "/api/v1/provider/status", &header).await;
    assert_eq!(status, 503);
    assert!(serde_json::from_str::<Value>(&body).is_err());
}
