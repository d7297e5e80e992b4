//! Traces of the real program, of chats over a real provider, at a collector that speaks HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::hub::TestHub;
use super::model_server::{MODEL, chat};
use super::part::until;
use super::provider::TestProvider;
use super::wire;
use crate::gateway::otlp::{Receiver, Span};

const PROMPT: &str = "the-prompt-marker";

async fn ask(hub: &TestHub, key: &str, more: &Value) -> (http::HeaderMap, String) {
    let mut ask =
        chat(&json!({"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 8}));
    ask.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let answer = wire::post(&hub.url(), "/v1/chat/completions", key, &ask).await;
    let (status, headers) = (answer.status, answer.headers.clone());
    let text = answer.text().await;
    assert_eq!(status, 200, "{text}");
    (headers, text)
}

/// Whether the traces name what OpenTelemetry's conventions for generative AI name, as they name it.
fn assert_names(request: &Span, attempt: &Span, id: &str) {
    assert_eq!((request.kind, attempt.kind), (2, 3), "server, client");
    assert_eq!(request.name, format!("chat {MODEL}"));
    assert_eq!(attempt.parent.as_ref(), Some(&request.id));
    assert!(request.start <= attempt.start && attempt.end <= request.end);
    for span in [request, attempt] {
        span.has(&[
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.request.model", MODEL),
            ("gen_ai.response.model", MODEL),
            ("gen_ai.provider.name", "gpu"),
            ("http.response.status_code", "200"),
            ("swan.request_id", id),
            ("swan.mode", "websocket"),
        ]);
        let tokens = |name: &str| span.attributes[name].parse::<u64>().unwrap();
        assert!(tokens("gen_ai.usage.input_tokens") > 0, "{span:?}");
        assert!(
            (1..=8).contains(&tokens("gen_ai.usage.output_tokens")),
            "{span:?}"
        );
        let known = [
            "gen_ai.operation.name",
            "gen_ai.request.model",
            "gen_ai.request.stream",
            "gen_ai.response.model",
            "gen_ai.provider.name",
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.output_tokens",
        ];
        let all = span.attributes.keys();
        let mut conventional = all.filter(|name| name.starts_with("gen_ai."));
        assert!(
            conventional.all(|name| known.contains(&&**name)),
            "{span:?}"
        );
    }
}

#[tokio::test]
async fn a_collector_gets_the_traces_of_chats_over_a_real_provider() {
    let collector = Receiver::start().await;
    let mut hub = TestHub::start_with(&format!(
        "[otel]\nendpoint = \"http://{}\"\nheaders = {{ \"x-api-key\" = \"receiver-secret\" }}\n",
        collector.address
    ))
    .await;
    let consumer = hub.consumer("alice", "5").await;
    let provider = TestProvider::start(&hub, "gpu", 4).await;
    hub.serves(MODEL, 1).await;

    let (whole, answer) = ask(&hub, &consumer.key, &json!({})).await;
    let (streamed, _) = ask(&hub, &consumer.key, &json!({"stream": true})).await;
    until("the collector has both traces", || async {
        let spans = collector.spans();
        (spans
            .iter()
            .filter(|span| span.kind == 2 && span.name != "chat")
            .count()
            == 2)
            .then_some(())
    })
    .await;
    let spans = collector.spans();
    for (headers, stream) in [(&whole, None), (&streamed, Some("true"))] {
        let id = headers["x-request-id"].to_str().unwrap();
        let trace = id.replace('-', "");
        let own: Vec<_> = spans.iter().filter(|span| span.trace == trace).collect();
        let [request, attempt] = own[..] else {
            panic!("{own:?} of {spans:?}")
        };
        assert_names(request, attempt, id);
        let found = request.attributes.get("gen_ai.request.stream");
        assert_eq!(
            found.map(String::as_str).filter(|text| *text == "true"),
            stream
        );
    }
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
    for (_, _, text) in collector.got.lock().iter() {
        for private in [PROMPT, content, &consumer.key, &provider.key, "alice"] {
            assert!(!text.contains(private), "{private} in {text}");
        }
    }
    hub.terminate().await;
    hub.end().await;
}

#[tokio::test]
async fn a_collector_that_hangs_or_is_away_keeps_no_request_and_no_end_of_the_hub_waiting() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (hanging, count) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        Arc::clone(&asked),
    );
    let addresses = [
        hanging.local_addr().unwrap().to_string(),
        "127.0.0.1:9".to_owned(),
    ];
    tokio::spawn(async move {
        // Takes whatever comes, and never says a word.
        let mut held = Vec::new();
        while let Ok((mut socket, _)) = hanging.accept().await {
            let mut first = [0; 16];
            let _ = socket.read_exact(&mut first).await;
            count.fetch_add(1, Ordering::SeqCst);
            held.push(socket);
        }
    });
    for address in addresses {
        let config = format!("[otel]\nendpoint = \"http://{address}\"\n");
        let mut hub = TestHub::start_with(&config).await;
        let consumer = hub.consumer("alice", "5").await;
        let _provider = TestProvider::start(&hub, "gpu", 4).await;
        hub.serves(MODEL, 1).await;
        ask(&hub, &consumer.key, &json!({})).await;
        if !address.ends_with(":9") {
            until("the collector is asked, and hangs", || async {
                (asked.load(Ordering::SeqCst) > 0).then_some(())
            })
            .await;
        }
        // All of these are served while an export hangs or is tried again, and none waits for it.
        for stream in [false, true, false, true] {
            ask(&hub, &consumer.key, &json!({"stream": stream})).await;
        }
        hub.settled_funds(&consumer, 5).await;
        hub.terminate().await;
        hub.end().await;
        hub.audit().await;
    }
}
