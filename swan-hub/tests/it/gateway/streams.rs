//! Streams: framing, usage, hang-ups and deaths.

use std::time::Duration;

use swan_core::Amount;
use swan_core::protocol::{CancelReason, StreamEnd};
use swan_core::tokens::count;
use swan_hub::Outcome;

use super::counted::counted;
use super::provider::{Act, begin, sse};
use super::{DONE, MODEL, Market, STOP, ask, delta, until, usage};

const STREAM: &str = "\"stream\":true";
const WITH_USAGE: &str = "\"stream\":true,\"stream_options\":{\"include_usage\":true}";

#[tokio::test]
async fn usage_is_asked_for_upstream_and_hidden_from_who_did_not_ask() {
    for v2 in [true, false] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let answer = market.chat(ask(STREAM)).background();
        let body = [
            delta("Hello"),
            delta(" world"),
            STOP.into(),
            usage(20, 2),
            DONE.into(),
        ];
        let request = provider.serve(sse(body.concat())).await;
        let sent: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(sent["stream_options"]["include_usage"], true);
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(
            answer
                .header("content-type")
                .starts_with("text/event-stream")
        );
        assert!(!answer.header("x-request-id").is_empty());
        let events = answer.events();
        assert_eq!(events.len(), 4, "v2 {v2}: {events:?}");
        assert_eq!(events.last().unwrap(), "[DONE]");
        assert!(!answer.text().contains("usage"), "{}", answer.text());
        assert_eq!(market.spent("5"), market.price(20, 2));
    }
}

#[tokio::test]
async fn who_asks_for_usage_gets_it_with_the_cost_before_done() {
    for v2 in [true, false] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let answer = market.chat(ask(WITH_USAGE)).background();
        let body = [
            delta("Hello"),
            delta(" world"),
            STOP.into(),
            usage(20, 2),
            DONE.into(),
        ];
        provider.serve(sse(body.concat())).await;
        let events = answer.await.unwrap().events();
        assert_eq!(events.len(), 5, "{events:?}");
        let last: serde_json::Value = serde_json::from_str(&events[3]).unwrap();
        assert_eq!(last["choices"], serde_json::json!([]));
        assert_eq!(last["usage"]["prompt_tokens"], 20);
        assert_eq!(last["usage"]["cost"], market.price(20, 2).to_string());
        assert_eq!(events[4], "[DONE]");
    }
}

#[tokio::test]
async fn a_stream_without_usage_is_charged_by_what_was_seen_and_says_so() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask(WITH_USAGE)).background();
    let request = provider
        .serve(sse([delta("12345678"), STOP.into(), DONE.into()].concat()))
        .await;
    let events = answer.await.unwrap().events();
    assert!(!request.body.is_empty());
    let prompt = counted(&ask(WITH_USAGE));
    let last: serde_json::Value = serde_json::from_str(&events[2]).unwrap();
    assert_eq!(last["id"], "c1");
    assert_eq!(last["usage"]["prompt_tokens"], prompt);
    let tokens = count("12345678");
    assert_eq!(last["usage"]["completion_tokens"], tokens);
    let cost = market.price(prompt, tokens);
    assert_eq!(last["usage"]["cost"], cost.to_string());
    assert_eq!(market.spent("5"), cost);
}

#[tokio::test]
async fn usage_that_stands_beside_a_choice_is_found_and_blanked_out() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask(STREAM)).background();
    let last = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":2}}\n\n";
    provider
        .serve(sse([&*delta("Hello world"), last, DONE].concat()))
        .await;
    let answer = answer.await.unwrap();
    assert!(
        answer
            .text()
            .contains("\"finish_reason\":\"stop\"}],\"usage\":null}")
    );
    assert_eq!(market.spent("5"), market.price(20, 2));
}

#[tokio::test]
async fn the_older_dialect_may_tell_its_tokens_at_the_end_of_the_stream() {
    let market = Market::start().await;
    let mut provider = market.provider_of(1, false, &[MODEL]).await;
    let answer = market.chat(ask(STREAM)).background();
    let request = provider.request().await;
    let end = StreamEnd {
        tokens_input: Some(20),
        tokens_output: Some(2),
        latency_ms: Some(5),
    };
    provider
        .act(
            request.stream,
            begin([delta("Hello world"), STOP.into()].concat()),
        )
        .await;
    provider.act(request.stream, [Act::Finish(end)]).await;
    assert_eq!(answer.await.unwrap().events().last().unwrap(), "[DONE]");
    assert_eq!(market.spent("5"), market.price(20, 2));
}

#[tokio::test]
async fn the_first_event_does_not_wait_for_the_second() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(ask(STREAM)).open());
    let request = provider.serve(begin(delta("one"))).await;
    let mut open = opening.await.unwrap();
    assert_eq!(open.status, 200);
    open.read_until("one").await;
    provider
        .act(request.stream, [Act::Body(delta("two"))])
        .await;
    open.read_until("two").await;
    let rest = [STOP.into(), usage(9, 2), DONE.into()].concat();
    provider
        .act(
            request.stream,
            [Act::Body(rest), Act::Finish(StreamEnd::default())],
        )
        .await;
    let events = open.whole().await.events();
    assert_eq!(events.len(), 4);
    market.settled().await;
    assert_eq!(market.spent("5"), market.price(9, 2));
}

#[tokio::test]
async fn nothing_that_a_provider_sends_poses_as_a_field_of_the_stream() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask(STREAM)).background();
    let tricky = ": a comment\nid: 7\nevent: strange\nretry: 1\ndata: {\"choices\":\ndata: [{\"index\":0,\"delta\":{\"content\":\"hey\"}}]}\n\n";
    provider.serve(sse([tricky, STOP, DONE].concat())).await;
    let text = String::from_utf8(answer.await.unwrap().body.to_vec()).unwrap();
    for line in text.lines() {
        assert!(line.is_empty() || line.starts_with("data: "), "{line:?}");
    }
    assert!(text.contains("hey"));
}

#[tokio::test]
async fn a_consumer_who_hangs_up_pays_for_what_was_delivered_and_the_provider_stops() {
    for v2 in [true, false] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let opening = tokio::spawn(market.chat(ask(STREAM)).open());
        let request = provider.serve(begin(delta("12345678"))).await;
        let mut open = opening.await.unwrap();
        open.read_until("12345678").await;
        open.hang_up().await;
        let before = std::time::Instant::now();
        provider.cancelled(request.stream).await;
        assert!(before.elapsed() < Duration::from_secs(1));
        market.settled().await;
        let prompt = counted(&ask(STREAM));
        assert_eq!(market.spent("5"), market.price(prompt, count("12345678")));
        assert!(market.earned(1) > Amount::ZERO);
        assert_eq!(market.records.last().outcome, Outcome::Abandoned);
    }
}

#[tokio::test]
async fn a_consumer_who_hangs_up_before_the_first_byte_pays_nothing() {
    for body in [ask(STREAM), ask("")] {
        let market = Market::start().await;
        let mut provider = market.provider(1).await;
        let call = market.chat(body).background();
        let request = provider.request().await;
        call.abort();
        provider.cancelled(request.stream).await;
        market.settled().await;
        assert_eq!(market.spent("5"), Amount::ZERO);
        assert_eq!(market.records.last().outcome, Outcome::Failed);
    }
}

#[tokio::test]
async fn a_stream_that_breaks_says_so_and_costs_what_was_delivered() {
    for v2 in [true, false] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let mut idle = market.provider_of(2, v2, &[MODEL]).await;
        let call = market.chat(ask(STREAM)).header("x-swan-provider", "node-1");
        let opening = tokio::spawn(call.open());
        provider.serve(begin(delta("12345678"))).await;
        let mut open = opening.await.unwrap();
        open.read_until("12345678").await;
        provider.die().await;
        let answer = open.whole().await;
        let events = answer.events();
        assert_eq!(events.len(), 2, "{events:?}");
        let error: serde_json::Value = serde_json::from_str(&events[1]).unwrap();
        assert_eq!(error["error"]["code"], "provider_failed_mid_answer");
        assert_eq!(error["error"]["type"], "provider_error");
        assert!(error["error"]["message"].is_string());
        assert!(!answer.text().contains("[DONE]"));
        assert!(!answer.text().contains("\"stop\""));
        assert!(
            !idle.has_request(),
            "nobody takes over once content has gone out"
        );
        let prompt = counted(&ask(STREAM));
        assert_eq!(market.spent("5"), market.price(prompt, count("12345678")));
        assert!(market.earned(1) > Amount::ZERO);
        until(|| market.records.count() == 1).await;
        let record = market.records.last();
        assert_eq!(record.outcome, Outcome::Broken);
        assert_eq!(record.error.as_deref(), Some("provider_failed_mid_answer"));
    }
}

#[tokio::test]
async fn a_stream_that_ends_too_soon_or_turns_into_garbage_is_broken() {
    for rest in [
        String::new(),
        "data: this is no json\n\n".to_owned(),
        "data: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n".to_owned(),
        "data: [1,2,3]\n\n".to_owned(),
    ] {
        let market = Market::start().await;
        let mut provider = market.provider(1).await;
        let opening = tokio::spawn(market.chat(ask(STREAM)).open());
        let request = provider.serve(begin(delta("12345678"))).await;
        let mut open = opening.await.unwrap();
        open.read_until("12345678").await;
        provider
            .act(
                request.stream,
                [Act::Body(rest.clone()), Act::Finish(StreamEnd::default())],
            )
            .await;
        let answer = open.whole().await;
        let last = answer.events().pop().unwrap();
        assert!(
            last.contains("provider_failed_mid_answer"),
            "{rest}: {last}"
        );
        market.settled().await;
        assert!(market.spent("5") > Amount::ZERO);
    }
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_broken_off() {
    let market = Market::with_limits(|limits| limits.idle = Duration::from_millis(300)).await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(ask(STREAM)).open());
    let request = provider.serve(begin(delta("12345678"))).await;
    let answer = opening.await.unwrap().whole().await;
    assert!(answer.text().contains("provider_failed_mid_answer"));
    provider.cancelled(request.stream).await;
    market.settled().await;
}

#[tokio::test]
async fn a_long_stream_to_a_slow_reader_arrives_whole() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(ask(STREAM)).open());
    let request = provider.serve(begin(delta("first"))).await;
    let open = opening.await.unwrap();
    let text = "x".repeat(400);
    let feed = async {
        for _ in 0..600 {
            provider
                .act(request.stream, [Act::Body(delta(&text))])
                .await;
        }
        let rest = [STOP.into(), usage(9, 7), DONE.into()].concat();
        provider
            .act(
                request.stream,
                [Act::Body(rest), Act::Finish(StreamEnd::default())],
            )
            .await;
    };
    let (answer, ()) = tokio::join!(open.whole(), feed);
    assert_eq!(answer.events().len(), 603);
    market.settled().await;
    assert_eq!(market.spent("5"), market.price(9, 7));
}

#[tokio::test]
async fn streams_that_the_hub_cuts_off_do_not_speak_against_the_provider() {
    let market =
        Market::with_limits(|limits| limits.stream_deadline = Duration::from_millis(400)).await;
    let mut provider = market.provider(1).await;
    // One more than the failures that would open its breaker.
    for _ in 0..6 {
        let answer = market.chat(ask("\"stream\":true")).background();
        let request = provider.serve(begin(delta("hello"))).await;
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        let events = answer.events();
        let last: serde_json::Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], "answer_cut_off");
        assert_eq!(
            provider.cancelled(request.stream).await,
            CancelReason::AttemptTimeout
        );
    }
    market.settled().await;
    assert!(
        market.spent("5") > Amount::ZERO,
        "what was delivered is paid"
    );
    assert_eq!(market.records.last().outcome, Outcome::Broken);
}

#[tokio::test]
async fn a_stream_that_goes_on_beyond_what_was_set_aside_is_cut_off_and_paid_in_full() {
    for v2 in [true, false] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        let asked = ask(&format!("{STREAM},\"max_tokens\":1"));
        let answer = market.chat(asked.clone()).background();
        // 16 bytes for the token that was asked for, and for each of the 16 that show no text.
        let request = provider.request().await;
        let body = [delta(&"x".repeat(16 * 17)), delta("y"), delta("never")];
        provider.act(request.stream, begin(body.concat())).await;
        let reason = provider.cancelled(request.stream).await;
        assert_eq!(reason, CancelReason::ConsumerDisconnected, "v2 {v2}");
        let events = answer.await.unwrap().events();
        let last: serde_json::Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], "output_limit_reached", "{events:?}");
        assert_eq!(last["error"]["param"], "max_tokens");
        assert!(!events.concat().contains("never"), "{events:?}");
        let prompt = counted(&asked);
        assert_eq!(market.spent("5"), market.price(prompt, 1));
    }
}
