//! Model servers in trouble: each has its status (public-swan.md 1.4), and the connection survives.

use crate::support::{Hub, HubOptions, Mode, ModelServer, Running, builder};
use std::time::Duration;
use swan_core::protocol::Dialect;
use swan_provider::{EchoBackend, HttpBackend};

const MODEL: &str = EchoBackend::MODEL;
const JSON: &str = "application/json";

fn fixed(status: u16, kind: &'static str, body: &str) -> Mode {
    Mode::Fixed(status, kind, body.to_owned())
}

#[tokio::test]
async fn each_trouble_has_its_status_and_none_breaks_the_connection() {
    let server = ModelServer::start().await;
    let too_long =
        r#"{"error":{"message":"context is 4096 tokens","code":"context_length_exceeded"}}"#;
    let html = "<html><body>nginx</body></html>";
    let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let _provider = Running::start(
            builder(&hub)
                .with_backend(HttpBackend::new(&server.url).unwrap())
                .with_idle_timeout(Duration::from_millis(300))
                .with_answer_limit(2 * 1024 * 1024),
        );
        server.set(Mode::Echo);
        let mut connection = hub.next().await;
        connection.registered().await;
        for stream in [false, true] {
            let kind = if stream { "text/event-stream" } else { JSON };
            for (mode, status) in [
                (fixed(400, JSON, too_long), 400),
                (fixed(404, JSON, r#"{"error":"no such model"}"#), 404),
                (fixed(429, JSON, r#"{"detail":"busy"}"#), 429),
                (fixed(401, JSON, r#"{"error":{"message":"bad key"}}"#), 502),
                (fixed(302, "text/html", html), 502),
                (fixed(200, "text/html", html), 502),
                (fixed(200, kind, ""), 502),
                (fixed(400, "text/html", html), 400),
                (fixed(200, kind, &huge), 502),
                (Mode::Echo, 200),
            ] {
                server.set(mode.clone());
                let body = format!(
                    r#"{{"messages":[{{"role":"user","content":"x"}}],"stream":{stream}}}"#
                );
                let answer = connection.ask(MODEL, stream, &body).await;
                let shown: String = format!("{mode:?}").chars().take(80).collect();
                assert_eq!(
                    answer.final_status(),
                    status,
                    "{dialect:?} {stream} {shown} {:?}",
                    answer.failure
                );
            }
        }
    }
}

#[tokio::test]
async fn when_a_model_server_wants_to_be_asked_again_reaches_the_hub_in_v2() {
    let server = ModelServer::start().await;
    let rest = Some(Duration::from_secs(30));
    for (dialect, told) in [(Dialect::V1, None), (Dialect::V2, rest)] {
        server.set(Mode::Echo);
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let _provider = Running::serving(&hub, &server);
        let mut connection = hub.next().await;
        connection.registered().await;
        for (status, kind) in [(429, JSON), (503, JSON), (429, "text/plain")] {
            server.set(Mode::Busy(status, kind));
            let answer = connection.ask(MODEL, true, r#"{"messages":[]}"#).await;
            let seen = (answer.final_status(), answer.retry_after);
            assert_eq!(seen, (status, told), "{dialect:?} {kind}");
        }
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_words_of_the_model_server() {
    let server = ModelServer::start().await;
    let too_long =
        r#"{"error":{"message":"context is 4096 tokens","code":"context_length_exceeded"}}"#;
    for dialect in [Dialect::V1, Dialect::V2] {
        server.set(Mode::Echo);
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let _provider = Running::serving(&hub, &server);
        let mut connection = hub.next().await;
        connection.registered().await;
        server.set(fixed(400, JSON, too_long));
        let answer = connection.ask(MODEL, true, r#"{"messages":[]}"#).await;
        let words = format!("{:?} {}", answer.failure, answer.text());
        assert!(words.contains("context is 4096 tokens"), "{words}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_goes_silent_is_a_failure_and_never_an_end() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let server = ModelServer::start().await;
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let _provider = Running::start(
            builder(&hub)
                .with_backend(HttpBackend::new(&server.url).unwrap())
                .with_idle_timeout(Duration::from_millis(200)),
        );
        let mut connection = hub.next().await;
        connection.registered().await;
        for (mode, status) in [(Mode::Breaks, 502), (Mode::Stalls, 504)] {
            server.set(mode);
            let answer = connection.ask(MODEL, true, r#"{"stream":true}"#).await;
            assert_eq!(
                answer.failure.map(|f| f.status),
                Some(status),
                "{dialect:?}"
            );
            assert!(!answer.body.is_empty(), "what came before is passed on");
        }
    }
}

#[tokio::test]
async fn garbage_in_a_v1_stream_fails_that_stream_only() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V1)).await;
    let _provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    for garbage in ["data: {\"a\":\n\n", "data: \u{1}\n\n", "data: x\n\n"] {
        server.set(fixed(200, "text/event-stream", garbage));
        let answer = connection.ask(MODEL, true, r#"{"stream":true}"#).await;
        assert_eq!(answer.failure.map(|f| f.status), Some(502), "{garbage:?}");
    }
    server.set(fixed(200, JSON, "not json"));
    assert_eq!(connection.ask(MODEL, false, "{}").await.final_status(), 502);
    server.set(Mode::Echo);
    let chat = r#"{"messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(connection.ask(MODEL, false, chat).await.final_status(), 200);
}

#[tokio::test]
async fn more_requests_than_places_are_refused_at_once() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::start(
        builder(&hub)
            .with_backend(HttpBackend::new(&server.url).unwrap())
            .with_concurrency(2),
    );
    let mut connection = hub.next().await;
    connection.registered().await;
    server.set(Mode::Endless);
    let mut streams = Vec::new();
    for _ in 0..2 {
        let stream = connection.dispatch(MODEL, true, r#"{"stream":true}"#).await;
        connection.first_piece(stream).await;
        streams.push(stream);
    }
    assert_eq!(
        connection
            .ask(MODEL, true, r#"{"stream":true}"#)
            .await
            .final_status(),
        429
    );
    connection.cancel(streams[0]).await;
    crate::support::eventually("a place is free", || server.active() == 1).await;
    let again = connection.dispatch(MODEL, true, r#"{"stream":true}"#).await;
    connection.first_piece(again).await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_the_consumers_fault() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    for body in ["", "[]", "{", "null"] {
        assert_eq!(
            connection.ask(MODEL, false, body).await.final_status(),
            400,
            "{body:?}"
        );
    }
}
