//! Endpoints that are dead, slow or broken, and configurations that cannot work.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{Spare, ask, config, endpoint, job, model};
use crate::providers::{AttemptError, Outcome};

/// A server that answers each connection with these bytes and then holds it open or not.
pub(super) async fn canned(answer: &'static [u8], hold: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            socket.write_all(answer).await.expect("written");
            if hold {
                held.push(socket);
            }
        }
    });
    base
}

#[tokio::test]
async fn a_dead_endpoint_fails_at_once_and_its_breaker_keeps_requests_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let endpoint = endpoint(&base);
    for _ in 0..5 {
        let (slot, mut reply) = ask(&endpoint, job(true));
        let error = reply.head().await.expect_err("nobody is there");
        assert!(
            matches!(error, AttemptError::Connect(_)) && error.is_retryable(),
            "{error}"
        );
        slot.finish(Outcome::Failed(error.ending()));
    }
    assert!(endpoint.connect(&model()).is_none());
}

#[tokio::test]
async fn a_connection_attempt_has_a_deadline() {
    // TEST-NET-1: nobody answers there, or the network says so at once.
    let mut config = config("http://192.0.2.1:9");
    config.connect_timeout_ms = 50;
    config.trust.insecure = true;
    let endpoint = Spare::of(&[config]).expect("well-formed");
    let begun = Instant::now();
    let (_slot, mut reply) = ask(&endpoint, job(false));
    let error = reply.head().await.expect_err("nobody is there");
    assert!(matches!(error, AttemptError::Connect(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_lost() {
    let base = canned(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: x\n\n\r\n",
        false,
    )
    .await;
    let endpoint = endpoint(&base);
    let (_slot, mut reply) = ask(&endpoint, job(true));
    reply.head().await.expect("a head");
    reply.next().await.expect("a piece").expect("no failure");
    let error = reply.next().await.expect("more").expect_err("broken off");
    assert!(matches!(error, AttemptError::Lost(_)), "{error}");
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let base = canned(b"SSH-2.0-nonsense\r\n\r\n", false).await;
    let endpoint = endpoint(&base);
    let (_slot, mut reply) = ask(&endpoint, job(false));
    assert!(reply.head().await.expect_err("garbage").is_retryable());
}

#[tokio::test]
async fn silence_has_a_bound_before_and_after_the_head() {
    let silent = canned(b"", true).await;
    let mut hurried = job(false);
    hurried.deadline = Instant::now() + Duration::from_millis(50);
    let (_slot, mut reply) = ask(&endpoint(&silent), hurried);
    assert_eq!(reply.head().await, Err(AttemptError::Deadline));

    let stuck = canned(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        true,
    )
    .await;
    let mut impatient = job(true);
    impatient.idle = Duration::from_millis(50);
    let (_slot, mut reply) = ask(&endpoint(&stuck), impatient);
    reply.head().await.expect("a head");
    assert_eq!(reply.next().await, Some(Err(AttemptError::Idle)));
}
