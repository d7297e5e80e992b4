//! Consumers who do not read: time does not stop for them, and what they were sent is paid.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use swan_core::Amount;
use tower::Service as _;

use super::provider::{Provider, begin};
use super::{Market, ask, delta, until, within};

/// The body of a stream that has begun, from the router itself: no server in between reads on its own.
async fn opened(market: &Market, provider: &mut Provider) -> Body {
    let request = Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {}", market.key))
        .body(Body::from(ask("\"stream\":true")))
        .unwrap();
    let mut router = market.hub.router();
    let opening = tokio::spawn(async move { router.call(request).await.unwrap() });
    provider.serve(begin(delta("hello"))).await;
    let mut body = within(opening).await.unwrap().into_body();
    let first = within(body.frame()).await.unwrap().unwrap();
    assert!(first.into_data().unwrap().ends_with(b"\n\n"));
    body
}

async fn rest(body: Body) -> String {
    let rest = within(body.collect()).await.unwrap().to_bytes();
    String::from_utf8(rest.to_vec()).unwrap()
}

#[tokio::test]
async fn a_consumer_who_stops_reading_is_cut_off_and_pays_for_what_came() {
    let limits = |limits: &mut swan_hub::Limits| limits.stream_deadline = Duration::from_secs(1);
    let market = Market::with_limits(limits).await;
    let mut provider = market.provider(1).await;
    let body = opened(&market, &mut provider).await;
    assert_eq!(market.hub.in_flight(), 1);
    // Nobody asks the body for more, and the time passes all the same.
    until(|| market.hub.in_flight() == 0).await;
    let spent = market.spent("5");
    assert!(spent > Amount::ZERO && market.earned(1) > Amount::ZERO);
    let rest = rest(body).await;
    assert!(rest.contains("\"answer_cut_off\""), "{rest}");
    assert_eq!(market.spent("5"), spent, "charged once");
}

#[tokio::test]
async fn a_drain_charges_those_who_do_not_read_before_the_books_close() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let body = opened(&market, &mut provider).await;
    let drained = within(market.hub.drain(Duration::from_millis(50))).await;
    assert!(drained.unwrap_err().to_string().starts_with("1 requests"));
    assert_eq!(market.hub.in_flight(), 0);
    assert!(market.spent("5") > Amount::ZERO && market.earned(1) > Amount::ZERO);
    drop(body);
    assert_eq!(market.hub.books().audit(), []);
}

#[tokio::test]
async fn a_limit_beyond_every_clock_is_no_limit() {
    let market = Market::with_limits(|limits| {
        limits.body_deadline = Duration::MAX;
        limits.request_deadline = Duration::MAX;
        limits.stream_deadline = Duration::MAX;
        limits.first_token = Duration::MAX;
        limits.idle = Duration::MAX;
        limits.heartbeat = Duration::MAX;
    })
    .await;
    let mut provider = market.provider(1).await;
    let body = opened(&market, &mut provider).await;
    drop(body);
    market.settled().await;
    assert!(market.spent("5") > Amount::ZERO);
}
