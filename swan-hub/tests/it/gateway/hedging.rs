//! A second provider beside the first: who serves, who is paid, and what is held against whom.

use std::time::Duration;

use swan_core::Amount;
use swan_core::health::{Blame, Ending};
use swan_core::protocol::Failure;
use swan_hub::{Hedging, RequestRecord};

use super::http::Call;
use super::provider::{Act, begin, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage};

const STREAM: &str = "\"stream\":true";

async fn hedging(after_ms: u64) -> Market {
    let mut hedging = Hedging::default();
    hedging.after = Some(Duration::from_millis(after_ms));
    Market::with(|builder| builder.with_hedging(hedging)).await
}

fn served() -> Vec<Act> {
    sse([delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat())
}

fn endings(record: &RequestRecord) -> Vec<(Ending, bool, bool)> {
    let facts = |attempt: &swan_hub::AttemptRecord| (attempt.ending, attempt.hedge, attempt.chosen);
    record.attempts.iter().map(facts).collect()
}

/// A stream that the first provider gets.
fn stream(market: &Market) -> Call {
    market.chat(ask(STREAM)).header("x-swan-provider", "node-1")
}

#[tokio::test]
async fn who_shows_content_first_is_paid_and_the_other_one_cancelled_and_not_blamed() {
    for v2 in [true, false] {
        let market = hedging(30).await;
        let mut slow = market.provider_of(1, v2, &[MODEL]).await;
        let mut fast = market.provider_of(2, v2, &[MODEL]).await;
        // More often than the failures that would open a breaker.
        for round in 1..=6 {
            let answer = stream(&market).background();
            let request = slow.request().await;
            fast.serve(served()).await;
            slow.cancelled(request.stream).await;
            let answer = answer.await.unwrap();
            assert_eq!(answer.status, 200, "v2 {v2}, round {round}: {answer:?}");
            assert_eq!(answer.header("x-swan-provider-name"), "node-2");
            assert_eq!(answer.events().len(), 3);
            market.settled().await;
            let record = market.records.last();
            assert_eq!(
                endings(&record),
                [(Ending::Outrun, false, false), (Ending::Served, true, true)]
            );
            assert_eq!(Ending::Outrun.verdict().blame, None);
            assert_eq!(record.charge, market.price(7, 2));
        }
        assert_eq!(market.earned(1), Amount::ZERO);
        let answer = stream(&market).background();
        slow.serve(served()).await;
        let answer = answer.await.unwrap();
        assert_eq!(
            answer.header("x-swan-provider-name"),
            "node-1",
            "it is trusted as before"
        );
        market.settled().await;
        assert!(market.earned(1) > Amount::ZERO);
    }
}

#[tokio::test]
async fn the_first_may_still_win_and_a_second_that_fails_is_only_that() {
    let market = hedging(30).await;
    let mut first = market.provider(1).await;
    let mut second = market.provider(2).await;
    let answer = stream(&market).background();
    let request = first.request().await;
    second
        .serve([Act::Fail(Failure::provider(500, "broken"))])
        .await;
    first.act(request.stream, served()).await;
    let answer = answer.await.unwrap();
    assert_eq!(
        answer.header("x-swan-provider-name"),
        "node-1",
        "{answer:?}"
    );
    market.settled().await;
    let broke = Ending::Status { code: 500 };
    assert_eq!(broke.verdict().blame, Some(Blame::Provider));
    assert_eq!(
        endings(&market.records.last()),
        [(Ending::Served, false, true), (broke, true, false)]
    );
    assert_eq!(market.spent("5"), market.price(7, 2));
}

#[tokio::test]
async fn when_both_fail_a_third_is_tried() {
    let market = hedging(30).await;
    let mut first = market.provider(1).await;
    let mut second = market.provider(2).await;
    let answer = stream(&market).background();
    let request = first.request().await;
    second
        .serve([Act::Fail(Failure::provider(500, "broken"))])
        .await;
    let mut third = market.provider(3).await;
    first
        .act(request.stream, [Act::Fail(Failure::provider(503, "down"))])
        .await;
    third.serve(served()).await;
    let answer = answer.await.unwrap();
    assert_eq!(
        answer.header("x-swan-provider-name"),
        "node-3",
        "{answer:?}"
    );
    market.settled().await;
    assert_eq!(market.records.last().attempts.len(), 3);
    assert_eq!(market.spent("5"), market.price(7, 2));
}

#[tokio::test]
async fn nobody_is_asked_beside_one_who_has_shown_content_or_whose_answer_is_no_stream() {
    let market = hedging(1).await;
    let mut first = market.provider(1).await;
    let mut second = market.provider(2).await;
    let call = stream(&market);
    let opening = tokio::spawn(call.open());
    let request = first.request().await;
    first.act(request.stream, begin(delta("hello"))).await;
    // The race for the first content is lost on a busy machine; then the second is cancelled, which is not what is tested here.
    let mut open = opening.await.unwrap();
    open.read_until("hello").await;
    second.has_request();
    let rest = [STOP.into(), usage(7, 2), DONE.into()].concat();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!second.has_request());
    first
        .act(
            request.stream,
            [Act::Body(rest), Act::Finish(Default::default())],
        )
        .await;
    assert_eq!(open.whole().await.events().len(), 3);

    let call = market.chat(ask("")).header("x-swan-provider", "node-1");
    let answer = call.background();
    let request = first.request().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!second.has_request());
    first
        .act(request.stream, reply(completion("hello", 7, 2)))
        .await;
    assert_eq!(answer.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_consumer_who_hangs_up_during_a_race_stops_both() {
    let market = hedging(20).await;
    let mut first = market.provider(1).await;
    let mut second = market.provider_of(2, false, &[MODEL]).await;
    let answer = stream(&market).background();
    let (one, two) = (first.request().await, second.request().await);
    answer.abort();
    first.cancelled(one.stream).await;
    second.cancelled(two.stream).await;
    market.settled().await;
    assert_eq!(market.spent("5"), Amount::ZERO);
    let record = market.records.last();
    assert!(
        record
            .attempts
            .iter()
            .all(|one| one.ending == Ending::Cancelled),
        "{record:?}"
    );
}

#[tokio::test]
async fn a_second_is_asked_after_what_most_answers_of_the_model_have_taken_once_that_is_known() {
    let mut hedging = Hedging::default();
    hedging.after = Some(Duration::from_secs(60));
    hedging.percentile = Some(95);
    // Long enough for a busy machine: those that are to be fast are not raced.
    (hedging.least, hedging.most) = (Duration::from_millis(300), Duration::from_millis(300));
    hedging.percent = 100;
    let market = Market::with(|builder| builder.with_hedging(hedging)).await;
    let mut first = market.provider(1).await;
    let mut second = market.provider(2).await;
    let answer = stream(&market).background();
    let request = first.request().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(
        !second.has_request(),
        "nothing is known: the fixed time holds"
    );
    first.act(request.stream, served()).await;
    assert_eq!(answer.await.unwrap().status, 200);
    for _ in 1..50 {
        let answer = stream(&market).background();
        first.serve(served()).await;
        assert_eq!(answer.await.unwrap().status, 200);
    }
    let answer = stream(&market).background();
    let request = first.request().await;
    second.serve(served()).await;
    first.cancelled(request.stream).await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.header("x-swan-provider-name"), "node-2");
    // Another model has times of its own.
    let other = "Qwen/Qwen3-14B";
    let mut one = market.provider_of(3, true, &[other]).await;
    let mut two = market.provider_of(4, true, &[other]).await;
    let call = market.chat(ask(STREAM).replace(MODEL, other));
    let answer = call.header("x-swan-provider", "node-3").background();
    let request = one.request().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!two.has_request());
    one.act(request.stream, served()).await;
    assert_eq!(answer.await.unwrap().status, 200);
}

#[tokio::test]
async fn there_are_no_more_second_providers_than_the_budget_allows() {
    let mut hedging = Hedging::default();
    hedging.after = Some(Duration::from_millis(1));
    (hedging.percent, hedging.per_sec) = (0, 0);
    let market = Market::with(|builder| builder.with_hedging(hedging)).await;
    let mut first = market.provider(1).await;
    let mut second = market.provider(2).await;
    let answer = stream(&market).background();
    let request = first.request().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!second.has_request());
    first.act(request.stream, served()).await;
    assert_eq!(answer.await.unwrap().status, 200);
}
