//! How streams go on and how they end.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FusedStream;
use swan_client::mock::{MockAnswer, MockTransport};
use swan_client::openai::ChatChunk;
use swan_client::{Amount, ChatStream, Error};
use tokio::time::Instant;

use super::{DONE, HELLO, THERE, builder, mocked, request};

async fn open(answer: MockAnswer) -> ChatStream {
    let (mock, client) = mocked();
    mock.push(answer);
    client.chat().stream(&request()).await.unwrap()
}

/// The text that came, and the error at the end.
async fn drain(mut stream: ChatStream) -> (String, Option<Error>) {
    let mut text = String::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(chunk) => text.push_str(chunk.text().unwrap_or_default()),
            Err(error) => {
                assert!(
                    stream.is_terminated() && stream.next().await.is_none(),
                    "an error is the last item"
                );
                return (text, Some(error));
            }
        }
    }
    (text, None)
}

#[tokio::test]
async fn a_whole_stream_ends_clean() {
    let (text, error) = drain(open(MockAnswer::stream([HELLO, THERE, DONE])).await).await;
    assert_eq!((text.as_str(), error.is_none()), ("hello there", true));
}

#[tokio::test]
async fn the_request_asks_for_a_stream_only_when_it_is_one() {
    let (mock, client) = mocked();
    mock.push(MockAnswer::stream([DONE]));
    mock.push(MockAnswer::json(200, super::ANSWER));
    let mut asked = request().with_usage_in_stream();
    assert_eq!(client.chat().stream(&asked).await.unwrap().count().await, 0);
    asked.stream = Some(true);
    client.chat().create(&asked).await.unwrap();
    let body = |at: usize| String::from_utf8(mock.requests()[at].body().to_vec()).unwrap();
    assert!(
        body(0).contains(r#""stream":true,"stream_options":{"include_usage":true}"#),
        "{}",
        body(0)
    );
    assert!(!body(1).contains("stream"), "{}", body(1));
}

#[tokio::test]
async fn framing_of_every_kind_is_understood() {
    let bodies = [
        format!(": ping\n\ndata: {HELLO}\n\n: ping\n\ndata: {DONE}\n\n"),
        format!("data: {HELLO}\r\n\r\ndata: {DONE}\r\n\r\n"),
        format!("\u{feff}data:{HELLO}\n\ndata:{DONE}\n\n"),
        format!("\u{feff}\u{feff}data: {HELLO}\n\ndata: {DONE}\n\n"),
        format!("id: 1\nevent: message\nretry: 5\ndata: {HELLO}\n\ndata: {DONE}\n\n"),
        "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"hello\"}}]}\n\ndata: [DONE]\n\n"
            .to_owned(),
        format!("data:\n\ndata: {HELLO}\n\ndata:  {DONE} \n\ndata: after the end\n\n"),
    ];
    for body in bodies {
        let typed = |answer: MockAnswer| {
            answer.with_header("content-type", "text/event-stream; charset=utf-8")
        };
        let (text, error) = drain(open(typed(MockAnswer::new(200).then(body.clone()))).await).await;
        assert_eq!((text.as_str(), error.is_none()), ("hello", true), "{body}");
        // Byte by byte, and without a content type.
        let bytes = body.as_bytes().chunks(1);
        let slow = bytes.fold(MockAnswer::new(200), |answer, byte| {
            answer.then(byte.to_vec())
        });
        assert_eq!(drain(open(slow).await).await.0, "hello", "{body}");
    }
}

#[tokio::test]
async fn letters_split_between_pieces_stay_whole() {
    let event =
        "data: {\"choices\":[{\"delta\":{\"content\":\"é😀\"}}]}\n\ndata: [DONE]\n\n".as_bytes();
    let answer = event
        .chunks(1)
        .fold(MockAnswer::stream([] as [&str; 0]), |answer, byte| {
            answer.then(byte.to_vec())
        });
    assert_eq!(drain(open(answer).await).await.0, "é😀");
}

#[tokio::test]
async fn a_cut_stream_is_an_error() {
    for cut in [
        MockAnswer::stream([HELLO]),
        MockAnswer::stream([HELLO])
            .then("data: {\"cho")
            .then_break(),
    ] {
        let (text, error) = drain(open(cut.with_header("x-request-id", "r-1")).await).await;
        let error = error.unwrap();
        assert_eq!(text, "hello");
        assert!(matches!(error, Error::Interrupted { .. }), "{error}");
        assert_eq!(error.request_id(), Some("r-1"));
    }
}

#[tokio::test]
async fn an_error_event_is_an_error_with_its_code() {
    let named =
        "event: error\ndata: {\"message\":\"provider lost\",\"code\":\"provider_failed\"}\n\n";
    let inside =
        r#"{"error":{"message":"provider lost","type":"server_error","code":"provider_failed"}}"#;
    for answer in [
        MockAnswer::stream([HELLO]).then(named),
        MockAnswer::stream([HELLO, inside, THERE, DONE]),
    ] {
        let (text, error) = drain(open(answer).await).await;
        let error = error.unwrap();
        assert_eq!(
            (text.as_str(), error.code(), error.status()),
            ("hello", Some("provider_failed"), Some(200))
        );
        assert!(error.api().unwrap().mid_stream);
        assert!(error.to_string().contains("provider lost"), "{error}");
    }
}

#[tokio::test]
async fn usage_and_cost_come_with_their_chunk() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"cost":"0.000012"}}"#;
    let mut stream = open(MockAnswer::stream([HELLO, usage, DONE])).await;
    assert!(stream.usage().is_none() && stream.metadata().cost.is_none());
    let chunks: Vec<ChatChunk> = stream.by_ref().map(Result::unwrap).collect().await;
    assert_eq!((chunks.len(), stream.usage().unwrap().total_tokens), (2, 5));
    assert_eq!(
        stream.metadata().cost,
        Some("0.000012".parse::<Amount>().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_stream_and_pings_keep_it() {
    let mock = MockTransport::new();
    let client = builder(&mock)
        .with_idle_timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let almost = Duration::from_secs(59);
    let pinged = MockAnswer::stream([HELLO])
        .then_wait(almost)
        .then(": ping\n\n")
        .then_wait(almost);
    mock.push(pinged.then(format!("data: {DONE}\n\n")));
    assert_eq!(
        drain(client.chat().stream(&request()).await.unwrap())
            .await
            .0,
        "hello"
    );

    mock.push(MockAnswer::stream([HELLO]).then_hang());
    let start = Instant::now();
    let (text, error) = drain(client.chat().stream(&request()).await.unwrap()).await;
    assert_eq!(
        (text.as_str(), start.elapsed()),
        ("hello", Duration::from_secs(60))
    );
    assert!(error.unwrap().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_not_a_silent_server() {
    let mock = MockTransport::new();
    let client = builder(&mock)
        .with_idle_timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    mock.push(
        MockAnswer::stream([HELLO])
            .then_wait(Duration::from_secs(5))
            .then(format!("data: {DONE}\n\n")),
    );
    let stream = client.chat().stream(&request()).await.unwrap();
    tokio::time::advance(Duration::from_secs(600)).await;
    assert!(drain(stream).await.1.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_ends_is_ended() {
    let mock = MockTransport::new();
    let client = builder(&mock)
        .with_stream_timeout(Duration::from_secs(100))
        .build()
        .unwrap();
    let ping = |answer: MockAnswer, _| answer.then_wait(Duration::from_secs(30)).then(": ping\n\n");
    mock.push((0..10).fold(MockAnswer::stream([HELLO]), ping));
    let start = Instant::now();
    let (_, error) = drain(client.chat().stream(&request()).await.unwrap()).await;
    assert!(error.unwrap().is_timeout());
    assert_eq!(start.elapsed(), Duration::from_secs(100));
}
