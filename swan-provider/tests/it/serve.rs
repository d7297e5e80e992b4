//! Requests from a hub, in both dialects.

use crate::support::{Hub, HubOptions, ModelServer, Running};
use serde_json::Value;
use std::time::Duration;
use swan_core::protocol::{Dialect, HubEvent};
use swan_provider::{Backend, BackendError, Call, Discovery, EchoBackend, Reply};

const MODEL: &str = EchoBackend::MODEL;
const WHOLE: &str = r#"{"model":"swan/echo","messages":[{"role":"user","content":"hi there"}],"seed":9007199254740993,"x":{"y":null}}"#;
const STREAMED: &str = r#"{"model":"swan/echo","messages":[{"role":"user","content":"hi there"}],"stream":true,"stream_options":{"include_usage":true}}"#;

#[tokio::test]
async fn a_whole_answer_comes_back_in_both_dialects() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let server = ModelServer::start().await;
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let _provider = Running::serving(&hub, &server);
        let mut connection = hub.next().await;
        connection.registered().await;
        let answer = connection.ask(MODEL, false, WHOLE).await;
        assert_eq!(
            (answer.final_status(), answer.failure.clone()),
            (200, None),
            "{dialect:?}"
        );
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let said = body["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(said.ends_with("hi there"), "{said}");
        assert!(body["usage"]["completion_tokens"].as_u64().unwrap() > 3);
        assert_eq!(
            server.last_body(),
            WHOLE,
            "the request is the consumer's, byte for byte"
        );
    }
}

#[tokio::test]
async fn a_v2_stream_is_passed_on_byte_for_byte() {
    let server = ModelServer::start().await;
    let odd = ": a comment\r\n\r\ndata: {\"choices\": [ ]}\n\ndata:{\"a\":1e400}\n\nevent: x\ndata: [DONE]\n\n";
    server.set(crate::support::Mode::Fixed(
        200,
        "text/event-stream; charset=utf-8",
        odd.to_owned(),
    ));
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    let answer = connection.ask(MODEL, true, STREAMED).await;
    assert_eq!(answer.text(), odd);
    assert_eq!(
        answer.content_type.as_deref(),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(server.last_body(), STREAMED);
}

/// A model that says twenty words at once.
#[derive(Debug)]
struct Burst(EchoBackend);

#[async_trait::async_trait]
impl Backend for Burst {
    fn label(&self) -> &str {
        self.0.label()
    }

    async fn discover(&self) -> Result<Discovery, BackendError> {
        self.0.discover().await
    }

    async fn execute(&self, call: Call) -> Result<Reply, BackendError> {
        if !call.stream {
            return self.0.execute(call).await;
        }
        let words = (0..20).map(|n| Ok(format!("data: {n}\n\n").into()));
        Ok(Reply::events(futures::stream::iter(words)))
    }
}

#[tokio::test]
async fn what_the_model_says_at_once_leaves_in_one_frame() {
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let backend = Burst(EchoBackend::new());
    let _provider = Running::start(crate::support::builder(&hub).with_backend(backend));
    let mut connection = hub.next().await;
    connection.registered().await;
    let stream = connection.dispatch(MODEL, true, STREAMED).await;
    let mut pieces = Vec::new();
    loop {
        match connection.stream_event(stream).await {
            HubEvent::Body { piece, .. } => pieces.push(piece.bytes().clone()),
            HubEvent::End { .. } => break,
            _ => {}
        }
    }
    assert_eq!(pieces.len(), 1, "{pieces:?}");
    assert!(pieces[0].ends_with(b"data: 19\n\n"));
}

#[tokio::test]
async fn a_v1_stream_comes_as_chunks_with_the_counts_at_its_end() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V1)).await;
    let _provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    let request =
        r#"{"model":"swan/echo","messages":[{"role":"user","content":"a b"}],"stream":true}"#;
    let answer = connection.ask(MODEL, true, request).await;
    assert_eq!(answer.failure, None);
    let end = answer.end.unwrap();
    assert!(
        end.tokens_output.unwrap() > 3 && end.tokens_input.unwrap() > 0,
        "{end:?}"
    );
    let sent: Value = serde_json::from_slice(&server.last_body()).unwrap();
    assert_eq!(
        sent["stream_options"]["include_usage"], true,
        "a v1 hub counts on its agent"
    );
}

#[tokio::test]
async fn the_hub_says_whether_to_stream_whatever_the_body_says() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    let answer = connection.ask(MODEL, false, STREAMED).await;
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
}

#[tokio::test]
async fn many_streams_at_once_are_kept_apart() {
    let server = ModelServer::start().await;
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let _provider = Running::start(
            crate::support::builder(&hub)
                .with_backend(swan_provider::HttpBackend::new(&server.url).unwrap())
                .with_concurrency(64),
        );
        let mut connection = hub.next().await;
        assert_eq!(connection.registered().await.capacity(MODEL), Some(64));
        let mut streams = Vec::new();
        for i in 0..64 {
            let body = STREAMED.replace("hi there", &format!("word-{i}."));
            streams.push((i, connection.dispatch(MODEL, true, &body).await));
        }
        for (i, stream) in streams {
            let answer = connection.answer(stream).await;
            assert_eq!(answer.failure, None);
            assert!(
                answer.text().contains(&format!("word-{i}.")),
                "{}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn as_many_requests_as_were_declared_are_taken_at_once() {
    for (most, declared) in [(4, 4), (300, 300), (1_000, 400)] {
        let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
        let _provider = Running::start(
            crate::support::builder(&hub)
                .with_backend(EchoBackend::new().with_delay(Duration::from_millis(100)))
                .with_concurrency(400)
                .with_max_in_flight(most),
        );
        let mut connection = hub.next().await;
        let registration = connection.registered().await;
        assert_eq!(registration.capacity(MODEL), Some(declared));
        let mut streams = Vec::new();
        for _ in 0..declared {
            streams.push(connection.dispatch(MODEL, true, STREAMED).await);
        }
        for stream in streams {
            assert_eq!(connection.answer(stream).await.failure, None);
        }
    }
}

#[tokio::test]
async fn a_large_request_and_a_large_answer_pass() {
    let server = ModelServer::start().await;
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let _provider = Running::serving(&hub, &server);
        let mut connection = hub.next().await;
        connection.registered().await;
        let body = WHOLE.replace("hi there", &"word ".repeat(600_000));
        let answer = connection.ask(MODEL, false, &body).await;
        assert_eq!(answer.failure, None, "{dialect:?}");
        assert!(answer.body.len() > 3_000_000);
    }
}

#[tokio::test]
async fn the_registration_says_what_there_is() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    let registration = connection.registered().await;
    assert_eq!(registration.models, [MODEL]);
    assert_eq!(registration.token, crate::support::KEY);
    assert_eq!(registration.node_name, "test node");
    assert_eq!(registration.node_id.len(), 32);
    assert_eq!(registration.capacity(MODEL), Some(10));
    assert_eq!(registration.context_length(MODEL), Some(4096));
    assert_eq!(registration.model_declarations[0].engine, "vllm");
    assert!(registration.cp_version.is_some());
    let known = provider.events.wait(|event| match event {
        swan_provider::Event::Registered {
            provider_id,
            accepted,
            ..
        } => Some((provider_id.clone(), accepted.clone())),
        _ => None,
    });
    assert_eq!(
        known.await,
        (Some("prov-test".to_owned()), Some(vec![MODEL.to_owned()]))
    );
}
