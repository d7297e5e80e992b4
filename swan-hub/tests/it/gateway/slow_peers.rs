//! Consumers who send or read a byte now and then, over real sockets: each costs the hub a connection for a bounded time.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::IntoResponse as _;
use axum::routing::post;
use serde_json::Value;
use swan_hub::ExternalConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;

use super::http::Call;
use super::{MODEL, Market, ask, delta, until, within};

const SECOND: Duration = Duration::from_secs(1);
/// More than the sockets of any system take.
const ANSWER_BYTES: usize = 24 << 20;

/// A model server whose whole answers are huge and whose streams have no end.
async fn model_server() -> SocketAddr {
    let answer = |body: Bytes| async move {
        let asked: Value = serde_json::from_slice(&body).unwrap();
        if asked["stream"] == true {
            let event = delta(&"word ".repeat(2_000));
            let events =
                futures::stream::repeat_with(move || Ok::<_, std::io::Error>(event.clone()));
            let kind = [("content-type", "text/event-stream")];
            return (kind, Body::from_stream(events)).into_response();
        }
        let text = super::completion(&"x".repeat(ANSWER_BYTES), 7, 2);
        ([("content-type", "application/json")], text).into_response()
    };
    let app = Router::new().route("/v1/chat/completions", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A hub before that model server with these bounds.
async fn market(change: impl FnOnce(&mut swan_hub::Limits)) -> Market {
    let server = model_server().await;
    let endpoint = ExternalConfig::new("own", format!("http://{server}")).with_model(MODEL, "m");
    let mut limits = swan_hub::Limits::default();
    change(&mut limits);
    Market::with(|builder| builder.with_limits(limits).with_external(endpoint)).await
}

fn head(market: &Market, length: usize) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        market.key
    )
}

/// Asks on a socket that takes in little by itself.
async fn asked(market: &Market, body: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    let mut socket = socket.connect(market.address).await.unwrap();
    let request = head(market, body.len()) + body;
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

/// Sends `text` a byte at a time and answers what came back until the hub was done with it.
async fn trickled(market: &Market, text: &str) -> String {
    let socket = TcpStream::connect(market.address).await.unwrap();
    let (mut from, mut to) = socket.into_split();
    let bytes = text.as_bytes().to_vec();
    let sending = tokio::spawn(async move {
        for byte in bytes {
            if to.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(SECOND / 20).await;
        }
        panic!("somebody who sends a byte now and then was let finish");
    });
    let mut answer = Vec::new();
    // It may be reset, which is an end, too.
    let _ = within(from.read_to_end(&mut answer)).await;
    drop(from);
    within(sending).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn others_are_served(market: &Market) {
    let live = Call::get(market.address, "/v1/models").send().await;
    assert_eq!(live.status, 200);
}

#[tokio::test]
async fn a_head_that_comes_by_bytes_ends_with_its_connection() {
    let market = market(|limits| limits.head_deadline = SECOND).await;
    let answer = trickled(&market, &head(&market, 2).repeat(2)).await;
    assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
    others_are_served(&market).await;
    assert_eq!((market.hub.in_flight(), market.records.count()), (0, 0));
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_ends() {
    let market = market(|limits| limits.head_deadline = SECOND).await;
    let mut silent = TcpStream::connect(market.address).await.unwrap();
    let mut answer = Vec::new();
    let _ = within(silent.read_to_end(&mut answer)).await;
    assert!(answer.is_empty(), "{answer:?}");
    others_are_served(&market).await;
}

#[tokio::test]
async fn a_body_that_comes_by_bytes_is_refused_and_gives_its_place_back() {
    let market = market(|limits| limits.body_deadline = SECOND).await;
    let body = ask("").repeat(20);
    let mut socket = TcpStream::connect(market.address).await.unwrap();
    let head = head(&market, body.len());
    socket.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = socket.into_split();
    let sending = tokio::spawn(async move {
        for byte in body.into_bytes() {
            if to.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(SECOND / 20).await;
        }
    });
    let mut answer = vec![0; 4_096];
    let count = within(from.read(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    until(|| market.hub.in_flight() == 0).await;
    others_are_served(&market).await;
    sending.abort();
}

#[tokio::test]
async fn a_whole_answer_that_is_read_by_bytes_is_cut_off() {
    let market = market(|limits| limits.stall = SECOND).await;
    let mut socket = asked(&market, &ask("")).await;
    let mut read = Vec::new();
    let mut byte = [0];
    // Sixty bytes in three seconds, of each of which the hub waits for a thousand.
    for _ in 0..60 {
        within(socket.read_exact(&mut byte)).await.unwrap();
        read.push(byte[0]);
        sleep(SECOND / 20).await;
    }
    let _ = within(socket.read_to_end(&mut read)).await;
    assert!(read.starts_with(b"HTTP/1.1 200"));
    assert!(read.len() < ANSWER_BYTES, "{} bytes came", read.len());
    until(|| market.hub.in_flight() == 0).await;
    others_are_served(&market).await;
    market.settled().await;
}

#[tokio::test]
async fn a_stream_that_is_read_by_bytes_is_ended_and_paid_as_far_as_it_came() {
    let market = market(|limits| limits.stall = SECOND).await;
    let mut socket = asked(&market, &ask("\"stream\":true,\"max_tokens\":10000000")).await;
    let mut byte = [0];
    within(socket.read_exact(&mut byte)).await.unwrap();
    assert_eq!(market.hub.in_flight(), 1);
    let reading = tokio::spawn(async move {
        while socket.read(&mut byte).await.is_ok_and(|count| count > 0) {
            sleep(SECOND / 20).await;
        }
    });
    until(|| market.hub.in_flight() == 0).await;
    reading.abort();
    market.settled().await;
    assert!(market.spent("5") > swan_core::Amount::ZERO);
    others_are_served(&market).await;
}
