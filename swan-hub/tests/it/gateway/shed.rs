//! More than the hub takes: who is turned away hears so at once, and costs next to nothing.

use std::time::Duration;

use swan_hub::{Hub, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::provider::reply;
use super::{MODEL, Market, ask, completion, until, within};

/// Sends `head` and reads what comes until the hub closes the connection or is silent.
async fn answer(market: &Market, head: &str) -> String {
    let mut socket = TcpStream::connect(market.address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    // A connection that is kept is read up to the end of the one answer.
    let read = async {
        let mut bytes = [0; 4_096];
        while !String::from_utf8_lossy(&text).contains("}}") {
            match socket.read(&mut bytes).await {
                Ok(0) | Err(_) => break,
                Ok(count) => text.extend_from_slice(&bytes[..count]),
            }
        }
    };
    within(read).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_flood_is_refused_before_its_bodies_are_read() {
    let market = Market::with_limits(|limits| limits.in_flight = 1).await;
    let mut provider = market.provider(1).await;
    let first = market.chat(ask("")).background();
    let held = provider.request().await;
    // Only the head: were the body waited for, nothing would be answered for half a minute.
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 5000000\r\n\r\n",
        market.key
    );
    for _ in 0..20 {
        let (market, head) = (&market, &head);
        let flood = (0..25).map(|_| answer(market, head));
        for text in futures::future::join_all(flood).await {
            assert!(text.starts_with("HTTP/1.1 503"), "{text}");
            assert!(text.contains("\"overloaded\"") && text.contains("retry-after: 1"));
        }
    }
    assert_eq!(market.hub.in_flight(), 1);
    provider
        .act(held.stream, reply(completion("hello", 7, 2)))
        .await;
    assert_eq!(first.await.unwrap().status, 200);
    market.settled().await;
}

#[tokio::test]
async fn connections_beyond_the_bound_are_told_and_closed_and_others_served_again() {
    let market = Market::with_limits(|limits| limits.connections = 8).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(TcpStream::connect(market.address).await.unwrap());
    }
    // Few enough at once for the queue of any system's listening socket.
    for _ in 0..20 {
        let mut flood = JoinSet::new();
        for _ in 0..50 {
            let address = market.address;
            flood.spawn(async move {
                let mut socket = TcpStream::connect(address).await.unwrap();
                let mut text = String::new();
                within(socket.read_to_string(&mut text)).await.unwrap();
                text
            });
        }
        while let Some(text) = flood.join_next().await {
            let text = text.unwrap();
            assert!(text.starts_with("HTTP/1.1 503") && text.contains("\"overloaded\""));
        }
    }
    held.truncate(4);
    // A place is free as soon as the hub has seen that somebody went.
    let ping = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let served = async {
        while !answer(&market, ping).await.starts_with("HTTP/1.1 200") {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    within(Box::pin(served)).await;
    drop(held);
    until(|| market.hub.in_flight() == 0).await;
}

#[tokio::test]
async fn providers_beyond_the_bound_are_refused_before_the_upgrade_and_come_when_others_go() {
    let market = Market::with_limits(|limits| limits.provider_connections = 2).await;
    let (one, _two) = (market.provider(1).await, market.provider(2).await);
    let upgrade = "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let text = answer(&market, upgrade).await;
    assert!(text.starts_with("HTTP/1.1 503"), "{text}");
    assert!(text.contains("as many provider connections as it takes"));
    assert!(text.contains("retry-after: 5"));
    one.die().await;
    until(|| market.hub.providers_online(MODEL) == 1).await;
    let mut third = market.provider(3).await;
    let more = {
        let mut limits = market.hub.settings().limits;
        limits.provider_connections = 3;
        market.hub.settings().with_limits(limits)
    };
    market.hub.reload(more).unwrap();
    let _fourth = market.provider(4).await;
    let call = market.chat(ask("")).header("x-swan-provider", "node-3");
    let served = call.background();
    third.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(served.await.unwrap().status, 200);
}

#[tokio::test]
async fn the_listener_of_providers_takes_no_more_connections_than_it_may() {
    let mut limits = Limits::default();
    limits.provider_connections = 4;
    let hub = Hub::builder().with_limits(limits).build().await.unwrap();
    let listeners = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0"));
    let [consumers, providers] = futures::future::join_all(listeners)
        .await
        .try_into()
        .unwrap();
    let providers = providers.unwrap();
    let address = providers.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stop = async {
            let _ = stopped.await;
        };
        let drain = Duration::from_secs(1);
        hub.serve(consumers.unwrap(), Some(providers), stop, drain)
            .await
    });
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut text = String::new();
    within(socket.read_to_string(&mut text)).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 503") && text.contains("\"overloaded\""));
    drop(held);
    stop.send(()).unwrap();
    within(serving).await.unwrap().unwrap();
}
