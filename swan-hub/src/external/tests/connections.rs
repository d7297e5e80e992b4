//! When a connection is used again, when a request goes twice, and how the end of an answer is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use swan_core::protocol::Piece;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Spare, ask, endpoint, job};
use crate::providers::AttemptError;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
/// Reads the request, and closes.
const CLOSE: &[u8] = b"";

/// A server whose connections give one answer after the other, each to a whole request, and close after the last.
struct Server {
    base: String,
    opened: Arc<AtomicUsize>,
    heard: Arc<AtomicUsize>,
}

impl Server {
    async fn of(script: &[&[&'static [u8]]], pace: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Self {
            base: format!("http://{}", listener.local_addr().expect("an address")),
            opened: Arc::default(),
            heard: Arc::default(),
        };
        let (opened, heard) = (Arc::clone(&server.opened), Arc::clone(&server.heard));
        let script: Vec<Vec<&[u8]>> = script.iter().map(|answers| answers.to_vec()).collect();
        tokio::spawn(async move {
            for answers in script {
                let (mut socket, _) = listener.accept().await.expect("a connection");
                socket.set_nodelay(true).expect("a socket");
                opened.fetch_add(1, Ordering::Relaxed);
                let heard = Arc::clone(&heard);
                tokio::spawn(async move {
                    for answer in answers {
                        if read_request(&mut socket).await.is_none() {
                            return;
                        }
                        heard.fetch_add(1, Ordering::Relaxed);
                        for part in answer.chunks(pace) {
                            let _ = socket.write_all(part).await;
                            tokio::task::yield_now().await;
                        }
                    }
                });
            }
        });
        server
    }

    fn counts(&self) -> (usize, usize) {
        let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
        (count(&self.opened), count(&self.heard))
    }
}

/// Reads a request, head and body, which must be the one that is asked here.
async fn read_request(socket: &mut TcpStream) -> Option<()> {
    let mut got = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&got).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:"));
            assert!(head.contains("\r\ncontent-length: 25"), "{head}");
            if body.len() == 25 {
                assert_eq!(body, "{\"model\":\"qwen-upstream\"}");
                return Some(());
            }
        }
        if socket.read_buf(&mut got).await.ok()? == 0 {
            return None;
        }
    }
}

/// What one request comes to: the body of its answer.
async fn heard(endpoint: &Spare) -> Result<String, AttemptError> {
    let (_slot, mut reply) = ask(endpoint, job(false));
    reply.head().await?;
    let mut body = Vec::new();
    while let Some(piece) = reply.next().await {
        let (Piece::Raw(bytes) | Piece::Event(bytes)) = piece?;
        body.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8(body).expect("text"))
}

#[tokio::test]
async fn a_request_that_meets_a_closed_connection_goes_again_over_a_new_one() {
    let server = Server::of(&[&[OK, CLOSE], &[OK, OK]], 100).await;
    let endpoint = endpoint(&server.base);
    for _ in 0..3 {
        assert_eq!(heard(&endpoint).await.as_deref(), Ok("ok"));
    }
    assert_eq!(server.counts(), (2, 4));
}

#[tokio::test]
async fn a_request_goes_again_only_while_no_byte_of_an_answer_has_come_and_only_once() {
    for (script, counts) in [
        // Over a new connection it was not the connection's age.
        (&[&[CLOSE][..], &[OK]][..], (1, 1)),
        (&[&[OK, b"H"], &[OK]], (1, 2)),
        (&[&[OK, b"HTTP/1.1 100 Continue\r\n\r\n"], &[OK]], (1, 2)),
        (&[&[OK, CLOSE], &[CLOSE], &[OK]], (2, 3)),
    ] {
        let server = Server::of(script, 100).await;
        let endpoint = endpoint(&server.base);
        if counts.1 > 1 {
            heard(&endpoint).await.expect("the first is served");
        }
        let error = heard(&endpoint).await.expect_err("lost");
        assert!(matches!(error, AttemptError::Lost(_)), "{error}");
        assert_eq!(server.counts(), counts);
    }
}

#[tokio::test]
async fn answers_have_their_bodies_and_tell_whether_another_may_follow() {
    for (answer, body, is_reused) in [
        (OK, "ok", true),
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\ncontent-length: 2\r\n\r\nok"[..], "ok", true),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\no\r\n1;x\r\nk\r\n0\r\n\r\n", "ok", true),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "ok", true),
        (b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n", "", true),
        (b"HTTP/1.0 200 OK\r\nconnection: x, Keep-Alive\r\ncontent-length: 2\r\n\r\nok", "ok", true),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", "ok", false),
        (b"HTTP/1.1 200 OK\r\nconnection: keep-alive, Close\r\ncontent-length: 2\r\n\r\nok", "ok", false),
        (b"HTTP/1.1 200 OK\r\n\r\nok", "ok", false),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong", "ok", false),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "ok",
            false,
        ),
    ] {
        let shown = String::from_utf8_lossy(answer);
        // What comes too late to be seen would be taken for the next answer by anybody.
        let slowest = if shown.contains("wrong") { 1_000 } else { 1 };
        for pace in [slowest, 1_000] {
            let ends = body.is_empty() || !shown.contains("\r\n\r\nok") || shown.contains("length");
            let first: &[&[u8]] = if ends { &[answer, OK] } else { &[answer] };
            let server = Server::of(&[first, &[OK]], pace).await;
            let endpoint = endpoint(&server.base);
            assert_eq!(heard(&endpoint).await.as_deref(), Ok(body), "{shown}");
            assert_eq!(heard(&endpoint).await.as_deref(), Ok("ok"), "{shown}");
            assert_eq!(server.counts().0, 2 - usize::from(is_reused), "{shown}");
        }
    }
}

#[tokio::test]
async fn what_is_no_clear_answer_is_lost() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\nok!",
        b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"{\"choices\":[]}",
    ] {
        for pace in [1, 1_000] {
            let server = Server::of(&[&[answer], &[OK]], pace).await;
            let error = heard(&endpoint(&server.base)).await;
            let shown = String::from_utf8_lossy(answer);
            assert!(matches!(error, Err(AttemptError::Lost(_))), "{shown}: {error:?}");
            assert_eq!(server.counts(), (1, 1), "{shown}");
        }
    }
    let server = Server::of(
        &[&[b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100).leak()]],
        100,
    )
    .await;
    let error = heard(&endpoint(&server.base)).await;
    assert!(matches!(error, Err(AttemptError::Lost(_))), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_has_gone_out_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut some = [0; 1_000];
        socket.read_exact(&mut some).await.expect("a request");
        socket
            .write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!")
            .await
            .expect("written");
        // More than sockets hold is not read before the answer was heard.
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
    });
    let mut large = job(false);
    large.body = vec![Bytes::from(vec![b' '; 16 << 20]); 20];
    let (slot, mut reply) = ask(&endpoint(&base), large);
    let error = reply.head().await.expect_err("refused");
    assert_eq!(error.status(), Some(413));
    drop((slot, reply));
    server.await.expect("the connection was closed");
}

#[tokio::test]
async fn large_requests_go_out_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let segments: Vec<Bytes> = (0..50_u8)
        .map(|at| Bytes::from(vec![at; 100_003]))
        .collect();
    let sent = segments.concat();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut got = Vec::new();
        while !got.ends_with(&[49; 100_003]) {
            assert_ne!(socket.read_buf(&mut got).await.expect("read"), 0);
        }
        let is_same = got.ends_with(&sent);
        let word = if is_same { "same" } else { "else" };
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{word}");
        socket.write_all(answer.as_bytes()).await.expect("written");
    });
    let mut large = job(false);
    large.body = segments;
    let (_slot, mut reply) = ask(&endpoint(&base), large);
    reply.head().await.expect("a head");
    let piece = reply.next().await.expect("a body").expect("no failure");
    assert_eq!(piece.bytes().as_ref(), b"same");
}
