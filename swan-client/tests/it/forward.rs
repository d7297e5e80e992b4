//! Other people's requests, passed on as they are.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::Request;
use swan_client::mock::MockAnswer;
use swan_client::{Body, Error, Metadata};
use tokio::time::Instant;

use super::{DONE, HELLO, builder, mocked};

const ASK: &[u8] = br#"{ "model":"m", "seed": 18446744073709551617 }"#;

fn asked() -> http::request::Builder {
    Request::post("/chat/completions?x=1").header("content-type", "application/json")
}

async fn whole(body: Body) -> Vec<u8> {
    let pieces: Vec<Bytes> = body.try_collect().await.unwrap();
    pieces.concat()
}

#[tokio::test]
async fn bytes_and_headers_pass_and_doors_stay_shut() {
    let (mock, client) = mocked();
    let answer = MockAnswer::stream([HELLO, DONE])
        .with_header("x-swan-cost", "0.5")
        .with_header("x-other", "kept")
        .with_header("connection", "x-hop")
        .with_header("x-hop", "1")
        .with_header("transfer-encoding", "chunked");
    mock.push(answer);
    let request = asked()
        .header("authorization", "Bearer sk-of-the-caller")
        .header("cookie", "session=hush")
        .header("connection", "keep-alive, x-private")
        .header("x-private", "1")
        .header("host", "proxy.example")
        .header("x-team", "blue")
        .header("user-agent", "their-app/1");
    let request = request.body(Bytes::from_static(ASK)).unwrap();
    let answer = client.forward(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-other"], "kept");
    assert!(
        !answer.headers().contains_key("x-hop")
            && !answer.headers().contains_key("transfer-encoding")
    );
    let told = answer.extensions().get::<Metadata>().unwrap();
    assert_eq!(told.cost, Some("0.5".parse().unwrap()));
    let events = format!("data: {HELLO}\n\ndata: {DONE}\n\n");
    assert_eq!(whole(answer.into_body()).await, events.as_bytes());

    let sent = mock.requests().pop().unwrap();
    assert_eq!(sent.uri(), "http://mock/v1/chat/completions?x=1");
    assert_eq!(&sent.body()[..], ASK);
    let headers = sent.headers();
    assert_eq!(headers["authorization"], "Bearer sk-test");
    assert_eq!(headers["x-team"], "blue");
    assert_eq!(headers["user-agent"], "their-app/1");
    for gone in ["cookie", "host", "connection", "x-private"] {
        assert!(!headers.contains_key(gone), "{gone}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_with_one_key_and_the_last_one_comes_back_as_it_was_written() {
    let (mock, client) = mocked();
    let refusal = br#"{"error" : {"message":"busy"}}"#;
    for _ in 0..3 {
        mock.push(MockAnswer::json(503, &refusal[..]).with_header("x-swan-cost", "0"));
    }
    let answer = client
        .forward(asked().body(Bytes::from_static(ASK)).unwrap())
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-swan-cost"]),
        (503, &"0".parse().unwrap())
    );
    assert_eq!(answer.extensions().get::<Metadata>().unwrap().attempts, 3);
    assert_eq!(whole(answer.into_body()).await, refusal);
    let sent = mock.requests();
    let key = |at: usize| sent[at].headers()["idempotency-key"].clone();
    assert_eq!((key(0), key(1)), (key(1), key(2)));
    assert_eq!(sent[0].headers()["x-swan-hang-up"], "cancel");

    // Whoever brings a key of their own keeps it, and what the server does not want twice is sent once.
    mock.push(MockAnswer::new(409).with_header("retry-after", "2"));
    mock.push(MockAnswer::json(400, "no"));
    let request = asked()
        .header("idempotency-key", "theirs")
        .body(Bytes::new())
        .unwrap();
    let start = Instant::now();
    assert_eq!(client.forward(request).await.unwrap().status(), 400);
    assert!(start.elapsed() >= Duration::from_secs(2));
    let last = mock.requests().pop().unwrap();
    assert_eq!(last.headers()["idempotency-key"], "theirs");
    assert!(!last.headers().contains_key("x-swan-hang-up"));
    assert_eq!(mock.requests().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_never_comes_is_not_waited_for() {
    let (mock, client) = mocked();
    for _ in 0..3 {
        mock.push(MockAnswer::no_connection());
    }
    let lost = client.forward(asked().body(Bytes::new()).unwrap()).await;
    assert!(matches!(lost, Err(Error::Connect { .. })));

    let client = builder(&mock)
        .with_idle_timeout(Duration::from_secs(7))
        .build()
        .unwrap();
    mock.push(
        MockAnswer::new(200)
            .then("a")
            .then_wait(Duration::from_secs(6))
            .then("b")
            .then_hang(),
    );
    let answer = client
        .forward(Request::get("/models").body(Bytes::new()).unwrap())
        .await
        .unwrap();
    let start = Instant::now();
    let pieces: Vec<_> = answer.into_body().collect().await;
    assert_eq!(
        (pieces.len(), start.elapsed()),
        (3, Duration::from_secs(13))
    );
    assert!(pieces[2].is_err());
    let sent = mock.requests().pop().unwrap();
    assert!(
        !sent.headers().contains_key("idempotency-key"),
        "a GET needs none"
    );

    let client = builder(&mock)
        .with_stream_timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let drops = (0..9).fold(MockAnswer::new(200), |answer, _| {
        answer.then_wait(Duration::from_secs(5)).then(".")
    });
    mock.push(drops);
    let answer = client
        .forward(Request::get("/models").body(Bytes::new()).unwrap())
        .await
        .unwrap();
    let start = Instant::now();
    let pieces: Vec<_> = answer.into_body().collect().await;
    assert!(pieces.last().unwrap().is_err());
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}
