//! Usage and content as model servers really write them.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;
use swan_core::openai::{ChunkFacts, content_len, is_usage_only_chunk, usage_of, with_cost};

fn usage(json: &str) -> Option<&str> {
    usage_of(json.as_bytes()).map(serde_json::value::RawValue::get)
}

#[test]
fn usage_is_found_wherever_servers_put_it() {
    let whole = r#"{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":3}}"#;
    let last = r#"{"choices":[],"usage":{"prompt_tokens":3}}"#;
    let with_choice = r#"{"usage":{"prompt_tokens":3},"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}"#;
    let in_choice =
        r#"{"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":3}}]}"#;
    let groq = r#"{"choices":[],"x_groq":{"id":"1","usage":{"prompt_tokens":3}}}"#;
    let null_at_top = r#"{"usage":null,"choices":[{"usage":{"prompt_tokens":3}}]}"#;
    for json in [whole, last, with_choice, in_choice, groq, null_at_top] {
        assert_eq!(usage(json), Some(r#"{"prompt_tokens":3}"#), "{json}");
    }
}

#[test]
fn what_only_looks_like_usage_is_none() {
    for json in [
        r#"{"choices":[],"usage":null}"#,
        r#"{"usage":3}"#,
        r#"{"usage":[]}"#,
        r#"{"choices":[{"delta":{"content":"\"usage\":{}","usage":{"prompt_tokens":1}}}]}"#,
        r#"{"timings":{"usage":{}}}"#,
        r#"{"usage":{"prompt_tokens":3}"#,
        r#"[{"usage":{}}]"#,
        "[DONE]",
        "",
    ] {
        assert_eq!(usage(json), None, "{json}");
    }
}

#[test]
fn only_a_chunk_with_nothing_else_is_hidden() {
    for (json, only) in [
        (r#"{"choices":[],"usage":{}}"#, true),
        (r#"{"usage":{}}"#, true),
        (r#"{"choices":null,"usage":{}}"#, true),
        (
            r#"{"choices":[{"index":0,"finish_reason":null,"delta":{"content":null,"role":null}}],"usage":{}}"#,
            true,
        ),
        (
            r#"{"choices":[{"index":0,"delta":{"content":"","tool_calls":[]}}],"usage":{}}"#,
            true,
        ),
        (r#"{"choices":[],"usage":null}"#, false),
        (
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":{}}"#,
            false,
        ),
        (
            r#"{"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{}}"#,
            false,
        ),
        (
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{}}"#,
            false,
        ),
        (
            r#"{"choices":[{"index":0,"delta":{"audio":{"id":"a"}}}],"usage":{}}"#,
            false,
        ),
        (
            r#"{"choices":[],"usage":{},"error":{"message":"broke"}}"#,
            false,
        ),
    ] {
        assert_eq!(is_usage_only_chunk(json.as_bytes()), only, "{json}");
    }
}

#[test]
fn content_is_counted_after_unescaping() {
    for (json, bytes) in [
        (r#"{"choices":[{"delta":{"content":"abc"}}]}"#, 3),
        (
            r#"{"choices":[{"delta":{"content":"\u00e9\n\ud83d\ude00"}}]}"#,
            7,
        ),
        (
            r#"{"choices":[{"delta":{"reasoning_content":"ab","content":"c"}},{"delta":{"reasoning":"d"}}]}"#,
            4,
        ),
        (
            r#"{"choices":[{"delta":{"refusal":"no","role":"assistant"}}]}"#,
            2,
        ),
        (
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}]}}]}"#,
            8,
        ),
        (
            r#"{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}}]}"#,
            8,
        ),
        (
            r#"{"choices":[{"message":{"function_call":{"name":"f","arguments":"x"},"content":null}}]}"#,
            2,
        ),
        (
            r#"{"choices":[{"message":{"content":[{"type":"text","text":"ab"},{"type":"thinking","thinking":"c"}]}}]}"#,
            3,
        ),
        (r#"{"choices":[{"text":"abc"}]}"#, 3),
        (r#"{"choices":[{"delta":{"content":12}}]}"#, 0),
        (r#"{"choices":{"delta":{}}}"#, 0),
        (r#"{"choices":"none"}"#, 0),
        ("nonsense", 0),
    ] {
        assert_eq!(content_len(json.as_bytes()), bytes, "{json}");
    }
}

#[test]
fn errors_and_ends_are_seen() {
    let facts =
        ChunkFacts::read(br#"{"error":{"message":"broke"},"choices":[{"finish_reason":"stop"}]}"#)
            .unwrap();
    assert_eq!(
        facts.error.map(serde_json::value::RawValue::get),
        Some(r#"{"message":"broke"}"#)
    );
    assert!(facts.finished);
    assert!(
        ChunkFacts::read(br#"{"error":null}"#)
            .unwrap()
            .error
            .is_none()
    );
    assert!(ChunkFacts::read(b"{\"a\":\"\xff\"}").is_none());
    for (json, failed) in [
        (r#"{"choices":[{"finish_reason":"error"}]}"#, true),
        (r#"{"object":"error","message":"broke","code":400}"#, true),
        (
            r#"{"object":"chat.completion","choices":[{"finish_reason":"stop"}]}"#,
            false,
        ),
    ] {
        assert_eq!(
            ChunkFacts::read(json.as_bytes()).unwrap().failed,
            failed,
            "{json}"
        );
    }
}

#[test]
fn cost_is_put_into_usage() {
    for (given, sent) in [
        (
            r#"{"usage":{"a":1}}"#,
            r#"{"usage":{"cost":"0.000012","a":1}}"#,
        ),
        (r#"{"usage":{}}"#, r#"{"usage":{"cost":"0.000012"}}"#),
        (
            r#"{"usage":{ "cost" : 5e-3 ,"a":1}}"#,
            r#"{"usage":{ "cost" : "0.000012" ,"a":1}}"#,
        ),
        (
            r#"{"x_groq":{"usage":{"a":1}}}"#,
            r#"{"x_groq":{"usage":{"cost":"0.000012","a":1}}}"#,
        ),
        (r#"{"usage":null}"#, r#"{"usage":null}"#),
        ("no json", "no json"),
    ] {
        let sent_bytes = with_cost(&Bytes::from_static(given.as_bytes()), "0.000012").concat();
        assert_eq!(String::from_utf8(sent_bytes).unwrap(), sent);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(json in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ChunkFacts::read(&json);
        let _ = with_cost(&Bytes::from(json), "1");
    }

    #[test]
    fn no_json_panics(choices in super::json(), delta in super::json(), usage in super::json()) {
        let json = format!(r#"{{"choices":[{choices},{{"delta":{delta},"usage":{usage}}}],"usage":{usage}}}"#);
        prop_assert!(ChunkFacts::read(json.as_bytes()).is_some());
        let _ = is_usage_only_chunk(json.as_bytes());
    }

    #[test]
    fn a_cost_keeps_every_other_member(before in super::strangers(), inside in super::strangers()) {
        let mut members = before;
        members.push(format!("\"usage\": {{ {} }}", inside.join(" , ")));
        let body = format!("{{{}}}", members.join(","));
        let sent = with_cost(&Bytes::from(body.clone()), "0.25").concat();
        let mut after: Value = serde_json::from_slice(&sent).unwrap();
        prop_assert_eq!(after["usage"].as_object_mut().unwrap().remove("cost"), Some(Value::from("0.25")));
        let before: Value = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(&after, &before);
        prop_assert!(sent.len() >= body.len());
    }

    #[test]
    fn content_is_its_utf8_length(text in "\\PC{0,40}") {
        let json = serde_json::json!({"choices": [{"delta": {"content": text}}]}).to_string();
        prop_assert_eq!(content_len(json.as_bytes()), text.len() as u64);
    }
}
