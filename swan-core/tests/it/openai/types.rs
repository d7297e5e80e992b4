//! The types keep what they do not know.

use proptest::prelude::*;
use serde_json::Value;
use swan_core::Amount;
use swan_core::openai::{
    ChatChunk, ChatRequest, ChatResponse, Content, FinishReason, ModelList, Role,
};

fn same<T: serde::de::DeserializeOwned + serde::Serialize>(json: &str) {
    let read: T = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}

#[test]
fn numbers_of_any_size_survive() {
    same::<ChatRequest>(
        r#"{"model":"m","messages":[{"role":"user","content":"hi","ref":9007199254740993}],"x":18446744073709551617,"y":0.10000000000000000000000001,"z":1.10}"#,
    );
    same::<ChatResponse>(
        r#"{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop","logprobs":null,"token_ids":[9007199254740993]}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"queue_time":1e-9}}"#,
    );
}

#[test]
fn unknown_values_of_enums_are_named() {
    let chunk: ChatChunk = serde_json::from_str(
        r#"{"choices":[{"delta":{"role":"critic"},"finish_reason":"eos_token"}]}"#,
    )
    .unwrap();
    let choice = &chunk.choices[0];
    assert_eq!(
        choice.finish_reason,
        Some(FinishReason::Other("eos_token".to_owned()))
    );
    assert_eq!(choice.delta.role, Some(Role::Other("critic".to_owned())));
    assert_eq!(FinishReason::from(""), FinishReason::Other(String::new()));
}

#[test]
fn loose_servers_are_read() {
    // No object, no created, nulls for lists, a float for a time, text for a number.
    let json = r#"{"id":null,"choices":[{"index":null,"message":{"content":null,"tool_calls":null},"finish_reason":null}],"created":1.5e9,"usage":{"prompt_tokens":"3"}}"#;
    let answer: ChatResponse = serde_json::from_str(json).unwrap();
    assert_eq!(answer.text(), None);
    assert_eq!(
        (
            answer.created,
            answer.extra.get("created").unwrap().as_str()
        ),
        (None, "1.5e9")
    );
    let usage = answer.usage.unwrap();
    assert_eq!(
        (usage.prompt_tokens, usage.extra.read("prompt_tokens")),
        (0, Some("3".to_owned()))
    );
    assert_eq!(serde_json::to_value(&usage).unwrap()["prompt_tokens"], "3");
    let models: ModelList = serde_json::from_str(r#"{"data":[{"id":"a"}]}"#).unwrap();
    assert_eq!(models.data[0].id, "a");
}

#[test]
fn parts_keep_their_members() {
    let json = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:","size":18446744073709551617}}]}]}"#;
    same::<ChatRequest>(json);
    let request: ChatRequest = serde_json::from_str(json).unwrap();
    assert!(
        matches!(&request.messages[0].content, Some(Content::Parts(parts)) if parts.len() == 2)
    );
    assert_eq!(request.messages[0].text(), Some("see"));
}

#[test]
fn cost_is_exact_as_text_and_as_number() {
    let cost = |json: &str| {
        let answer: ChatResponse = serde_json::from_str(json).unwrap();
        answer.usage.unwrap().amount()
    };
    let expected = Some("0.000012".parse::<Amount>().unwrap());
    assert_eq!(cost(r#"{"usage":{"cost":"0.000012"}}"#), expected);
    assert_eq!(cost(r#"{"usage":{"cost":0.000012}}"#), expected);
    assert_eq!(cost(r#"{"usage":{"cost":"much"}}"#), None);
    assert_eq!(cost(r#"{"usage":{}}"#), None);
}

#[test]
fn a_message_that_is_no_object_is_an_error() {
    assert!(serde_json::from_str::<ChatResponse>("[]").is_err());
    assert!(serde_json::from_str::<ChatChunk>("\"x\"").is_err());
}

proptest! {
    #[test]
    fn reading_and_writing_loses_no_member(members in super::strangers(), message in super::strangers()) {
        let body = format!(
            r#"{{"model":"m","messages":[{{{}}}]{}{}}}"#,
            [vec![r#""role":"user""#.to_owned()], message].concat().join(","),
            if members.is_empty() { "" } else { "," },
            members.join(","),
        );
        let read: ChatRequest = serde_json::from_str(&body).unwrap();
        let written = serde_json::to_string(&read).unwrap();
        let (before, after): (Value, Value) =
            (serde_json::from_str(&body).unwrap(), serde_json::from_str(&written).unwrap());
        prop_assert_eq!(before, after);
    }

    #[test]
    fn no_value_of_a_known_member_is_an_error(value in super::json()) {
        let json = format!(r#"{{"id":{value},"choices":{value},"usage":{value},"model":{value}}}"#);
        let read: ChatResponse = serde_json::from_str(&json).unwrap();
        let _ = serde_json::to_string(&read).unwrap();
    }
}
