//! Who chooses among the providers of a model, by configuration and by session.

use std::collections::BTreeMap;

use swan_core::routing::StrategyName;
use swan_hub::{Hub, Routing};

use super::provider::reply;
use super::{MODEL, Market, ask, completion};

/// A market of four providers who serve whatever comes; they end with the test.
async fn market(routing: Routing) -> Market {
    let market = Market::with(|builder| builder.with_strategies(routing)).await;
    for number in 1..=4 {
        let mut provider = market.provider(number).await;
        tokio::spawn(async move {
            loop {
                provider.serve(reply(completion("hello", 7, 2))).await;
            }
        });
    }
    market
}

/// How many of so many requests each provider served.
async fn shares(market: &Market, body: &str, requests: u32) -> BTreeMap<String, u32> {
    let mut served = BTreeMap::new();
    for _ in 0..requests {
        let answer = market.chat(body).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let name = answer.header("x-swan-provider-name").to_owned();
        *served.entry(name).or_default() += 1;
        market.settled().await;
    }
    served
}

async fn strategy(market: &Market, body: &str) -> String {
    let call = market.chat(body).header("x-swan-trace", "1");
    let answer = call.send().await;
    let trace: serde_json::Value = serde_json::from_str(answer.header("x-swan-trace")).unwrap();
    trace["strategy"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_configuration_names_the_strategy_of_a_model() {
    let by_model = Routing::default().with_model("qwen3:8b", StrategyName::RoundRobin);
    let usual = Routing::default().with_default(StrategyName::LeastConnections);
    let other = usual.clone().with_model("qwen3:32b", StrategyName::Price);
    for (routing, expected) in [
        (Routing::default(), "health-aware"),
        (by_model, "round-robin"),
        (usual, "least-connections"),
        (other, "least-connections"),
    ] {
        let market = market(routing).await;
        assert_eq!(strategy(&market, &ask("")).await, expected);
    }
    let wrong = Routing::default().with_model("two words", StrategyName::Price);
    let error = Hub::builder().with_strategies(wrong).build().await;
    assert!(error.unwrap_err().to_string().contains("routing.models"));
}

#[tokio::test]
async fn a_session_stays_where_it_is_whatever_the_strategy() {
    let market = market(Routing::default().with_default(StrategyName::RoundRobin)).await;
    for field in ["session_id", "prompt_cache_key"] {
        let body = ask(&format!(r#""{field}":"mine""#));
        assert_eq!(strategy(&market, &body).await, "prefix-affinity");
        let served = shares(&market, &body, 12).await;
        // Of cold providers two in a hundred requests are probes.
        assert!(served.values().any(|requests| *requests >= 9), "{served:?}");
    }
    // A user has many conversations.
    let body = ask(r#""user":"me""#);
    assert_eq!(strategy(&market, &body).await, "round-robin");
    let sorted = ask(r#""session_id":"mine","provider":{"sort":"price"}"#);
    let call = market.chat(sorted).header("x-swan-trace", "1");
    assert_eq!(call.send().await.status, 200);
}

#[tokio::test]
async fn a_conversation_stays_where_its_beginning_is_known() {
    let routing = Routing::default().with_model(MODEL, StrategyName::PrefixAffinity);
    let market = market(routing).await;
    let turn = |turns: usize| {
        let more = r#",{"role":"assistant","content":"hello"},{"role":"user","content":"go on"}"#;
        format!(
            r#"{{"model":"{MODEL}","messages":[{{"role":"system","content":"be brief"}},{{"role":"user","content":"tell me a story"}}{}]}}"#,
            more.repeat(turns)
        )
    };
    let mut served: BTreeMap<String, u32> = BTreeMap::new();
    for turns in 0..12 {
        for (name, count) in shares(&market, &turn(turns), 1).await {
            *served.entry(name).or_default() += count;
        }
    }
    assert!(served.values().any(|requests| *requests >= 9), "{served:?}");
}
