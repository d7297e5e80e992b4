//! When a call is sent again, with which key, and after how long. Time is paused: no test waits.

use std::time::Duration;

use futures::StreamExt;
use swan_client::mock::{MockAnswer, MockTransport};
use swan_client::{Error, RetryBudget, RetryPolicy};
use tokio::time::Instant;

use super::{ANSWER, DONE, HELLO, THERE, builder, mocked, request};

fn keys(mock: &MockTransport) -> Vec<String> {
    let key = |request: &http::Request<_>| {
        request.headers()["idempotency-key"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    mock.requests().iter().map(key).collect()
}

#[tokio::test(start_paused = true)]
async fn passing_failures_are_retried_with_the_same_key_and_body() {
    let broke = MockAnswer::json(200, r#"{"choices":"#).then_break();
    let mut failures = vec![MockAnswer::no_connection(), MockAnswer::broken(), broke];
    failures.extend([408, 429, 500, 502, 503, 504].map(MockAnswer::new));
    failures.push(MockAnswer::new(409).with_header("retry-after", "1"));
    failures.push(MockAnswer::new(400).with_header("x-should-retry", "true"));
    for failure in failures {
        let (mock, client) = mocked();
        mock.push(failure.clone());
        mock.push(MockAnswer::json(200, ANSWER));
        let reply = client.chat().create(&request()).await.unwrap();
        assert_eq!(
            (reply.text(), reply.metadata().attempts),
            (Some("hello"), 2),
            "{failure:?}"
        );
        let (keys, sent) = (keys(&mock), mock.requests());
        assert_eq!(keys[0], keys[1]);
        assert_eq!(sent[0].body(), sent[1].body());
    }
}

#[tokio::test(start_paused = true)]
async fn lasting_failures_are_not_retried() {
    let quota = r#"{"error":{"message":"no money","code":"insufficient_quota"}}"#;
    let mut failures: Vec<_> = [301, 400, 401, 402, 403, 404, 409, 413, 422, 501]
        .map(MockAnswer::new)
        .into();
    failures.push(MockAnswer::json(429, quota));
    failures.push(MockAnswer::new(503).with_header("x-should-retry", "false"));
    failures.push(MockAnswer::new(402).with_header("retry-after", "1"));
    failures.push(MockAnswer::json(200, "[]"));
    for failure in failures {
        let (mock, client) = mocked();
        mock.push(failure.clone());
        client
            .chat()
            .create(&request())
            .await
            .expect_err("a failure");
        mock.push(failure.clone());
        client
            .chat()
            .stream(&request())
            .await
            .expect_err("a failure");
        assert_eq!(mock.requests().len(), 2, "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_wait_is_kept_with_and_without_streams() {
    for (name, value, secs) in [("retry-after", "7", 7), ("retry-after-ms", "2000", 2)] {
        let (mock, client) = mocked();
        let busy = || MockAnswer::new(429).with_header(name, value);
        let waited = Duration::from_secs(secs)..Duration::from_secs(secs + 1);

        mock.push(busy());
        mock.push(MockAnswer::json(200, ANSWER));
        let start = Instant::now();
        client.chat().create(&request()).await.unwrap();
        assert!(waited.contains(&start.elapsed()), "{:?}", start.elapsed());

        mock.push(busy());
        mock.push(MockAnswer::stream([HELLO, DONE]));
        let start = Instant::now();
        let stream = client.chat().stream(&request()).await.unwrap();
        assert!(waited.contains(&start.elapsed()), "{:?}", start.elapsed());
        assert_eq!((stream.metadata().attempts, stream.count().await), (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_is_left_to_the_caller() {
    let mock = MockTransport::new();
    let client = builder(&mock)
        .with_timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    // 61 s is over the policy's bound, 30 s is over the call's deadline.
    for secs in [61, 30] {
        mock.push(MockAnswer::new(503).with_header("retry-after", &secs.to_string()));
        let start = Instant::now();
        let error = client.chat().create(&request()).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(secs)));
        assert!(error.is_retryable());
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn retries_end() {
    let (mock, client) = mocked();
    for _ in 0..5 {
        mock.push(MockAnswer::new(500));
    }
    let error = client.chat().create(&request()).await.unwrap_err();
    assert_eq!(
        (error.status(), error.api().unwrap().metadata.attempts),
        (Some(500), 3)
    );
    let client = builder(&mock)
        .with_retry(RetryPolicy::never())
        .build()
        .unwrap();
    client.chat().create(&request()).await.unwrap_err();
    assert_eq!(mock.remaining(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_gets_no_storm_from_all_calls_together() {
    let mock = MockTransport::new();
    let policy = RetryPolicy::default().with_budget(RetryBudget::new(20, 2));
    let client = builder(&mock).with_retry(policy).build().unwrap();
    for _ in 0..100 {
        client.clone().chat().create(&request()).await.unwrap_err();
    }
    let retries = mock.requests().len() - 100;
    assert!((20..=22).contains(&retries), "{retries}");
}

#[tokio::test(start_paused = true)]
async fn each_call_has_a_key_of_its_own_unless_told() {
    let (mock, client) = mocked();
    for _ in 0..3 {
        mock.push(MockAnswer::json(200, ANSWER));
    }
    client.chat().create(&request()).await.unwrap();
    client.chat().create(&request()).await.unwrap();
    client
        .chat()
        .with_idempotency_key("order-7")
        .create(&request())
        .await
        .unwrap();
    let keys = keys(&mock);
    assert!(keys[0] != keys[1] && keys[0].len() > 32, "{keys:?}");
    assert_eq!(keys[2], "order-7");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_dies_before_its_first_chunk_is_retried() {
    let stream = || MockAnswer::stream([] as [&str; 0]);
    let overloaded = r#"{"error":{"message":"overloaded","code":503}}"#;
    for death in [
        stream(),
        stream().then(": ping\n\n").then_break(),
        MockAnswer::stream([overloaded]),
    ] {
        let (mock, client) = mocked();
        mock.push(death.clone());
        mock.push(MockAnswer::stream([HELLO, DONE]));
        let stream = client.chat().stream(&request()).await.unwrap();
        assert_eq!(stream.count().await, 1, "{death:?}");
        let keys = keys(&mock);
        assert_eq!(keys[0], keys[1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_never_retried_after_its_first_chunk() {
    let overloaded = r#"{"error":{"message":"overloaded","code":503}}"#;
    for death in [
        MockAnswer::stream([HELLO]).then_break(),
        MockAnswer::stream([HELLO, overloaded]),
    ] {
        let (mock, client) = mocked();
        mock.push(death);
        mock.push(MockAnswer::stream([HELLO, THERE, DONE]));
        let items: Vec<_> = client
            .chat()
            .stream(&request())
            .await
            .unwrap()
            .collect()
            .await;
        assert_eq!((items.len(), items[1].is_err()), (2, true));
        assert_eq!(mock.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_all_attempts_together() {
    let mock = MockTransport::new();
    let client = builder(&mock)
        .with_timeout(Duration::from_secs(9))
        .build()
        .unwrap();
    mock.push(
        MockAnswer::new(503)
            .after(Duration::from_secs(5))
            .with_header("retry-after", "1"),
    );
    mock.push(MockAnswer::silent());
    let start = Instant::now();
    let error = client.chat().create(&request()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }) && error.is_timeout() && error.is_retryable());
    assert_eq!(
        (start.elapsed(), mock.requests().len()),
        (Duration::from_secs(9), 2)
    );

    // A call's own timeout counts in place of the client's, and a timeout is not retried.
    mock.push(MockAnswer::silent());
    let start = Instant::now();
    client
        .chat()
        .with_timeout(Duration::from_secs(2))
        .stream(&request())
        .await
        .unwrap_err();
    assert_eq!(
        (start.elapsed(), mock.requests().len()),
        (Duration::from_secs(2), 3)
    );
}

#[tokio::test(start_paused = true)]
async fn reads_are_retried_without_a_key() {
    let (mock, client) = mocked();
    mock.push(MockAnswer::broken());
    mock.push(MockAnswer::json(200, r#"{"data":[{"id":"a"}]}"#));
    assert_eq!(client.models().list().await.unwrap().data[0].id, "a");
    assert!(
        mock.requests()
            .iter()
            .all(|request| !request.headers().contains_key("idempotency-key"))
    );
}
