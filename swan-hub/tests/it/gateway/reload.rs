//! A hub whose settings change while it serves.

use swan_core::protocol::{Modality, ModelDeclaration, StreamEnd};
use swan_core::{Amount, Policy};
use swan_hub::{ExternalConfig, Hub};

use super::provider::{Act, begin, reply};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, until, usage};

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
