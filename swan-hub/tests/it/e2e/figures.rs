//! What `/metrics` says, as the parsers of Prometheus' own client read it.

use std::process::Stdio;

use http::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::endpoint::{MODEL, endpoint};
use super::hub::TestHub;
use super::part::{until, within};
use super::{tools, wire};

/// The families of a text, by name.
async fn parsed(text: &str, format: &str) -> Value {
    let mut command = Command::new(tools::python());
    let command = command.arg(tools::script("metrics.py")).arg(format);
    let mut parser = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = parser.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).await.unwrap();
    drop(stdin);
    let done = within("a parser", parser.wait_with_output()).await.unwrap();
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{format}: {words}\n{text}");
    serde_json::from_slice(&done.stdout).unwrap()
}

#[tokio::test]
async fn both_formats_of_the_figures_are_read_by_the_parsers_of_prometheus() {
    let (url, _) = endpoint("hi").await;
    let odd = "odd \\\"name\\\" \\\\ {le=1}";
    let hub = TestHub::start_with(&format!(
        "metrics.public = true\n[[external]]\nname = \"own\"\nurl = \"{url}\"\nmodels = [\"{MODEL}\"]\n"
    ))
    .await;
    let consumer = hub.consumer("alice", "5").await;
    for more in [
        json!({}),
        json!({"stream": true}),
        json!({"model": odd}),
        json!({"fail": 500}),
        json!({"max_tokens": "many"}),
    ] {
        let mut ask = json!({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
        let members = more.as_object().unwrap().clone();
        ask.as_object_mut().unwrap().extend(members);
        let path = "/v1/chat/completions";
        let answer = wire::post(&hub.url(), path, &consumer.key, &ask).await;
        answer.text().await;
    }
    until("every request is counted", || async {
        let text = wire::get(&hub.url(), "/metrics", None).await.text().await;
        (text.contains("stream=\"true\",outcome=\"completed\"") && text.contains("swan_holds 0"))
            .then_some(())
    })
    .await;
    let plain = wire::get(&hub.url(), "/metrics", None).await.text().await;
    let plain = parsed(&plain, "text").await;
    let request = http::Request::builder()
        .method(Method::GET)
        .uri("/metrics")
        .header("accept", "application/openmetrics-text; version=1.0.0");
    let open = wire::call(request, &hub.url(), None, bytes::Bytes::new())
        .await
        .unwrap();
    let open = parsed(&open.text().await, "openmetrics").await;
    for (family, kind) in [
        ("swan_requests", "counter"),
        ("swan_charged", "counter"),
        ("swan_hold_events", "counter"),
        ("swan_request_seconds", "histogram"),
        ("swan_journal_batch_entries", "histogram"),
        ("swan_in_flight", "gauge"),
    ] {
        for families in [&plain, &open] {
            assert_eq!(families[family]["type"], kind, "{family}");
            let samples = families[family]["samples"].as_array().unwrap();
            assert!(!samples.is_empty(), "{family}");
        }
    }
    let names = |families: &Value| {
        families
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&plain),
        names(&open),
        "one set of figures in two formats"
    );
}
