//! Attempts: who takes over from whom, and when nobody does.

use std::time::Duration;

use swan_core::Amount;
use swan_core::health::{Blame, Ending};
use swan_core::protocol::{CancelReason, Failure, Operation};
use swan_hub::{ConnectionMode, Outcome};

use super::provider::{Act, begin, refusal, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage};

/// The ways in which a provider fails before its first content.
fn failures() -> Vec<(&'static str, Vec<Act>)> {
    vec![
        (
            "it says that it failed",
            vec![Act::Fail(Failure::provider(500, "broken"))],
        ),
        ("its model server is down", refusal(502, "bad gateway")),
        (
            "its model server has another key",
            refusal(401, r#"{"error":"no key"}"#),
        ),
        (
            "its model server is full",
            refusal(429, r#"{"detail":"slow down"}"#),
        ),
        (
            "its model server has lost the model",
            refusal(404, r#"{"error":"no such model"}"#),
        ),
        ("it dies", vec![Act::Die]),
    ]
}

#[tokio::test]
async fn a_provider_that_fails_before_its_answer_is_replaced_unseen() {
    for streaming in [false, true] {
        for (name, acts) in failures() {
            let market = Market::start().await;
            let mut bad = market.provider(1).await;
            let mut good = market.provider(2).await;
            let body = ask(&format!("\"stream\":{streaming}"));
            let answer = market
                .chat(body)
                .header("x-swan-provider", "node-1")
                .background();
            bad.serve(acts).await;
            let right = match streaming {
                true => sse([delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat()),
                false => reply(completion("hello", 7, 2)),
            };
            good.serve(right).await;
            let answer = answer.await.unwrap();
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            assert!(answer.text().contains("hello"), "{name}");
            assert_eq!(answer.header("x-swan-provider-name"), "node-2");
            assert_eq!(answer.header("x-swan-route-mode"), "explicit");
            assert_eq!(answer.header("x-swan-requested-provider"), "node-1");
            assert_eq!(
                answer.header("x-swan-fallback-reason"),
                "requested_provider_failed"
            );
            market.settled().await;
            assert_eq!(market.spent("5"), market.price(7, 2), "{name}");
            assert_eq!(market.earned(1), Amount::ZERO, "{name}");
            assert_eq!(market.records.last().attempts.len(), 2);
        }
    }
}

#[tokio::test]
async fn an_error_inside_a_200_is_replaced_as_long_as_no_content_has_gone_out() {
    let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
    let error = "data: {\"error\":{\"message\":\"out of memory\"}}\n\n";
    for (name, stream, acts) in [
        ("an error event", true, sse(error)),
        ("an error after the role", true, sse([role, error].concat())),
        ("an empty stream", true, sse(DONE)),
        ("nothing at all", true, sse("")),
        ("no stream", true, reply(completion("hello", 1, 1))),
        ("no events", true, sse("hello\n\nthere\n\n")),
        (
            "an error body",
            false,
            reply(r#"{"error":{"message":"out of memory"}}"#),
        ),
        ("no json", false, reply("Internal Server Error")),
        ("an array", false, reply("[]")),
    ] {
        let market = Market::start().await;
        let mut bad = market.provider(1).await;
        let mut good = market.provider(2).await;
        let body = ask(&format!("\"stream\":{stream}"));
        let answer = market
            .chat(body)
            .header("x-swan-provider", "node-1")
            .background();
        bad.serve(acts).await;
        let right = match stream {
            true => sse([delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat()),
            false => reply(completion("hello", 7, 2)),
        };
        good.serve(right).await;
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert!(!answer.text().contains("memory"), "{name}");
        market.settled().await;
        assert_eq!(market.spent("5"), market.price(7, 2), "{name}");
    }
}

#[tokio::test]
async fn what_was_held_back_comes_out_once_content_shows() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("\"stream\":true")).background();
    let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n";
    let request = provider.serve(begin(role)).await;
    let rest = sse([delta("hello"), STOP.into(), DONE.into()].concat());
    provider.act(request.stream, rest.into_iter().skip(1)).await;
    let events = answer.await.unwrap().events();
    assert!(
        events[0].contains("assistant") && events[1].contains("hello"),
        "{events:?}"
    );
}

#[tokio::test]
async fn after_three_failures_the_consumer_hears_of_the_last() {
    for streaming in [false, true] {
        let market = Market::start().await;
        let mut providers = Vec::new();
        for number in 1..=4 {
            providers.push(market.provider(number).await);
        }
        let answer = market
            .chat(ask(&format!("\"stream\":{streaming}")))
            .background();
        let mut serving: Vec<_> = providers
            .into_iter()
            .map(|mut provider| {
                tokio::spawn(async move {
                    provider
                        .serve(vec![Act::Fail(Failure::provider(500, "broken"))])
                        .await;
                    provider
                })
            })
            .collect();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 502, "{answer:?}");
        assert_eq!(answer.error_code(), "provider_failed");
        assert_eq!(market.spent("5"), Amount::ZERO);
        let record = market.records.last();
        assert_eq!(
            (record.attempts.len(), record.outcome),
            (3, Outcome::Failed)
        );
        serving.drain(..).for_each(|task| task.abort());
    }
}

#[tokio::test]
async fn every_attempt_is_on_record_with_who_was_to_blame() {
    for streaming in [false, true] {
        let market = Market::start().await;
        let mut bad = market.provider(1).await;
        let mut good = market.provider_of(2, false, &[MODEL]).await;
        let call = market
            .chat(ask(&format!("\"stream\":{streaming}")))
            .header("x-swan-provider", "node-1");
        let answer = call.background();
        bad.serve(refusal(502, "bad gateway")).await;
        let right = match streaming {
            true => sse([delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat()),
            false => reply(completion("hello", 7, 2)),
        };
        good.serve(right).await;
        assert_eq!(answer.await.unwrap().status, 200);
        market.settled().await;
        let record = market.records.last();
        assert_eq!(record.operation, Operation::ChatCompletions);
        let [failed, served] = &*record.attempts else {
            panic!("{record:?}")
        };
        assert_eq!((&*failed.name, &*served.name), ("node-1", "node-2"));
        assert_eq!(failed.ending, Ending::Status { code: 502 });
        assert_eq!(failed.ending.verdict().blame, Some(Blame::Provider));
        assert_eq!((failed.status, served.status), (Some(502), Some(200)));
        assert_eq!(served.ending, Ending::Served);
        assert_eq!((failed.chosen, served.chosen), (false, true));
        assert_eq!((failed.first_content, failed.hedge), (None, false));
        assert_eq!(record.mode(), Some(ConnectionMode::Websocket));
        let course = [
            Duration::ZERO,
            record.before_dispatch().unwrap(),
            failed.ended,
            served.started,
            served.first_byte.unwrap(),
            served.first_content.unwrap(),
            served.ended,
            record.duration,
        ];
        assert!(course.is_sorted(), "{course:?}");
        let both = failed.duration() + served.duration();
        assert_eq!(record.upstream(), both);
        assert_eq!(record.overhead(), record.duration - both);
    }
}

#[tokio::test]
async fn a_silent_provider_is_left_after_a_while() {
    let limits = |limits: &mut swan_hub::Limits| limits.first_token = Duration::from_millis(200);
    let market = Market::with_limits(limits).await;
    let mut silent = market.provider(1).await;
    let mut good = market.provider(2).await;
    let call = market
        .chat(ask("\"stream\":true"))
        .header("x-swan-provider", "node-1");
    let answer = call.background();
    let request = silent.request().await;
    good.serve(sse(
        [delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat()
    ))
    .await;
    assert_eq!(answer.await.unwrap().status, 200);
    assert_eq!(
        silent.cancelled(request.stream).await,
        CancelReason::AttemptTimeout
    );
}

#[tokio::test]
async fn a_request_that_lasts_too_long_times_out_and_costs_nothing() {
    let market =
        Market::with_limits(|limits| limits.request_deadline = Duration::from_millis(200)).await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("")).background();
    let request = provider.request().await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, 504);
    assert_eq!(answer.error_code(), "provider_timeout");
    provider.cancelled(request.stream).await;
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn a_pin_without_fallbacks_is_kept_to() {
    let market = Market::start().await;
    let mut pinned = market.provider(1).await;
    let mut other = market.provider(2).await;
    let pin = |name: &str| {
        market
            .chat(ask(""))
            .header("x-swan-provider", name)
            .header("x-swan-allow-fallbacks", "false")
    };
    let absent = pin("prov-00000000000000000000000000000099").send().await;
    assert_eq!(
        (absent.status, &*absent.error_code()),
        (400, "no_fallback_available")
    );

    let answer = pin("prov-00000000000000000000000000000001").background();
    pinned
        .serve(vec![Act::Fail(Failure::provider(500, "broken"))])
        .await;
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (502, "no_fallback_available")
    );

    let answer = pin("node-1").background();
    pinned.serve(reply(completion("hello", 7, 2))).await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-swan-route-mode"), "explicit");
    assert_eq!(answer.header("x-swan-fallback-reason"), "");
    assert!(!other.has_request());
    assert_eq!(market.spent("5"), market.price(7, 2));
}

#[tokio::test]
async fn a_pinned_provider_that_is_away_is_replaced_when_that_is_allowed() {
    let market = Market::start().await;
    let mut other = market.provider(2).await;
    let answer = market
        .chat(ask(""))
        .header("x-swan-provider", "nobody")
        .background();
    other.serve(reply(completion("hello", 7, 2))).await;
    let answer = answer.await.unwrap();
    assert_eq!(
        answer.header("x-swan-fallback-reason"),
        "requested_provider_unavailable"
    );
}

#[tokio::test]
async fn a_model_that_nobody_serves_now_is_a_matter_of_time() {
    let market = Market::start().await;
    let answer = market.chat(ask("")).send().await;
    assert_eq!((answer.status, &*answer.error_code()), (503, "no_provider"));
    let retry: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=120).contains(&retry));
    assert_eq!(market.spent("5"), Amount::ZERO);
    // It is served as soon as somebody comes.
    let mut provider = market.provider_of(1, true, &[MODEL]).await;
    let answer = market.chat(ask("")).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(answer.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_model_whose_only_provider_keeps_failing_is_served_but_busy() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    for _ in 0..5 {
        let answer = market.chat(ask("")).background();
        provider
            .serve([Act::Fail(Failure::provider(500, "broken"))])
            .await;
        assert_eq!(answer.await.unwrap().status, 502);
    }
    let answer = market.chat(ask("")).send().await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (503, "providers_busy"),
        "its breaker is open, which is not the same as nobody there"
    );
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn a_provider_without_a_place_means_come_back_soon() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("")).background();
    let full = r#"{"detail":"this provider serves as many requests as it can"}"#;
    provider.serve(refusal(429, full)).await;
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (503, "providers_busy")
    );
    assert_eq!(answer.header("retry-after"), "2");
    market.settled().await;
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn a_provider_that_is_often_full_is_still_asked() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    for _ in 0..8 {
        let answer = market.chat(ask("")).background();
        provider.serve(refusal(429, r#"{"detail":"full"}"#)).await;
        assert_eq!(answer.await.unwrap().status, 503);
    }
    let answer = market.chat(ask("")).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(answer.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_request_that_breaks_every_model_server_opens_nobodys_breaker() {
    let market = Market::start().await;
    let mut one = market.provider(1).await;
    let mut other = market.provider(2).await;
    let broken = || vec![Act::Fail(Failure::provider(500, "broken"))];
    for _ in 0..8 {
        let answer = market.chat(ask("")).background();
        tokio::join!(one.serve(broken()), other.serve(broken()));
        assert_eq!(answer.await.unwrap().error_code(), "provider_failed");
    }
    for (name, provider) in [("node-1", &mut one), ("node-2", &mut other)] {
        let call = market.chat(ask("")).header("x-swan-provider", name);
        let answer = call.background();
        provider.serve(reply(completion("hello", 7, 2))).await;
        let answer = answer.await.unwrap();
        assert_eq!(answer.header("x-swan-provider-name"), name);
    }
}
