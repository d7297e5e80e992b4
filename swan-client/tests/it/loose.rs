//! Answers as other servers write them, and what this family adds.

use futures::StreamExt;
use swan_client::mock::MockAnswer;
use swan_client::openai::{FinishReason, Role};

use super::{DONE, mocked, request};

#[tokio::test]
async fn unknown_fields_and_values_are_kept() {
    let body = r#"{"id":"1","service_tier":"turbo","choices":[{"index":0,"message":{"role":"oracle","content":"x","citations":[1]},"finish_reason":"eos","token":18446744073709551617}]}"#;
    let (mock, client) = mocked();
    mock.push(MockAnswer::json(200, body));
    let reply = client.chat().create(&request()).await.unwrap();
    let choice = &reply.choices[0];
    assert_eq!(
        choice.finish_reason,
        Some(FinishReason::Other("eos".to_owned()))
    );
    assert_eq!(choice.message.role, Role::Other("oracle".to_owned()));
    assert_eq!(
        choice.extra.get("token").unwrap().as_str(),
        "18446744073709551617"
    );
    assert_eq!(
        reply.extra.read::<String>("service_tier").as_deref(),
        Some("turbo")
    );
}

#[tokio::test]
async fn chunks_of_loose_servers_are_read() {
    let events = [
        r#"{"choices":[{"delta":{"role":"assistant","content":null,"reasoning_content":"hm"},"finish_reason":""}]}"#,
        r#"{"id":7,"created":1.5,"choices":[{"index":0,"delta":{"content":"hi","tool_calls":null}}],"usage":null}"#,
        r#"{"choices":null,"usage":{"prompt_tokens":null}}"#,
        DONE,
    ];
    let (mock, client) = mocked();
    mock.push(MockAnswer::stream(events));
    let chunks: Vec<_> = client
        .chat()
        .stream(&request())
        .await
        .unwrap()
        .map(Result::unwrap)
        .collect()
        .await;
    assert_eq!(
        chunks[0].choices[0].delta.reasoning_content.as_deref(),
        Some("hm")
    );
    assert_eq!(chunks[1].text(), Some("hi"));
    assert_eq!(chunks[1].extra.get("id").unwrap().as_str(), "7");
    assert!(chunks[2].choices.is_empty());
}

#[tokio::test]
async fn unknown_parameters_are_sent_as_they_are() {
    let (mock, client) = mocked();
    mock.push(MockAnswer::json(200, super::ANSWER));
    let kwargs = serde_json::json!({"enable_thinking": false});
    let request = request()
        .with("top_k", &40)
        .unwrap()
        .with("chat_template_kwargs", &kwargs)
        .unwrap();
    client.chat().create(&request).await.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(mock.requests()[0].body()).unwrap();
    assert_eq!(
        (&sent["top_k"], &sent["chat_template_kwargs"]),
        (&40.into(), &kwargs)
    );
}
