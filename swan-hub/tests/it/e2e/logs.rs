//! What a hub logs, and what it must not; and that it heeds a new configuration.

use serde_json::{Value, json};

use super::endpoint::{MODEL, endpoint};
use super::hub::TestHub;
use super::part::until;
use super::wire;

/// Where an external endpoint's secrets can come from.
const SECRETS: [&str; 3] = ["the-bearer-marker", "the-header-marker", "the-query-marker"];

#[tokio::test]
async fn no_log_line_has_a_prompt_an_answer_or_a_key() {
    let (url, _) = endpoint("the-answer-marker").await;
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key");
    std::fs::write(&key_file, SECRETS[0]).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key_file, private).unwrap();
    let hub = TestHub::start_with(&format!(
        "log = \"trace\"\n[[external]]\nname = \"own\"\nurl = \"{url}?token={}\"\nmodels = [\"{MODEL}\"]\nkey_file = \"{}\"\nheaders = {{ x-secret = \"{}\" }}\n",
        SECRETS[2], key_file.display(), SECRETS[1]
    ))
    .await;
    let consumer = hub.consumer("alice", "5").await;
    let messages = json!([{"role": "user", "content": "the-prompt-marker"}]);
    let requests = [
        (&*consumer.key, json!({})),
        (&*consumer.key, json!({"stream": true})),
        (&*consumer.key, json!({"model": "no-such-model"})),
        (&*consumer.key, json!({"max_tokens": "the-prompt-marker"})),
        (&*consumer.key, json!({"fail": 500})),
        (&*consumer.key, json!({"fail": 401})),
        (&*consumer.key, json!({"fail": 403, "stream": true})),
        (&*consumer.key, json!({"fail": 429})),
        ("sk-swan-the-key-marker", json!({})),
    ];
    for (key, more) in &requests {
        let mut body = json!({"model": MODEL, "messages": messages, "max_tokens": 50});
        let members = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        let answer = wire::post(&hub.url(), "/v1/chat/completions", key, &body).await;
        let answer = answer.text().await;
        for secret in SECRETS {
            assert!(!answer.contains(secret), "{more}: {answer}");
        }
    }
    until("every request is logged", || async {
        let output = hub.output();
        (output.matches("swan_hub::request").count() >= requests.len()).then_some(())
    })
    .await;
    let output = hub.output();
    assert!(output.contains("hyper"), "the lines of libraries, too");
    let others = [
        "the-prompt-marker",
        "the-answer-marker",
        "the-key-marker",
        &consumer.key,
    ];
    for secret in others.iter().chain(&SECRETS) {
        let line = output.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
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
