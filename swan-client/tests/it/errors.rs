//! What a caller can tell about a failure.

use std::error::Error as _;
use std::time::Duration;

use swan_client::mock::MockAnswer;
use swan_client::{Error, RetryPolicy};

use super::{builder, mocked, request};

async fn fail(answer: MockAnswer) -> Error {
    let mock = swan_client::mock::MockTransport::new();
    mock.push(answer);
    let client = builder(&mock)
        .with_retry(RetryPolicy::never())
        .build()
        .unwrap();
    client.chat().create(&request()).await.unwrap_err()
}

#[tokio::test]
async fn predicates_by_status() {
    // Columns: retryable, timeout, rate limited, insufficient funds, auth.
    for (status, expected) in [
        (400, [false, false, false, false, false]),
        (401, [false, false, false, false, true]),
        (402, [false, false, false, true, false]),
        (403, [false, false, false, false, true]),
        (404, [false, false, false, false, false]),
        (408, [true, true, false, false, false]),
        (409, [false, false, false, false, false]),
        (413, [false, false, false, false, false]),
        (429, [true, false, true, false, false]),
        (500, [true, false, false, false, false]),
        (502, [true, false, false, false, false]),
        (503, [true, false, false, false, false]),
        (504, [true, true, false, false, false]),
        (529, [true, false, false, false, false]),
    ] {
        let e = fail(MockAnswer::new(status)).await;
        let told = [
            e.is_retryable(),
            e.is_timeout(),
            e.is_rate_limited(),
            e.is_insufficient_funds(),
            e.is_auth(),
        ];
        assert_eq!((e.status(), told), (Some(status), expected), "{status}");
    }
}

#[tokio::test]
async fn money_that_has_run_out_is_not_a_rate_limit() {
    let quota = r#"{"error":{"message":"no money","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    let error = fail(MockAnswer::json(429, quota)).await;
    assert!(error.is_insufficient_funds() && !error.is_rate_limited() && !error.is_retryable());
}

#[tokio::test]
async fn every_error_shape_is_read() {
    for (body, message, code) in [
        (
            r#"{"error":{"message":"bad","type":"t","param":null,"code":"c"}}"#,
            "bad",
            Some("c"),
        ),
        (
            r#"{"error":{"message":"bad","code":400}}"#,
            "bad",
            Some("400"),
        ),
        (r#"{"error":"bad"}"#, "bad", None),
        (r#"{"detail":"bad"}"#, "bad", None),
        (
            r#"{"object":"error","message":"bad","code":40303}"#,
            "bad",
            Some("40303"),
        ),
        ("<html><title>bad</title></html>", "bad", None),
        ("bad", "bad", None),
        ("", "Bad Request", None),
    ] {
        let error = fail(MockAnswer::new(400).then(body)).await;
        assert_eq!(
            (error.api().unwrap().body.message.as_str(), error.code()),
            (message, code),
            "{body}"
        );
    }
}

#[tokio::test]
async fn errors_name_their_request_and_the_wait() {
    let answer = MockAnswer::json(
        429,
        r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#,
    );
    let answer = answer
        .with_header("x-request-id", "r-9")
        .with_header("retry-after", "12");
    let error = fail(answer.with_header("x-ratelimit-remaining", "0")).await;
    assert_eq!(
        (error.request_id(), error.retry_after()),
        (Some("r-9"), Some(Duration::from_secs(12)))
    );
    assert_eq!(error.api().unwrap().metadata.rate_limit.remaining, Some(0));
    assert_eq!(
        error.to_string(),
        "429 rate_limit_exceeded: slow down (request r-9)"
    );
}

#[tokio::test]
async fn an_error_inside_of_a_good_answer_is_an_error() {
    let inside = r#"{"error":{"message":"broke","code":502}}"#;
    let error = fail(MockAnswer::json(200, inside)).await;
    assert_eq!(
        (error.status(), error.code(), error.is_retryable()),
        (Some(200), Some("502"), true)
    );
    for (kind, retryable) in [
        ("provider_error", true),
        ("server_error", true),
        ("invalid_request_error", false),
    ] {
        let inside =
            format!(r#"{{"error":{{"message":"broke","type":"{kind}","code":"a_name"}}}}"#);
        assert_eq!(
            fail(MockAnswer::json(200, inside)).await.is_retryable(),
            retryable,
            "{kind}"
        );
    }
    let (mock, client) = mocked();
    mock.push(MockAnswer::json(200, r#"{"error":"model not loaded"}"#));
    let error = client.chat().stream(&request()).await.unwrap_err();
    assert_eq!(error.api().unwrap().body.message, "model not loaded");
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let error = fail(MockAnswer::no_connection()).await;
    assert!(
        matches!(error, Error::Connect { .. }) && error.is_retryable() && error.source().is_some()
    );
    assert_eq!(
        (
            error.status(),
            error.code(),
            error.request_id(),
            error.retry_after()
        ),
        (None, None, None, None)
    );
}

#[tokio::test]
async fn choices_that_a_header_cannot_carry_are_refused_before_sending() {
    let (mock, client) = mocked();
    for chat in [
        client.chat().with_provider("a\nb"),
        client.chat().with_idempotency_key("\u{7f}"),
        client.chat().with_header("not a name", "x"),
        client.chat().with_header("x-fine", "line\r\nbreak"),
    ] {
        let error = chat.create(&request()).await.unwrap_err();
        assert!(
            matches!(error, Error::Config { .. }) && !error.is_retryable(),
            "{error}"
        );
    }
    assert!(mock.requests().is_empty());
}
