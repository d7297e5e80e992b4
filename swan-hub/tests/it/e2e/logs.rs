//! What a hub logs, and what it must not; and that it heeds a new configuration.

use serde_json::{Value, json};

use super::endpoint::{MODEL, endpoint};
use super::hub::TestHub;
use super::part::until;
use super::wire;

#[tokio::test]
async fn no_log_line_has_a_prompt_an_answer_or_a_key() {
    let (url, _) = endpoint("the-answer-marker").await;
    let hub = TestHub::start_with(&format!(
        "log = \"info,swan_hub=trace,swan_core=trace\"\n[[external]]\nname = \"own\"\nurl = \"{url}\"\nmodels = [\"{MODEL}\"]\n"
    ))
    .await;
    let consumer = hub.consumer("alice", "5").await;
    let messages = json!([{"role": "user", "content": "the-prompt-marker"}]);
    for (key, more) in [
        (&*consumer.key, json!({})),
        (&*consumer.key, json!({"stream": true})),
        (&*consumer.key, json!({"model": "no-such-model"})),
        (&*consumer.key, json!({"max_tokens": "the-prompt-marker"})),
        (&*consumer.key, json!({"fail": true})),
        ("sk-swan-the-key-marker", json!({})),
    ] {
        let mut body = json!({"model": MODEL, "messages": messages, "max_tokens": 50});
        let members = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        let answer = wire::post(&hub.url(), "/v1/chat/completions", key, &body).await;
        answer.text().await;
    }
    until("every request is logged", || async {
        let output = hub.output();
        (output.matches("swan_hub::request").count() >= 6).then_some(())
    })
    .await;
    let output = hub.output();
    for secret in [
        "the-prompt-marker",
        "the-answer-marker",
        "the-key-marker",
        &consumer.key,
    ] {
        assert!(!output.contains(secret), "{secret}\n{output}");
    }
}

#[tokio::test]
async fn a_wrong_configuration_changes_nothing_and_a_right_one_what_it_can() {
    let hub = TestHub::start_with("").await;
    let consumer = hub.consumer("alice", "5").await;
    hub.reconfigure("[limits]\nnonsense = 1\n").await;
    until("the mistake is named", || async {
        let output = hub.output();
        (output.contains("not reloaded") && output.contains("nonsense")).then_some(())
    })
    .await;
    hub.reconfigure("durability = \"relaxed\"\n[limits]\nbody_bytes = 10\n")
        .await;
    let answer: Value = until("the new limit holds", || async {
        let body = json!({"model": MODEL, "messages": []});
        let answer = wire::post(&hub.url(), "/v1/chat/completions", &consumer.key, &body).await;
        match answer.status.as_u16() {
            413 => Some(answer.json().await),
            _ => None,
        }
    })
    .await;
    assert_eq!(answer["error"]["code"], "request_too_large");
    until("what a start only heeds is named", || async {
        hub.output().contains("durability").then_some(())
    })
    .await;
}
