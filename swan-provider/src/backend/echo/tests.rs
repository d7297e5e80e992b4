//! What the echo says, as a table.

use super::EchoBackend;
use crate::backend::{Backend, Call};
use serde_json::{Value, json};

async fn ask(body: Value) -> (u16, String) {
    let call = Call::chat(EchoBackend::MODEL, body.to_string()).unwrap();
    let reply = EchoBackend::new().execute(call).await.unwrap();
    let status = reply.status;
    let (body, _) = reply.read(1024 * 1024).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn chat(content: &Value) -> Value {
    json!({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": content}]})
}

#[tokio::test]
async fn limits_and_stops_are_honoured_and_counted() {
    for (extra, content, reason, tokens) in [
        (
            json!({}),
            "This is the built-in echo model of Swan, not a language model. You said: a b",
            "stop",
            16,
        ),
        (json!({"max_tokens": 2}), "This is ", "length", 2),
        (
            json!({"max_completion_tokens": 1, "max_tokens": 9}),
            "This ",
            "length",
            1,
        ),
        (
            json!({"max_tokens": 16}),
            "This is the built-in echo model of Swan, not a language model. You said: a b",
            "stop",
            16,
        ),
        (json!({"stop": " the"}), "This is", "stop", 2),
        (
            json!({"stop": ["zzz", "", " echo"]}),
            "This is the built-in",
            "stop",
            4,
        ),
        (
            json!({"stop": null, "max_tokens": null, "n": 1}),
            "This is the built-in echo model of Swan, not a language model. You said: a b",
            "stop",
            16,
        ),
    ] {
        let mut body = chat(&json!("a b"));
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let (status, answer) = ask(body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(status, 200);
        assert_eq!(answer["choices"][0]["message"]["content"], content);
        assert_eq!(answer["choices"][0]["finish_reason"], reason);
        assert_eq!(answer["usage"]["completion_tokens"], tokens);
    }
}

#[tokio::test]
async fn parts_of_text_are_read_and_others_passed_over() {
    let parts = json!([{"type": "text", "text": "one"}, {"type": "image_url", "image_url": {}}]);
    assert!(ask(chat(&parts)).await.1.contains("You said: one"));
}

#[tokio::test]
async fn what_it_cannot_do_is_refused_in_openais_shape() {
    for body in [
        json!({}),
        json!({"messages": []}),
        json!({"messages": [{"role": "system", "content": "s"}]}),
        json!({"messages": "x"}),
        json!({"messages": [{"role": "user", "content": "x"}], "n": 2}),
        json!({"messages": [{"role": "user", "content": "x"}], "stop": 7}),
        json!({"messages": [{"role": "user", "content": "x"}], "max_tokens": -1}),
    ] {
        let (status, answer) = ask(body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(status, 400);
        assert!(answer["error"]["message"].is_string() && answer["error"]["type"].is_string());
    }
}

#[tokio::test]
async fn a_stream_ends_with_usage_only_when_asked() {
    for (options, usages) in [(json!(null), 0), (json!({"include_usage": true}), 1)] {
        let mut body = chat(&json!("x"));
        body["stream"] = json!(true);
        body["stream_options"] = options;
        let (_, stream) = ask(body).await;
        assert!(stream.ends_with("data: [DONE]\n\n"));
        assert_eq!(stream.matches("\"usage\"").count(), usages);
        assert_eq!(stream.matches("\"finish_reason\":\"stop\"").count(), 1);
    }
}
