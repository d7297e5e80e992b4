//! What a good endpoint is asked and answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use swan_core::protocol::Piece;
use tokio::sync::mpsc;

use super::{Spare, ask, config, endpoint, job, model, serve};
use crate::external::ExternalConfig;
use crate::providers::{AttemptError, ConnectionMode, Reply};

async fn rest(reply: &mut Reply) -> Result<String, AttemptError> {
    let mut got = String::new();
    while let Some(piece) = reply.next().await {
        let (Piece::Raw(bytes) | Piece::Event(bytes)) = piece?;
        got.push_str(std::str::from_utf8(&bytes).expect("text"));
    }
    Ok(got)
}

#[tokio::test]
async fn the_request_arrives_whole_with_the_key_and_the_answer_comes_back() {
    let echo = post(|request: Request| async move {
        let head = ["authorization", "content-type", "accept", "content-length"]
            .map(|name| request.headers()[name].to_str().expect("text").to_owned())
            .join("|");
        let body = request
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        format!("{head}|{}", String::from_utf8_lossy(&body))
    });
    let base = serve(Router::new().route("/v1/chat/completions", echo)).await;
    for base in [base.clone(), format!("{base}/"), format!("{base}/v1")] {
        let endpoint = endpoint(&base);
        let (slot, mut reply) = ask(&endpoint, job(false));
        assert_eq!(reply.head().await.expect("a head").status, 200);
        let want =
            "Bearer sk-upstream|application/json|application/json|25|{\"model\":\"qwen-upstream\"}";
        assert_eq!(rest(&mut reply).await.expect("complete"), want);
        assert!(reply.end().is_some());
        assert_eq!(
            (slot.mode(), slot.upstream()),
            (ConnectionMode::External, "qwen-upstream")
        );
        assert_eq!(&**slot.provider_name(), "spare");
    }
}

#[tokio::test]
async fn a_stream_arrives_as_it_is_made() {
    let (chunks, source) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let source = Arc::new(tokio::sync::Mutex::new(Some(source)));
    let stream = post(move || {
        let source = Arc::clone(&source);
        async move {
            let source = source.lock().await.take().expect("one request");
            let body = futures::stream::unfold(source, |mut source| async move {
                source.recv().await.map(|chunk| (chunk, source))
            });
            (
                [("content-type", "text/event-stream")],
                Body::from_stream(body),
            )
        }
    });
    let base = serve(Router::new().route("/v1/chat/completions", stream)).await;
    let endpoint = endpoint(&base);
    let (_slot, mut reply) = ask(&endpoint, job(true));
    let head = reply.head().await.expect("a head");
    assert_eq!(head.content_type.expect("named"), "text/event-stream");
    for chunk in ["data: 1\n\n", "data: 2\n\n"] {
        chunks.send(Ok(Bytes::from(chunk))).await.expect("read");
        let piece = reply.next().await.expect("a piece").expect("no failure");
        assert_eq!(piece.bytes(), chunk.as_bytes());
        assert!(reply.try_next().is_none(), "nothing more is here");
    }
    drop(chunks);
    assert!(reply.next().await.is_none());
    assert!(reply.end().is_some());
}

#[tokio::test]
async fn a_dropped_reply_reaches_the_model_server() {
    let (gone, mut hears) = mpsc::channel::<()>(1);
    let endless = post(move || {
        let gone = gone.clone();
        async move {
            // Lives as long as the body does.
            let body = futures::stream::unfold(gone, |gone| async move {
                tokio::task::yield_now().await;
                Some((
                    Ok::<_, std::io::Error>(Bytes::from_static(b"data: x\n\n")),
                    gone,
                ))
            });
            Body::from_stream(body)
        }
    });
    let base = serve(Router::new().route("/v1/chat/completions", endless)).await;
    let endpoint = endpoint(&base);
    let (slot, mut reply) = ask(&endpoint, job(true));
    reply.head().await.expect("a head");
    reply.next().await.expect("a piece").expect("no failure");
    drop((slot, reply));
    let heard = async {
        // The handler itself holds one sender and each body one more: the body's is gone when no more than one is left.
        while hears.sender_strong_count() > 1 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        hears.close();
    };
    tokio::time::timeout(Duration::from_secs(1), heard)
        .await
        .expect("within a second");
}

#[tokio::test]
async fn connections_are_used_again() {
    let opened = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let count = Arc::clone(&opened);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.expect("a connection");
            count.fetch_add(1, Ordering::Relaxed);
            let service = hyper::service::service_fn(|_| async {
                let body = http_body_util::Full::new(Bytes::from_static(b"data: [DONE]\n\n"));
                Ok::<_, std::convert::Infallible>(hyper::Response::new(body))
            });
            let io = hyper_util::rt::TokioIo::new(socket);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    });
    let endpoint = endpoint(&base);
    for _ in 0..5 {
        let (_slot, mut reply) = ask(&endpoint, job(true));
        reply.head().await.expect("a head");
        reply.next().await.expect("a piece").expect("no failure");
        // As the relay does after `[DONE]`: it does not wait for the end, and takes it when it is there.
        assert!(reply.try_next().is_none());
        assert!(reply.end().is_some());
    }
    assert_eq!(opened.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_models_are_configured_or_discovered() {
    let list = get(|| async {
        r#"{"object":"list","data":[{"id":"qwen3:32b"},{"id":"secret-model"},{"id":"qwen3:32b"}]}"#
    });
    let base = serve(Router::new().route("/v1/models", list)).await;
    let fixed = endpoint(&base);
    fixed.look().await;
    assert_eq!(fixed.names(), [model()]);
    assert_eq!(
        fixed.connect(&model()).expect("room").upstream(),
        "qwen-upstream"
    );

    let found = Spare::of(&[ExternalConfig::new("found", &base)]).expect("good");
    assert!(!found.endpoints.serves(&model()));
    found.look().await;
    assert_eq!(
        found.names(),
        [model(), "secret-model".parse().expect("a name")]
    );
    let held = found.connect(&model()).expect("room");
    assert_eq!(held.upstream(), "qwen3:32b");
    found.clock.advance(Duration::from_secs(31));
    found.look().await;
    assert!(found.connect(&model()).is_some());
}

#[tokio::test]
async fn capacity_holds_and_is_given_back() {
    let base = serve(Router::new()).await;
    let endpoint = endpoint(&base);
    let taken = (endpoint.connect(&model()), endpoint.connect(&model()));
    assert!(taken.0.is_some() && taken.1.is_some());
    assert!(endpoint.connect(&model()).is_none());
    drop(taken);
    assert!(endpoint.connect(&model()).is_some());
    assert!(
        endpoint
            .connect(&"other".parse().expect("a name"))
            .is_none()
    );
}

#[tokio::test]
async fn redirects_are_refused_and_errors_come_with_their_words() {
    let answers = [
        (StatusCode::FOUND, "", "status 302", true),
        (
            StatusCode::BAD_REQUEST,
            r#"{"error":{"message":"too long"}}"#,
            "too long",
            false,
        ),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "<html>",
            "status 500",
            true,
        ),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            r#"{"detail":"no such field"}"#,
            "no such field",
            false,
        ),
        (
            StatusCode::TOO_MANY_REQUESTS,
            r#"{"error":"slow down"}"#,
            "slow down",
            true,
        ),
    ];
    for (code, body, words, retryable) in answers {
        let refuse =
            post(move || async move { (code, [("location", "http://127.0.0.1:9/")], body) });
        let base = serve(Router::new().route("/v1/chat/completions", refuse)).await;
        let endpoint = endpoint(&base);
        let (_slot, mut reply) = ask(&endpoint, job(false));
        let error = reply.head().await.expect_err("refused");
        assert_eq!(error.status(), Some(code.as_u16()));
        assert_eq!(error.is_retryable(), retryable, "{error}");
        let AttemptError::Provider { message, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(message, words);
    }
}

#[test]
fn the_key_is_never_shown() {
    let shown = format!(
        "{:?} {:?}",
        config("http://x").with_header("x-team", "sk-upstream"),
        endpoint("http://x").endpoints
    );
    assert!(!shown.contains("sk-upstream"), "{shown}");
}
