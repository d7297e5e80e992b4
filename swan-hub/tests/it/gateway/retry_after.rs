//! Providers whose model servers say when to come again.

use std::sync::Arc;
use std::time::Duration;

use swan_core::protocol::{Failure, StreamEnd};
use swan_core::testkit::ManualClock;

use super::http::Answer;
use super::provider::{Act, Provider, reply};
use super::{MODEL, Market, ask, completion};

const SLOW_DOWN: &str = r#"{"error":{"message":"slow down"}}"#;

/// The model server refuses in its own words.
fn refuses(status: u16, secs: u64) -> Vec<Act> {
    vec![
        Act::HeadLater(status, "application/json", Duration::from_secs(secs)),
        Act::Body(SLOW_DOWN.into()),
        Act::Finish(StreamEnd::default()),
    ]
}

/// The provider does so for it.
fn fails(status: u16, secs: u64) -> Vec<Act> {
    let failure = Failure::provider(status, "slow down");
    let after = Some(Duration::from_secs(secs));
    vec![Act::Fail(failure.with_retry_after(after))]
}

fn serves() -> Vec<Act> {
    reply(completion("hello", 7, 2))
}

async fn market() -> (Market, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(super::now()));
    let hubs = Arc::clone(&clock);
    let market = Market::with(|builder| builder.with_clock(hubs)).await;
    (market, clock)
}

async fn answered(market: &Market, provider: &mut Provider, acts: Vec<Act>) -> Answer {
    let answer = market.chat(ask("")).background();
    provider.serve(acts).await;
    answer.await.unwrap()
}

/// Status and `Retry-After` of a request that nobody is asked.
async fn told(market: &Market) -> (u16, String, String) {
    let answer = market.chat(ask("")).send().await;
    let after = answer.header("retry-after").to_owned();
    (answer.status, answer.error_code(), after)
}

#[tokio::test]
async fn a_provider_that_asks_for_a_rest_gets_one_and_consumers_hear_of_it_when_nobody_else_serves()
{
    type Refusal = fn(u16, u64) -> Vec<Act>;
    for (refusal, status) in [
        (refuses as Refusal, 429),
        (refuses, 503),
        (fails, 429),
        (fails, 503),
    ] {
        let (market, clock) = market().await;
        let (mut one, mut two) = (market.provider(1).await, market.provider(2).await);
        let pinned = market.chat(ask("")).header("x-swan-provider", "node-1");
        let answer = pinned.background();
        one.serve(refusal(status, 30)).await;
        two.serve(serves()).await;
        assert_eq!(answer.await.unwrap().status, 200, "the other one serves");
        for _ in 0..6 {
            assert_eq!(answered(&market, &mut two, serves()).await.status, 200);
        }
        assert!(!one.has_request(), "nothing is sent there meanwhile");

        let answer = answered(&market, &mut two, refusal(status, 10)).await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (503, "providers_busy")
        );
        assert_eq!(answer.header("retry-after"), "10", "whoever is back first");
        let busy = |secs: &str| (503, "providers_busy".to_owned(), secs.to_owned());
        clock.advance(Duration::from_millis(7_500));
        assert_eq!(told(&market).await, busy("3"), "rounded up");
        assert!(!one.has_request() && !two.has_request());
        clock.advance(Duration::from_millis(2_500));
        assert_eq!(answered(&market, &mut two, serves()).await.status, 200);
        market.settled().await;
    }
}

#[tokio::test]
async fn no_rest_is_longer_than_five_minutes_and_no_wait_longer_than_sdks_respect() {
    let (market, clock) = market().await;
    let mut provider = market.provider(1).await;
    let answer = answered(&market, &mut provider, refuses(429, 1_000_000)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "120"));
    clock.advance(Duration::from_secs(299));
    assert_eq!(told(&market).await.2, "1");
    clock.advance(Duration::from_secs(1));
    assert_eq!(answered(&market, &mut provider, serves()).await.status, 200);
}

#[tokio::test]
async fn whoever_is_pinned_and_says_when_to_come_again_is_quoted() {
    let (market, _clock) = market().await;
    let mut provider = market.provider(1).await;
    let _other = market.provider(2).await;
    let call = market.chat(ask("")).header("x-swan-provider", "node-1");
    let answer = call.header("x-swan-allow-fallbacks", "false").background();
    provider.serve(refuses(429, 20)).await;
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (502, "no_fallback_available")
    );
    assert_eq!(answer.header("retry-after"), "20");
}

#[tokio::test]
async fn v1_and_other_statuses_ask_for_no_rest() {
    let (market, _clock) = market().await;
    let mut old = market.provider_of(1, false, &[MODEL]).await;
    let answer = answered(&market, &mut old, fails(429, 30)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "2"));
    assert_eq!(answered(&market, &mut old, serves()).await.status, 200);
    old.die().await;
    super::until(|| market.hub.providers_online(MODEL) == 0).await;
    let mut new = market.provider(2).await;
    let answer = answered(&market, &mut new, refuses(500, 30)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (502, ""));
    assert_eq!(answered(&market, &mut new, serves()).await.status, 200);
}
