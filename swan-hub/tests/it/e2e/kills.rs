//! Providers that die: unnoticed before the first token, told and fairly settled after it.

use serde_json::{Value, json};

use super::hub::TestHub;
use super::model_server::{COMPLETION_PICO, MODEL, PROMPT_PICO, chat, long_stream};
use super::part::until;
use super::provider::TestProvider;
use super::wire;

#[tokio::test]
async fn a_provider_killed_before_the_first_token_of_a_stream_is_not_noticed() {
    let request = chat(
        &json!({"stream": true, "first_delay_ms": 1500, "stream_options": {"include_usage": true}}),
    );
    let text = is_not_noticed(&request).await;
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    assert!(text.contains("Swan") && text.contains(" word."), "{text}");
    assert!(!text.contains("\"error\""), "{text}");
}

#[tokio::test]
async fn a_provider_killed_before_a_whole_answer_is_not_noticed() {
    let text = is_not_noticed(&chat(&json!({"first_delay_ms": 1500}))).await;
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert!(
        answer["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .ends_with("each word."),
        "{answer}"
    );
}

/// Two providers; the one that works on the request is killed, the other one answers. Returns the body.
async fn is_not_noticed(request: &Value) -> String {
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let one = TestProvider::start(&hub, "gpu-one", 8).await;
    let two = TestProvider::start(&hub, "gpu-two", 8).await;
    hub.serves(MODEL, 2).await;

    let url = hub.url();
    let asked = async {
        let answer = wire::post(&url, "/v1/chat/completions", &consumer.key, request).await;
        let status = answer.status;
        let server = answer.header("x-swan-provider-name").map(str::to_owned);
        (status, server, answer.text().await)
    };
    let killed = async {
        let first = until("one of the two works on the request", || async {
            if one.model_server.count("active").await > 0 {
                return Some(0);
            }
            (two.model_server.count("active").await > 0).then_some(1)
        })
        .await;
        let (mut victim, survivor) = if first == 0 { (one, two) } else { (two, one) };
        victim.kill().await;
        survivor
    };
    let ((status, server, text), survivor) = tokio::join!(asked, killed);

    assert_eq!(status, 200, "{text}\n{}", hub.output());
    assert_eq!(server.as_deref(), Some(survivor.name));
    let funds = hub.settled_funds(&consumer, 1).await;
    assert!(funds.spent > 0, "the answer is paid for once");
    assert_eq!(
        hub.earned(survivor.name).await,
        funds.spent * 95 / 100,
        "by the one who gave it"
    );
    hub.audit().await;
    text
}

#[tokio::test]
async fn a_provider_killed_in_the_middle_of_a_stream_is_paid_for_what_was_delivered() {
    let hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let mut provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;

    let request = long_stream();
    let mut answer = wire::post(&hub.url(), "/v1/chat/completions", &consumer.key, &request).await;
    assert_eq!(answer.status, 200);
    let mut content = String::new();
    for _ in 0..5 {
        content += &answer.content().await;
    }
    provider.kill().await;
    let mut last = None;
    while let Some(data) = answer.event().await.expect("the body ends in good order") {
        assert_ne!(data, "[DONE]", "a broken answer does not look whole");
        let event: Value = serde_json::from_str(&data).unwrap();
        content += event["choices"][0]["delta"]["content"]
            .as_str()
            .unwrap_or_default();
        last = Some(event);
    }
    let error = &last.expect("an error event")["error"];
    for field in ["message", "type", "code"] {
        assert!(
            error[field].as_str().is_some_and(|value| !value.is_empty()),
            "{field} in {error}"
        );
    }

    let funds = hub.settled_funds(&consumer, 1).await;
    // No token is shorter than a byte, so neither side can have more tokens than bytes; the template's own are allowed for.
    let prompt = i128::try_from(request.to_string().len()).unwrap() + 128;
    let completion = i128::try_from(content.len()).unwrap();
    assert!(funds.spent > 0, "what was delivered is charged");
    assert!(
        funds.spent <= prompt * PROMPT_PICO + completion * COMPLETION_PICO,
        "{funds:?} for {content:?}"
    );
    assert_eq!(
        hub.earned(provider.name).await,
        funds.spent * 95 / 100,
        "the provider has its share"
    );
    hub.audit().await;
}
