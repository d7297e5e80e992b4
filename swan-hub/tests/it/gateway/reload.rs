//! A hub whose settings change while it serves.

use std::time::Duration;

use swan_core::protocol::{Failure, Modality, ModelDeclaration, StreamEnd};
use swan_core::{Amount, Policy};
use swan_hub::{ExternalConfig, Hedging, Hub};

use super::provider::{Act, begin, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, until, usage, within};

/// The default policy with every price of the cheapest tokens tripled.
fn dearer() -> Policy {
    let text = Policy::swan_2_0().to_toml().replace("\"0.03\"", "\"0.09\"");
    Policy::from_toml(&text).unwrap()
}

#[tokio::test]
async fn a_stream_is_charged_by_the_policy_that_it_began_under_and_the_next_one_by_the_new() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let before = market.price(7, 1_000);
    let answer = market.chat(ask("\"stream\":true")).background();
    let request = provider.request().await;
    provider.act(request.stream, begin(delta("hello"))).await;
    until(|| market.hub.in_flight() == 1).await;

    let settings = market.hub.settings().with_policy(dearer());
    market.hub.reload(settings).unwrap();
    let after = market.price(7, 1_000);
    assert!(after > before, "{after} {before}");

    let text = ["x".repeat(4_000), String::new()].concat();
    let rest = [delta(&text), STOP.into(), usage(7, 1_000), DONE.into()].concat();
    let end = [Act::Body(rest), Act::Finish(StreamEnd::default())];
    provider.act(request.stream, end).await;
    assert_eq!(answer.await.unwrap().status, 200);
    market.settled().await;
    assert_eq!(market.spent("5"), before);

    let answer = market.chat(ask("")).background();
    provider.serve(reply(completion(&text, 7, 1_000))).await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.header("x-swan-cost"), after.to_string());
    assert_eq!(
        market.spent("5"),
        before.checked_add(after).unwrap(),
        "each by its own policy"
    );
}

#[tokio::test]
async fn limits_hold_for_the_next_request_and_a_wrong_endpoint_changes_nothing() {
    let market = Market::start().await;
    let mut limits = market.hub.settings().limits;
    limits.in_flight = 0;
    let wrong = ExternalConfig::new("twice", "http://127.0.0.1:9");
    let settings = market.hub.settings().with_limits(limits);
    let refused = settings.clone().with_external(vec![wrong.clone(), wrong]);
    let error = market.hub.reload(refused).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
    let answer = market.chat(ask("")).send().await;
    assert_eq!(answer.error_code(), "no_provider", "{answer:?}");

    market.hub.reload(settings).unwrap();
    let answer = market.chat(ask("")).send().await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.error_code(), "overloaded");
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn heartbeats_are_those_of_the_settings_in_force_for_streams_that_run_too() {
    let market = Market::with_limits(|limits| limits.heartbeat = Duration::ZERO).await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(ask("\"stream\":true")).open());
    let request = provider.request().await;
    provider.act(request.stream, begin(delta("hello"))).await;
    let mut running = opening.await.unwrap();
    running.read_until("hello").await;

    let mut limits = market.hub.settings().limits;
    limits.heartbeat = Duration::from_millis(20);
    let settings = market.hub.settings().with_limits(limits);
    market.hub.reload(settings).unwrap();
    running.read_until(": ping").await;
    let mut waiting = within(market.chat(ask("\"stream\":true")).open()).await;
    waiting.read_until(": ping").await;
    let second = provider.request().await;
    for stream in [request.stream, second.stream] {
        let rest = [delta("there"), STOP.into(), usage(7, 2), DONE.into()].concat();
        let mut acts = vec![Act::Body(rest), Act::Finish(StreamEnd::default())];
        if stream == second.stream {
            acts.insert(0, Act::Head(200, "text/event-stream"));
        }
        provider.act(stream, acts).await;
    }
    assert!(running.whole().await.text().contains("[DONE]"));
    assert!(waiting.whole().await.text().contains("[DONE]"));
}

#[tokio::test]
async fn budgets_of_attempts_and_hedging_are_those_of_the_settings_in_force() {
    let market = Market::start().await;
    let mut first = market.provider(1).await;
    let mut second = market.provider(2).await;
    let call = || {
        let call = market.chat(ask("\"stream\":true"));
        call.header("x-swan-provider", "node-1")
    };
    let fails = || [Act::Fail(Failure::provider(500, "broken"))];
    let serves = || sse([delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat());

    let mut limits = market.hub.settings().limits;
    (limits.retry_percent, limits.retries_per_sec) = (0, 0);
    let settings = market.hub.settings().with_limits(limits.clone());
    market.hub.reload(settings).unwrap();
    let answer = call().background();
    first.serve(fails()).await;
    assert_eq!(answer.await.unwrap().error_code(), "provider_failed");
    assert!(!second.has_request());

    limits.retry_percent = 100;
    let settings = market.hub.settings().with_limits(limits);
    market.hub.reload(settings).unwrap();
    let answer = call().background();
    first.serve(fails()).await;
    second.serve(serves()).await;
    assert_eq!(answer.await.unwrap().status, 200);

    let mut hedging = Hedging::default();
    hedging.after = Some(Duration::from_millis(10));
    hedging.percent = 100;
    let settings = market.hub.settings().with_hedging(hedging);
    market.hub.reload(settings).unwrap();
    let answer = call().background();
    let request = first.request().await;
    second.serve(serves()).await;
    first.cancelled(request.stream).await;
    assert_eq!(answer.await.unwrap().status, 200);

    let settings = market.hub.settings();
    let settings = settings.with_hedging(Hedging::default());
    market.hub.reload(settings).unwrap();
    let answer = call().background();
    let request = first.request().await;
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert!(!second.has_request());
    first.act(request.stream, serves()).await;
    assert_eq!(answer.await.unwrap().status, 200);
}

#[tokio::test]
async fn models_outside_the_catalogue_get_the_price_of_their_class_in_the_new_policy() {
    const OUTSIDE: &str = "somebody/swan-test-8b";
    let market = Market::start().await;
    let mut provider = market.provider_of(1, true, &[OUTSIDE]).await;
    let cost = |hub: &Hub| hub.policy().classify(OUTSIDE).unwrap().price;
    let before = cost(&market.hub);
    let body = ask("").replace(MODEL, OUTSIDE);
    let answer = market.chat(body.clone()).background();
    let text = "x".repeat(4_000);
    provider.serve(reply(completion(&text, 7, 1_000))).await;
    let first = answer.await.unwrap();
    market
        .hub
        .reload(market.hub.settings().with_policy(dearer()))
        .unwrap();
    assert_ne!(cost(&market.hub), before);
    let answer = market.chat(body).background();
    provider.serve(reply(completion(&text, 7, 1_000))).await;
    let second = answer.await.unwrap();
    assert_eq!((first.status, second.status), (200, 200));
    let costs = [first.header("x-swan-cost"), second.header("x-swan-cost")];
    let costs = costs.map(|cost| cost.parse::<Amount>().unwrap());
    assert!(costs[1] > costs[0], "{costs:?}");
}

#[tokio::test]
async fn what_a_provider_declared_of_its_model_holds_on_under_a_new_policy() {
    const OUTSIDE: &str = "somebody/words";
    let market = Market::start().await;
    let vectors = Modality {
        kind: "embeddings".to_owned(),
        ..Modality::default()
    };
    let declaration = ModelDeclaration {
        model_id: OUTSIDE.to_owned(),
        output_modalities: vec![vectors],
        ..ModelDeclaration::default()
    };
    let mut provider = market.provider_declaring(1, declaration).await;
    market
        .hub
        .reload(market.hub.settings().with_policy(dearer()))
        .unwrap();
    let body = format!(r#"{{"model":"{OUTSIDE}","input":"one"}}"#);
    let answer = market.post("/v1/embeddings", body).background();
    let vector = r#"{"data":[{"embedding":[1,2]}],"usage":{"prompt_tokens":1}}"#;
    provider.serve(reply(vector)).await;
    assert_eq!(answer.await.unwrap().status, 200);
}
