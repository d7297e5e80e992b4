//! Against a real HTTP server.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures::{StreamExt, stream};
use swan_client::{Amount, Client, ConnectionMode, Currency};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{ANSWER, DONE, HELLO, request};

/// Serves `router` on a free port; the address is its base URL.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

pub(crate) fn client(base: &str) -> Client {
    Client::builder(base, "sk-test")
        .with_timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

fn events(pieces: impl futures::Stream<Item = String> + Send + 'static) -> Response {
    let pieces = pieces.map(|piece| Ok::<_, Infallible>(Bytes::from(format!("data: {piece}\n\n"))));
    (
        [("content-type", "text/event-stream")],
        Body::from_stream(pieces),
    )
        .into_response()
}

/// Tells when it is dropped.
struct Tell(mpsc::Sender<&'static str>);

impl Drop for Tell {
    fn drop(&mut self) {
        let _ = self.0.try_send("gone");
    }
}

#[tokio::test]
async fn choices_go_out_and_metadata_comes_back() {
    let router = Router::new().route(
        "/v1/chat/completions",
        post(|headers: HeaderMap, body: String| async move {
            assert_eq!(headers["authorization"], "Bearer sk-test");
            assert_eq!(headers["content-type"], "application/json");
            assert_eq!(headers["x-swan-payment"], "SWAN");
            assert_eq!(headers["x-swan-provider"], "prov-7");
            assert_eq!(headers["x-swan-allow-fallbacks"], "false");
            assert_eq!(headers["x-team"], "blue");
            assert!(
                headers["user-agent"]
                    .to_str()
                    .unwrap()
                    .starts_with("swan-client/")
            );
            assert_eq!(
                body,
                r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#
            );
            let told = [
                ("x-request-id", "r-1"),
                ("x-swan-cost", "0.000024"),
                ("x-swan-cost-currency", "SWAN"),
                ("x-swan-provider-id", "prov-7"),
                ("x-swan-provider-name", "attic"),
                ("x-swan-connection-mode", "websocket"),
                ("x-swan-latency-ms", "42"),
                ("x-swan-route-mode", "pinned"),
                ("x-ratelimit-limit", "60"),
                ("x-ratelimit-remaining", "59"),
                ("x-ratelimit-reset", "12"),
            ];
            (told, ANSWER)
        }),
    );
    let client = client(&serve(router).await);
    let chat = client
        .chat()
        .with_payment(Currency::Swan)
        .with_provider("prov-7")
        .with_fallbacks(false);
    let reply = chat
        .with_header("x-team", "blue")
        .create(&request())
        .await
        .unwrap();
    assert_eq!(reply.text(), Some("hello"));
    let told = reply.metadata();
    assert_eq!(told.request_id.as_deref(), Some("r-1"));
    assert_eq!(
        (told.cost, told.currency),
        (
            Some("0.000024".parse::<Amount>().unwrap()),
            Some(Currency::Swan)
        )
    );
    assert_eq!(told.provider_name.as_deref(), Some("attic"));
    assert_eq!(told.connection_mode, Some(ConnectionMode::Websocket));
    assert_eq!(told.hub_latency, Some(Duration::from_millis(42)));
    assert_eq!(
        (told.rate_limit.limit, told.rate_limit.remaining),
        (Some(60), Some(59))
    );
    assert_eq!(told.rate_limit.reset, Some(Duration::from_secs(12)));
    assert!(told.latency > Duration::ZERO && told.attempts == 1);
}

#[tokio::test]
async fn a_server_that_knows_nothing_of_swan_will_do() {
    let router = Router::new()
        .route("/v1/chat/completions", post(|| async { r#"{"choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":1,"cost":0.5}}"# }))
        .route("/v1/models", get(|| async { r#"{"object":"list","data":[{"id":"org/name","meta":{"n_params":1}}]}"# }))
        .route("/v1/models/{id}", get(|Path(id): Path<String>| async move { format!(r#"{{"id":"{id}"}}"#) }));
    let client = client(&serve(router).await);
    let reply = client.chat().create(&request()).await.unwrap();
    assert_eq!(
        (reply.text(), reply.metadata().cost),
        (Some("hello"), Some("0.5".parse().unwrap()))
    );
    assert!(reply.metadata().request_id.is_none() && reply.metadata().provider_id.is_none());
    let models = client.models().list().await.unwrap();
    assert_eq!(models.data[0].id, "org/name");
    assert!(models.data[0].extra.get("meta").is_some());
    assert_eq!(
        client.models().get("org/name").await.unwrap().id,
        "org/name"
    );
    let missing = client.models().get("").await.unwrap_err();
    assert_eq!(missing.status(), Some(404));
}

#[tokio::test]
async fn dropping_a_stream_reaches_the_server() {
    let (tell, mut told) = mpsc::channel(1);
    let handler = move || {
        let guard = Tell(tell.clone());
        // Endless chunks, one at a time, as fast as they are taken.
        let chunks = stream::unfold(guard, |guard| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((HELLO.to_owned(), guard))
        });
        async move { events(chunks) }
    };
    let client = client(&serve(Router::new().route("/v1/chat/completions", post(handler))).await);
    let mut stream = client.chat().stream(&request()).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().text(), Some("hello"));
    drop(stream);
    let gone = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
    assert_eq!(gone.expect("the server notices"), Some("gone"));
}

#[tokio::test]
async fn dropping_an_unanswered_call_reaches_the_server() {
    let (tell, mut told) = mpsc::channel(2);
    let handler = move || {
        let tell = tell.clone();
        async move {
            tell.send("here").await.unwrap();
            let _guard = Tell(tell);
            std::future::pending::<&'static str>().await
        }
    };
    let client = client(&serve(Router::new().route("/v1/chat/completions", post(handler))).await);
    let call = tokio::spawn(async move { client.chat().create(&request()).await });
    assert_eq!(told.recv().await, Some("here"));
    call.abort();
    let gone = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
    assert_eq!(gone.expect("the server notices"), Some("gone"));
}

#[tokio::test]
async fn nothing_is_read_ahead_of_the_consumer() {
    let (made, mut count) = mpsc::channel::<()>(100_000);
    let handler = move || {
        let made = made.clone();
        let padded = format!(
            r#"{{"choices":[{{"delta":{{"content":"{}"}}}}]}}"#,
            "x".repeat(64 << 10)
        );
        let chunks = stream::repeat(padded).inspect(move |_| {
            let _ = made.try_send(());
        });
        async move { events(chunks) }
    };
    let client = client(&serve(Router::new().route("/v1/chat/completions", post(handler))).await);
    let mut stream = client.chat().stream(&request()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    // When no more than the socket buffers hold has been made within a while, nobody reads.
    let mut made = 0;
    while tokio::time::timeout(Duration::from_millis(300), count.recv())
        .await
        .is_ok()
    {
        made += 1;
        assert!(made < 1_000, "64 MB were read without being asked for");
    }
}

#[tokio::test]
async fn connections_are_used_again_after_streams_and_errors() {
    use std::sync::{Arc, Mutex};
    let peers = Arc::new(Mutex::new(std::collections::BTreeSet::new()));
    let seen = peers.clone();
    let handler = move |axum::extract::ConnectInfo(peer): axum::extract::ConnectInfo<
        std::net::SocketAddr,
    >,
                        body: String| {
        seen.lock().unwrap().insert(peer);
        async move {
            match body.contains("stream") {
                true => events(stream::iter([HELLO.to_owned(), DONE.to_owned()])),
                false => (StatusCode::BAD_REQUEST, "no").into_response(),
            }
        }
    };
    let router = Router::new().route("/v1/chat/completions", post(handler));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let client = client(&base);
    for _ in 0..5 {
        assert_eq!(
            client
                .chat()
                .stream(&request())
                .await
                .unwrap()
                .count()
                .await,
            1
        );
        client.chat().create(&request()).await.unwrap_err();
    }
    // A stream whose end comes a moment after [DONE] costs its connection, so a few are allowed.
    let connections = peers.lock().unwrap().len();
    assert!(connections <= 6, "{connections} connections for 10 calls");
}
