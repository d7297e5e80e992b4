//! Silence: what a consumer hears of a stream while nobody answers, and that failures stay unseen all the same.

use std::time::Duration;

use swan_core::Amount;
use swan_core::protocol::{Failure, StreamEnd};
use swan_hub::Outcome;

use super::provider::{Act, begin, sse};
use super::{DONE, MODEL, Market, STOP, ask, delta, until, usage};

const STREAM: &str = "\"stream\":true";
const PING: &str = ": ping\n\n";
const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";

async fn beating() -> Market {
    Market::with_limits(|limits| limits.heartbeat = Duration::from_millis(50)).await
}

fn rest() -> [Act; 2] {
    let rest = [STOP.into(), usage(7, 2), DONE.into()].concat();
    [Act::Body(rest), Act::Finish(StreamEnd::default())]
}

#[tokio::test]
async fn a_provider_that_fails_after_a_heartbeat_is_replaced_all_the_same() {
    for v2 in [true, false] {
        let market = beating().await;
        let mut bad = market.provider_of(1, v2, &[MODEL]).await;
        let mut good = market.provider_of(2, v2, &[MODEL]).await;
        let call = market.chat(ask(STREAM)).header("x-swan-provider", "node-1");
        let opening = tokio::spawn(call.open());
        let request = bad.request().await;
        bad.act(request.stream, begin(ROLE)).await;
        let mut open = opening.await.unwrap();
        open.read_until(PING).await;
        open.read_until(&PING.repeat(2)).await;
        bad.act(
            request.stream,
            [Act::Fail(Failure::provider(500, "broken"))],
        )
        .await;
        let stream = [
            ROLE.into(),
            delta("hello"),
            STOP.into(),
            usage(7, 2),
            DONE.into(),
        ];
        good.serve(sse(stream.concat())).await;
        let answer = open.whole().await;
        assert_eq!(answer.status, 200);
        assert!(!answer.header("x-request-id").is_empty());
        assert_eq!(answer.header("x-swan-route-mode"), "explicit");
        assert_eq!(answer.header("x-swan-cost-currency"), "USD");
        assert_eq!(
            answer.header("x-swan-provider-id"),
            "",
            "not known when the head went out"
        );
        let text = answer.text().replace(PING, "");
        assert_eq!(text.matches("assistant").count(), 1, "{text}");
        assert!(text.contains("hello") && text.ends_with(DONE), "{text}");
        market.settled().await;
        assert_eq!(market.spent("5"), market.price(7, 2));
        assert_eq!(market.records.last().attempts.len(), 2);
    }
}

#[tokio::test]
async fn when_everybody_fails_after_a_heartbeat_one_error_event_ends_the_stream() {
    let market = beating().await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(ask(STREAM)).open());
    let request = provider.request().await;
    let mut open = opening.await.unwrap();
    open.read_until(PING).await;
    provider
        .act(
            request.stream,
            [Act::Fail(Failure::provider(500, "broken"))],
        )
        .await;
    let answer = open.whole().await;
    let text = answer.text().replace(PING, "");
    let event = text.strip_prefix("data: ").unwrap();
    let error: serde_json::Value = serde_json::from_str(event.trim()).unwrap();
    assert_eq!(error["error"]["code"], "provider_failed", "{text}");
    assert!(!text.contains("[DONE]"));
    market.settled().await;
    assert_eq!(market.spent("5"), Amount::ZERO);
    let record = market.records.last();
    assert_eq!(record.outcome, Outcome::Failed);
    assert_eq!(record.error.as_deref(), Some("provider_failed"));
}

#[tokio::test]
async fn a_stream_that_pauses_is_kept_alive_between_its_events() {
    for v2 in [true, false] {
        let market = beating().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let opening = tokio::spawn(market.chat(ask(STREAM)).open());
        let request = provider.serve(begin(delta("hello"))).await;
        let mut open = opening.await.unwrap();
        open.read_until("hello").await;
        open.read_until(PING).await;
        provider.act(request.stream, rest()).await;
        let answer = open.whole().await;
        assert!(answer.text().ends_with(DONE));
        market.settled().await;
        assert_eq!(market.spent("5"), market.price(7, 2));
    }
}

#[tokio::test]
async fn without_heartbeats_the_status_tells_of_a_failure_however_late() {
    let market = Market::with_limits(|limits| {
        limits.heartbeat = Duration::ZERO;
        limits.first_token = Duration::from_millis(300);
    })
    .await;
    let mut silent = market.provider(1).await;
    let answer = market.chat(ask(STREAM)).background();
    silent.request().await;
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (504, "provider_timeout")
    );
}

#[tokio::test]
async fn a_stream_that_nobody_begins_ends_with_its_time() {
    let market = Market::with_limits(|limits| {
        limits.heartbeat = Duration::from_millis(50);
        limits.stream_deadline = Duration::from_millis(400);
    })
    .await;
    let mut silent = market.provider(1).await;
    let opening = tokio::spawn(market.chat(ask(STREAM)).open());
    let request = silent.request().await;
    let answer = opening.await.unwrap().whole().await;
    assert!(answer.text().starts_with(PING), "{}", answer.text());
    assert!(answer.text().contains("\"error\"") && !answer.text().contains("[DONE]"));
    silent.cancelled(request.stream).await;
    market.settled().await;
    assert_eq!(market.spent("5"), Amount::ZERO);
}

/// Where a stream stands when its consumer hangs up.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stand {
    Asked,
    Preamble,
    Beating,
    Flowing,
}

#[tokio::test]
async fn a_hang_up_reaches_the_model_server_wherever_the_stream_stands() {
    use Stand::{Asked, Beating, Flowing, Preamble};
    for v2 in [true, false] {
        for stand in [Asked, Preamble, Beating, Flowing] {
            let beats = if stand == Beating { 50 } else { 60_000 };
            let heartbeat = Duration::from_millis(beats);
            let market = Market::with_limits(|limits| limits.heartbeat = heartbeat).await;
            let mut provider = market.provider_of(1, v2, &[MODEL]).await;
            let opening = tokio::spawn(market.chat(ask(STREAM)).open());
            let request = provider.request().await;
            match stand {
                Asked => opening.abort(),
                Preamble => {
                    provider.act(request.stream, begin(ROLE)).await;
                    opening.abort();
                }
                Beating => {
                    let mut open = opening.await.unwrap();
                    open.read_until(PING).await;
                    open.hang_up().await;
                }
                Flowing => {
                    provider.act(request.stream, begin(delta("hello"))).await;
                    let mut open = opening.await.unwrap();
                    open.read_until("hello").await;
                    open.hang_up().await;
                }
            }
            provider.cancelled(request.stream).await;
            market.settled().await;
            let spent = market.spent("5");
            assert_eq!(spent > Amount::ZERO, stand == Flowing, "v2 {v2}, {stand:?}");
            until(|| market.records.count() == 1).await;
            // Its place is free again: ten fill it.
            let answer = market.chat(ask(STREAM)).background();
            let again = [delta("hello"), STOP.into(), DONE.into()].concat();
            provider.serve(sse(again)).await;
            assert_eq!(answer.await.unwrap().status, 200);
        }
    }
}
