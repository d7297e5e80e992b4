//! Servers that are broken, or mean it badly: every call ends, with little memory.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::post;
use bytes::Bytes;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use swan_client::mock::MockAnswer;
use swan_client::{Client, Error, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::server::serve;
use super::{HELLO, mocked, request};

fn client(base: &str, timeout: Duration) -> Client {
    Client::builder(base, "sk-test")
        .with_timeout(timeout)
        .with_retry(RetryPolicy::never())
        .build()
        .unwrap()
}

/// A server of raw bytes: sends `first`, then `again` for as long as somebody listens.
async fn raw(first: &'static [u8], again: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            let mut sent = socket.write_all(first).await;
            while sent.is_ok() && !again.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                sent = socket.write_all(again).await;
            }
        }
    });
    base
}

#[tokio::test]
async fn an_endless_error_body_is_read_up_to_its_bound() {
    let endless = || async {
        let junk =
            stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536])));
        (StatusCode::BAD_GATEWAY, Body::from_stream(junk)).into_response()
    };
    let base = serve(Router::new().route("/v1/chat/completions", post(endless))).await;
    let error = client(&base, Duration::from_secs(20))
        .chat()
        .create(&request())
        .await
        .unwrap_err();
    assert_eq!(
        (error.status(), error.api().unwrap().body.message.len()),
        (Some(502), 2_000)
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_body_that_never_ends_does_not_hold_the_error_back() {
    let (mock, client) = mocked();
    mock.push(MockAnswer::new(400).then(r#"{"error":"bad"}"#).then_hang());
    let start = Instant::now();
    let error = client.chat().create(&request()).await.unwrap_err();
    assert_eq!(
        (error.status(), error.api().unwrap().body.message.as_str()),
        (Some(400), "bad")
    );
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn headers_that_never_end_meet_the_deadline() {
    for (first, again) in [
        (&b"HTTP/1.1 200 OK\r\n"[..], &b"x-more: 1\r\n"[..]),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", b" "),
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
            b": ping\n\n",
        ),
        (
            b"HTTP/1.1 103 Early Hints\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\n\r\n",
        ),
    ] {
        let base = raw(first, again).await;
        let client = client(&base, Duration::from_millis(400));
        for result in [
            client.chat().create(&request()).await.map(drop),
            client.chat().stream(&request()).await.map(drop),
        ] {
            let error = result.unwrap_err();
            assert!(
                error.is_timeout()
                    || matches!(error, Error::Interrupted { .. } | Error::Decode { .. }),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"\0\0\0\0",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"",
    ] {
        let base = raw(bytes, b"").await;
        let error = client(&base, Duration::from_secs(5))
            .chat()
            .create(&request())
            .await
            .unwrap_err();
        assert!(
            !matches!(error, Error::Api(_) | Error::Config { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_takes_neither_key_nor_request_along() {
    let away = || async { Redirect::temporary("http://127.0.0.1:1/steal") };
    let base = serve(Router::new().route("/v1/chat/completions", post(away))).await;
    let error = client(&base, Duration::from_secs(5))
        .chat()
        .create(&request())
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(307));
}

#[tokio::test]
async fn answers_of_the_wrong_type_say_so() {
    let (mock, client) = mocked();
    let html = || {
        MockAnswer::new(200)
            .with_header("content-type", "text/html")
            .then("<html>login</html>")
    };
    mock.push(html());
    let error = client.chat().create(&request()).await.unwrap_err();
    assert!(
        matches!(error, Error::Decode { .. }) && error.to_string().contains("text/html"),
        "{error}"
    );
    mock.push(html());
    let error = client.chat().stream(&request()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "unexpected answer: expected a stream of events, got text/html"
    );
    mock.push(MockAnswer::json(200, super::ANSWER));
    assert!(matches!(
        client.chat().stream(&request()).await.unwrap_err(),
        Error::Decode { .. }
    ));
    mock.push(MockAnswer::stream([HELLO]));
    assert!(matches!(
        client.chat().create(&request()).await.unwrap_err(),
        Error::Decode { .. }
    ));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_an_error() {
    let (mock, client) = mocked();
    mock.push(MockAnswer::json(
        200,
        &b"{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}"[..],
    ));
    assert!(matches!(
        client.chat().create(&request()).await.unwrap_err(),
        Error::Decode { .. }
    ));
    mock.push(
        MockAnswer::stream([HELLO])
            .then(&b"data: \xff\xfe\n\n"[..])
            .then("data: [DONE]\n\n"),
    );
    let items: Vec<_> = client
        .chat()
        .stream(&request())
        .await
        .unwrap()
        .collect()
        .await;
    assert!(
        matches!(items.last().unwrap(), Err(Error::Decode { .. })),
        "{items:?}"
    );
    mock.push(MockAnswer::stream([HELLO, "not json", HELLO]));
    let items: Vec<_> = client
        .chat()
        .stream(&request())
        .await
        .unwrap()
        .collect()
        .await;
    assert!(matches!(items.last().unwrap(), Err(Error::Decode { .. })) && items.len() == 2);
}

#[tokio::test]
async fn an_event_without_end_is_cut_off() {
    let (mock, client) = mocked();
    let line = Bytes::from("x".repeat(1 << 20));
    for start in ["data: ", "data: a\ndata: ", ": "] {
        let endless = (0..6).fold(MockAnswer::stream([HELLO]).then(start), |answer, _| {
            answer.then(line.clone())
        });
        mock.push(endless);
        let items: Vec<_> = client
            .chat()
            .stream(&request())
            .await
            .unwrap()
            .collect()
            .await;
        let error = items.last().unwrap().as_ref().unwrap_err();
        assert!(error.to_string().contains("too large"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let (mock, client) = mocked();
    let piece = Bytes::from(" ".repeat(8 << 20));
    mock.push((0..10).fold(MockAnswer::json(200, "{"), |answer, _| {
        answer.then(piece.clone())
    }));
    let error = client.chat().create(&request()).await.unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_panic_and_every_stream_ends(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..20),
                Just(b"data: ".to_vec()),
                Just(b"\n\n".to_vec()),
                Just(b"\r".to_vec()),
                Just("\u{feff}".as_bytes().to_vec()),
                Just(format!("data: {HELLO}\n\n").into_bytes()),
                Just(b"data: [DONE]\n\n".to_vec()),
            ],
            0..12,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mock, _) = mocked();
            let client = super::builder(&mock).with_retry(RetryPolicy::never()).build().unwrap();
            mock.push(pieces.into_iter().fold(MockAnswer::new(200), MockAnswer::then));
            let Ok(stream) = client.chat().stream(&request()).await else { return };
            let items: Vec<_> = stream.collect().await;
            let before_last = items.split_last().map(|(_, rest)| rest).unwrap_or_default();
            assert!(before_last.iter().all(Result::is_ok), "{items:?}");
        });
    }
}
