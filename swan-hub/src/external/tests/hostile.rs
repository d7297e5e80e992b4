//! Answers that are meant to do harm.

use std::time::Duration;

use swan_core::protocol::Piece;

use super::faults::canned;
use super::{ask, endpoint, job};
use crate::providers::AttemptError;

/// What an answer of these bytes comes to: its status, or its failure.
async fn heard(answer: &'static [u8]) -> Result<u16, AttemptError> {
    let base = canned(answer, true).await;
    let endpoint = endpoint(&base);
    let (_slot, mut reply) = ask(&endpoint, job(true));
    reply.head().await.map(|head| head.status)
}

#[tokio::test]
async fn heads_that_are_not_what_was_asked_for_fail() {
    for (answer, words) in [
        (
            &b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b"[..],
            "compressed",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-encoding: br\r\ncontent-length: 0\r\n\r\n",
            "compressed",
        ),
        (
            b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
            "307",
        ),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            "",
        ),
        (b"HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", ""),
    ] {
        let shown = String::from_utf8_lossy(answer);
        let error = heard(answer).await.expect_err(&shown);
        assert!(error.to_string().contains(words), "{shown}: {error}");
        assert!(error.is_retryable(), "{shown}: {error}");
    }
}

#[tokio::test]
async fn what_comes_before_and_after_an_answer_is_passed_over() {
    let base = canned(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-cost\r\n\r\n\
          9\r\ndata: x\n\n\r\n0\r\nx-cost: 0\r\n\r\n",
        true,
    )
    .await;
    let endpoint = endpoint(&base);
    let (_slot, mut reply) = ask(&endpoint, job(true));
    assert_eq!(reply.head().await.expect("a head").status, 200);
    let piece = reply.next().await.expect("a piece").expect("no failure");
    assert_eq!(piece, Piece::Raw(b"data: x\n\n"[..].into()));
    assert!(reply.next().await.is_none() && reply.end().is_some());
}

#[tokio::test]
async fn a_head_has_a_bound() {
    let huge = format!(
        "HTTP/1.1 200 OK\r\n{}\r\n",
        format!("x-a: {}\r\n", "a".repeat(4_000)).repeat(90)
    );
    let error = heard(huge.into_bytes().leak()).await;
    assert!(error.expect_err("too large").is_retryable());
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    let error = heard(many.into_bytes().leak()).await;
    assert!(error.expect_err("too many").is_retryable());
}

#[tokio::test]
async fn an_error_without_end_is_cut_off() {
    let endless = format!(
        "HTTP/1.1 500 No\r\ncontent-length: 100000000\r\n\r\n{}",
        "x".repeat(200_000)
    );
    let error = tokio::time::timeout(Duration::from_secs(5), heard(endless.into_bytes().leak()));
    let error = error.await.expect("soon").expect_err("an error");
    let AttemptError::Provider { status, body, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((status, body.len()), (500, 64 << 10));
}
