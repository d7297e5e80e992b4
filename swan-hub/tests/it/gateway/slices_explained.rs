//! What is told of a request that was paid for in slices.

use serde_json::Value;
use swan_core::Amount;
use swan_core::protocol::StreamEnd;

use super::http::Call;
use super::provider::{Act, begin};
use super::slices::{feed, stream};
use super::{DONE, Market, STOP, delta, usage};

#[tokio::test]
async fn each_extension_is_explained_and_leads_back_to_its_request() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(stream()).open());
    let request = provider.serve(begin(delta("first"))).await;
    let open = opening.await.unwrap();
    feed(&provider, &request, 150).await;
    let rest = [STOP.into(), usage(9, 3_000), DONE.into()].concat();
    let end = [Act::Body(rest), Act::Finish(StreamEnd::default())];
    provider.act(request.stream, end).await;
    let answer = open.whole().await;
    assert_eq!(answer.events().last().unwrap(), "[DONE]");
    market.settled().await;
    let id = answer.header("x-swan-request-id").to_owned();
    let told = explained(&market, &id).await;
    let steps = told["steps"].as_array().unwrap();
    let rules: Vec<_> = steps
        .iter()
        .map(|step| step["rule"].as_str().unwrap())
        .collect();
    assert!(rules.len() > 3, "{rules:?}");
    assert_eq!((rules[0], rules[1]), ("hold", "extension"));
    assert_eq!(*rules.last().unwrap(), "charge");
    let says = steps[1]["says"].as_str().unwrap();
    assert!(
        says.contains("more of") && says.contains("in all"),
        "{says}"
    );
    // What was held in the end, and not at first, is what the rest was given back of.
    let held = |text: &Value| text.as_str().unwrap().parse::<Amount>().unwrap();
    let last = steps[steps.len() - 2]["transfers"][1]["amount"].clone();
    assert_eq!(held(&told["charge"]["held"]), held(&last));
    for step in steps {
        for transfer in step["transfers"].as_array().unwrap() {
            let of = explained(&market, transfer["id"].as_str().unwrap()).await;
            assert_eq!(of["request"], told["request"], "{transfer}");
        }
    }
}

async fn explained(market: &Market, id: &str) -> Value {
    let call = Call::get(market.address, &format!("/v1/explain/{id}"));
    let call = call.header("authorization", &format!("Bearer {}", market.key));
    let answer = call.send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}
