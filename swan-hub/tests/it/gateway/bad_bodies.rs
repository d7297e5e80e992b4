//! Bodies that are too large, never end, or come although nobody wants them.

use std::time::Duration;

use swan_core::Amount;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Market, ask, within};

#[tokio::test]
async fn a_body_that_is_too_large_is_413_announced_or_not() {
    let market = Market::with_limits(|limits| limits.body_bytes = 10_000).await;
    let answer = market
        .chat(ask(&format!("\"x\":\"{}\"", "y".repeat(20_000))))
        .send()
        .await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (413, "request_too_large")
    );

    let mut socket = TcpStream::connect(market.address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n",
        market.key
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "z".repeat(0x1000));
    for _ in 0..4 {
        // The hub may have answered and closed already.
        let _ = socket.write_all(chunk.as_bytes()).await;
    }
    let mut answer = vec![0; 4_096];
    let read = within(socket.read(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("request_too_large"), "{answer}");
    market.settled().await;
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let market =
        Market::with_limits(|limits| limits.body_deadline = Duration::from_millis(200)).await;
    let mut socket = TcpStream::connect(market.address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{{",
        market.key
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = within(socket.read(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    market.settled().await;
}

#[tokio::test]
async fn who_is_refused_early_can_send_to_the_end_and_read_why() {
    let market = Market::with_limits(|limits| limits.body_bytes = 10_000).await;
    let chat = "/v1/chat/completions";
    for (path, key, status) in [
        (chat, &*market.key, 413),
        (chat, "sk-swan-nobody", 401),
        ("/v1/nothing", &*market.key, 404),
    ] {
        let mut socket = TcpStream::connect(market.address).await.unwrap();
        let body = vec![b'y'; 24 << 20];
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        within(socket.write_all(&body)).await.unwrap();
        let mut answer = [0; 12];
        within(socket.read_exact(&mut answer)).await.unwrap();
        assert_eq!(answer, *format!("HTTP/1.1 {status}").as_bytes());
    }
}
