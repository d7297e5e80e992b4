//! Requests that one model server calls wrong: another one is asked, and no more than one.

use std::time::Duration;

use swan_core::Amount;
use swan_core::health::{Blame, Ending};
use swan_core::protocol::{Failure, StreamEnd};
use swan_hub::Hedging;

use super::http::Call;
use super::provider::{Act, refusal, reply, sse};
use super::{DONE, Market, STOP, ask, completion, delta, usage};

const TOO_LONG: &str = r#"{"error":{"message":"4096 tokens are too many","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
const WRONG: &str = r#"{"error":{"message":"no such field","type":"invalid_request_error"}}"#;

fn served(streaming: bool) -> Vec<Act> {
    match streaming {
        true => sse([delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat()),
        false => reply(completion("hello", 7, 2)),
    }
}

/// A request that the first provider gets first.
fn first_of_all(market: &Market, streaming: bool) -> Call {
    let body = ask(&format!("\"stream\":{streaming}"));
    market.chat(body).header("x-swan-provider", "node-1")
}

fn endings(market: &Market) -> Vec<Ending> {
    let record = market.records.last();
    record.attempts.iter().map(|it| it.ending).collect()
}

#[tokio::test]
async fn whoever_refuses_what_another_serves_ends_no_request_and_gets_less_of_them() {
    for streaming in [false, true] {
        for (status, words) in [(400, WRONG), (413, WRONG), (422, WRONG), (400, TOO_LONG)] {
            let market = Market::start().await;
            let mut hostile = market.provider(1).await;
            let mut good = market.provider(2).await;
            let answer = first_of_all(&market, streaming).background();
            hostile.serve(refusal(status, words)).await;
            good.serve(served(streaming)).await;
            let answer = answer.await.unwrap();
            assert_eq!(answer.status, 200, "{status}: {answer:?}");
            assert_eq!(answer.header("x-swan-provider-name"), "node-2");
            market.settled().await;
            assert_eq!(endings(&market), [Ending::RefusedAlone, Ending::Served]);
            let verdict = Ending::RefusedAlone.verdict();
            assert_eq!(verdict.blame, Some(Blame::Provider));
            assert_eq!(market.records.last().attempts[0].status, Some(status));
            assert_eq!(market.spent("5"), market.price(7, 2));
            assert_eq!(market.earned(1), Amount::ZERO);
        }
    }
}

#[tokio::test]
async fn what_two_call_wrong_is_wrong_and_the_first_ones_words_are_told() {
    let market = Market::start().await;
    let mut one = market.provider(1).await;
    let mut two = market.provider(2).await;
    // More often than failures would open a breaker.
    for _ in 0..6 {
        let answer = first_of_all(&market, true).background();
        one.serve(refusal(400, TOO_LONG)).await;
        two.serve(refusal(422, WRONG)).await;
        let answer = answer.await.unwrap();
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (400, "context_length_exceeded")
        );
        let refused = [400, 422].map(|code| Ending::Status { code });
        assert_eq!(endings(&market), refused);
    }
    let mut third = market.provider(3).await;
    let answer = first_of_all(&market, true).background();
    one.serve(refusal(400, WRONG)).await;
    // Whoever is drawn says the same, and the other one is not asked.
    let (asked, other) = tokio::select! {
        request = two.request() => {
            two.act(request.stream, refusal(400, WRONG)).await;
            (request, &mut third)
        }
        request = third.request() => {
            third.act(request.stream, refusal(400, WRONG)).await;
            (request, &mut two)
        }
    };
    assert!(asked.streaming);
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (400, "rejected_by_model_server")
    );
    assert!(!other.has_request());
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn who_breaks_has_no_opinion() {
    let market = Market::start().await;
    let mut one = market.provider(1).await;
    let mut two = market.provider(2).await;
    let answer = first_of_all(&market, false).background();
    one.serve(refusal(400, WRONG)).await;
    let request = two.request().await;
    let mut three = market.provider(3).await;
    let broken = Act::Fail(Failure::provider(500, "broken"));
    two.act(request.stream, [broken]).await;
    three.serve(served(false)).await;
    assert_eq!(answer.await.unwrap().status, 200);

    let answer = first_of_all(&market, false).background();
    one.serve(refusal(400, WRONG)).await;
    tokio::select! {
        request = two.request() => {
            three.die().await;
            two.act(request.stream, [Act::Fail(Failure::provider(500, "broken"))]).await;
        }
        request = three.request() => {
            two.die().await;
            three.act(request.stream, [Act::Fail(Failure::provider(500, "broken"))]).await;
        }
    }
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, 400, "the refusal stands: {answer:?}");
}

#[tokio::test]
async fn nobody_else_is_asked_where_nobody_may_or_the_budget_is_needed_for_others() {
    let market = Market::with_limits(|limits| {
        (limits.retry_percent, limits.retries_per_sec) = (0, 0);
    })
    .await;
    let mut one = market.provider(1).await;
    let mut two = market.provider(2).await;
    let answer = first_of_all(&market, false).background();
    one.serve(refusal(400, WRONG)).await;
    assert_eq!(answer.await.unwrap().status, 400);
    assert!(!two.has_request());

    let market = Market::start().await;
    let mut one = market.provider(1).await;
    let mut two = market.provider(2).await;
    let call = first_of_all(&market, false).header("x-swan-allow-fallbacks", "false");
    let answer = call.background();
    one.serve(refusal(400, WRONG)).await;
    assert_eq!(answer.await.unwrap().status, 400);
    assert!(!two.has_request());
}

#[tokio::test]
async fn who_is_asked_already_is_the_other_opinion() {
    let mut hedging = Hedging::default();
    hedging.after = Some(Duration::from_millis(10));
    hedging.percent = 100;
    let market = Market::with(|builder| builder.with_hedging(hedging)).await;
    let mut one = market.provider(1).await;
    let mut two = market.provider(2).await;
    let answer = first_of_all(&market, true).background();
    let (first, second) = (one.request().await, two.request().await);
    one.act(first.stream, refusal(400, WRONG)).await;
    let begun = [
        Act::Head(200, "text/event-stream"),
        Act::Body(delta("hello")),
    ];
    two.act(second.stream, begun).await;
    let rest = [STOP.into(), usage(7, 2), DONE.into()].concat();
    let rest = [Act::Body(rest), Act::Finish(StreamEnd::default())];
    two.act(second.stream, rest).await;
    let answer = answer.await.unwrap();
    assert_eq!(
        answer.header("x-swan-provider-name"),
        "node-2",
        "{answer:?}"
    );
    market.settled().await;
    assert_eq!(endings(&market), [Ending::RefusedAlone, Ending::Served]);
}
