//! What is peculiar to one operation: the forms of vectors, the chunks of texts, models that nobody named.

use serde_json::{Value, json};
use swan_core::Amount;
use swan_core::protocol::Operation;

use super::counted::counted;
use super::operations::EMBEDDING;
use super::provider::{reply, sse};
use super::{DONE, MODEL, Market};

#[tokio::test]
async fn vectors_come_in_the_form_that_was_asked_for_whatever_the_model_server_answers() {
    let (floats, packed) = (json!([0.5, -2.0]), json!("AAAAPwAAAMA="));
    for (format, answered, expected) in [
        (None, &floats, &floats),
        (None, &packed, &floats),
        (Some("float"), &packed, &floats),
        (Some("base64"), &floats, &packed),
        (Some("base64"), &packed, &packed),
    ] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, true, &[EMBEDDING]).await;
        let body = json!({"model": EMBEDDING, "input": "one", "encoding_format": format});
        let answer = market.post("/v1/embeddings", body.to_string()).background();
        let data =
            json!({"data": [{"index": 0, "embedding": answered}], "usage": {"prompt_tokens": 3}});
        provider.serve(reply(data.to_string())).await;
        let answer = answer.await.unwrap();
        assert_eq!(
            answer.json()["data"][0]["embedding"],
            *expected,
            "{format:?}"
        );
        let cost = answer.json()["usage"]["cost"].clone();
        assert_eq!(cost, market.spent("5").to_string());
    }
}

#[tokio::test]
async fn vectors_that_are_missing_or_no_numbers_are_nobodys_answer() {
    for data in [
        r#"{"data":[{"embedding":[1]}]}"#,
        r#"{"data":[{"embedding":[1]},{"embedding":"AACAPw=="}]}"#,
        r#"{"data":[{"embedding":[1]},{"embedding":[1e99]}]}"#,
        r#"{"data":[{"embedding":[1]},{"embedding":[null]}]}"#,
        r#"{"data":[{"embedding":[1]},{}]}"#,
    ] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, true, &[EMBEDDING]).await;
        let body = json!({"model": EMBEDDING, "input": ["a", "b"], "encoding_format": "base64"});
        let answer = market.post("/v1/embeddings", body.to_string()).background();
        provider.serve(reply(data)).await;
        let answer = answer.await.unwrap();
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (502, "provider_failed"),
            "{data}"
        );
        assert_eq!(market.spent("5"), Amount::ZERO);
    }
}

#[tokio::test]
async fn a_text_completion_streams_in_its_own_shape() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let chunk = |text: &str, reason: &str| {
        format!(
            "data: {{\"id\":\"t1\",\"object\":\"text_completion\",\"created\":5,\"model\":\"m\",\"choices\":[{{\"index\":0,\"text\":\"{text}\",\"finish_reason\":{reason}}}]}}\n\n"
        )
    };
    let body = format!(
        r#"{{"model":"{MODEL}","prompt":"once","stream":true,"stream_options":{{"include_usage":true}}}}"#
    );
    let answer = market.post("/v1/completions", body).background();
    let stream = [chunk(" upon", "null"), chunk("", "\"stop\""), DONE.into()].concat();
    let request = provider.serve(sse(stream)).await;
    // OpenAI's default is said, since model servers differ in theirs.
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent["max_tokens"], 16);
    let events = answer.await.unwrap().events();
    assert_eq!(events.len(), 4, "{events:?}");
    let last: Value = serde_json::from_str(&events[2]).unwrap();
    assert_eq!(
        (&last["object"], &last["id"], &last["created"]),
        (&json!("text_completion"), &json!("t1"), &json!(5))
    );
    assert_eq!(last["choices"], json!([]));
    market.settled().await;
    assert_eq!(last["usage"]["cost"], market.spent("5").to_string());
}

#[tokio::test]
async fn an_echoed_prompt_is_not_charged_as_if_it_had_been_generated() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let prompt = "a prompt of many words ".repeat(10);
    let body = json!({"model": MODEL, "prompt": prompt, "echo": true, "max_tokens": 1_000});
    let body = body.to_string();
    let answer = market.post("/v1/completions", body.clone()).background();
    let text = format!("{prompt}end!");
    provider
        .serve(reply(json!({"choices": [{"text": text}]}).to_string()))
        .await;
    assert_eq!(answer.await.unwrap().status, 200);
    // "end!" is a part of the text that is about one token long.
    let request = counted(&body);
    assert_eq!(market.spent("5"), market.price(request, 1));
}

#[tokio::test]
async fn images_without_a_model_are_made_by_one_that_somebody_serves() {
    let market = Market::start().await;
    let body = r#"{"prompt":"a swan"}"#;
    let nobody = market.post("/v1/images/generations", body).send().await;
    assert_eq!((nobody.status, &*nobody.error_code()), (503, "no_provider"));
    let mut provider = market.provider_of(1, true, &["sdxl"]).await;
    let answer = market.post("/v1/images/generations", body).background();
    let request = provider
        .serve(reply(r#"{"data":[{"url":"https://example.com/1.png"}]}"#))
        .await;
    assert_eq!(&*request.body, br#"{"model":"sdxl","prompt":"a swan"}"#);
    let answer = answer.await.unwrap();
    assert_eq!(answer.header("x-swan-cost"), "0.002");
    assert_eq!(
        answer.json()["usage"],
        json!({"images": 1, "cost": "0.002"})
    );
}

#[tokio::test]
async fn an_agent_of_the_public_network_gets_only_what_it_can_do() {
    let market = Market::start().await;
    let models = [MODEL, EMBEDDING];
    let mut agent = market.provider_of(1, false, &models).await;
    let body = format!(r#"{{"model":"{MODEL}","prompt":"once"}}"#);
    let refused = market.post("/v1/completions", body).send().await;
    assert_eq!(
        (refused.status, &*refused.error_code()),
        (404, "no_eligible_provider")
    );
    assert!(!agent.has_request());
    let body = format!(r#"{{"model":"{EMBEDDING}","input":"one"}}"#);
    let answer = market.post("/v1/embeddings", body).background();
    let request = agent
        .serve(reply(
            r#"{"data":[{"embedding":[1,2]}],"usage":{"prompt_tokens":1}}"#,
        ))
        .await;
    assert_eq!(request.operation, Operation::Embeddings);
    assert_eq!(answer.await.unwrap().status, 200);
}
