//! Bad input from providers: it harms nobody but the one who sends it.

use swan_core::Amount;
use swan_core::protocol::StreamEnd;
use tokio_tungstenite::tungstenite::Message;

use super::counted::claimable;
use super::provider::{Act, begin, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage};

#[tokio::test]
async fn garbage_from_a_provider_harms_nobody_but_itself() {
    for v2 in [true, false] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let answer = market.chat(ask("\"stream\":true")).background();
        let request = provider.serve(begin(delta("hello"))).await;
        for message in [
            Message::text("not json"),
            Message::text("{\"type\":\"wonder\",\"payload\":{}}"),
            Message::text("{\"type\":7}"),
            Message::text("[]"),
            // Answers to requests that it was not given.
            Message::text(
                r#"{"type":"inference","request_id":"00000000-0000-0000-0000-000000000000","payload":{"response":{"choices":[]}}}"#,
            ),
            Message::text(
                r#"{"type":"stream_end","request_id":"nobody's","payload":{"request_id":"nobody's","tokens_output":99999}}"#,
            ),
        ] {
            provider.garbage(message).await;
        }
        let rest = [STOP.into(), usage(7, 2), DONE.into()].concat();
        provider
            .act(
                request.stream,
                [Act::Body(rest), Act::Finish(StreamEnd::default())],
            )
            .await;
        let answer = answer.await.unwrap();
        assert_eq!(answer.events().last().unwrap(), "[DONE]", "v2 {v2}");
        assert_eq!(market.spent("5"), market.price(7, 2));
    }
}

#[tokio::test]
async fn a_claim_beyond_what_was_seen_is_cut_in_streams_too() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let body = ask("\"stream\":true,\"stream_options\":{\"include_usage\":true}");
    let answer = market.chat(body.clone()).background();
    let stream = [
        delta("hello"),
        STOP.into(),
        usage(999_999, 999_999),
        DONE.into(),
    ];
    provider.serve(sse(stream.concat())).await;
    let events = answer.await.unwrap().events();
    let cost = market.price(claimable(&body), 2 + 16);
    let last: serde_json::Value = serde_json::from_str(&events[2]).unwrap();
    assert_eq!(last["usage"]["completion_tokens"], 18);
    assert_eq!(last["usage"]["cost"], cost.to_string());
    assert_eq!(market.spent("5"), cost);
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let market = Market::with_limits(|limits| {
        limits.reply_bytes = 10_000;
        limits.further_attempts = 0;
    })
    .await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("")).background();
    provider
        .serve(reply(completion(&"x".repeat(20_000), 1, 1)))
        .await;
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (502, "provider_failed")
    );
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn an_object_without_a_choice_is_no_answer_and_earns_nothing() {
    for theirs in [
        "{}",
        r#"{"a":1}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":9}}"#,
        r#"{"choices":null}"#,
    ] {
        let market = Market::start().await;
        let mut provider = market.provider(1).await;
        let answer = market.chat(ask("")).background();
        provider.serve(reply(theirs)).await;
        let answer = answer.await.unwrap();
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (502, "provider_failed"),
            "{theirs}"
        );
        market.settled().await;
        assert_eq!(market.spent("5"), Amount::ZERO, "{theirs}");
    }
}
