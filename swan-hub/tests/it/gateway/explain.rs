//! Why money moved: each way in which a request ends, told by its facts.

use std::sync::Arc;

use serde_json::{Value, json};
use swan_core::ledger::{Applied, entries};
use swan_core::protocol::Failure;
use swan_core::{AccountId, Currency, ExchangeRate, RequestId, TransferId};
use swan_hub::FixedPrice;
use swan_hub::ledger::{Explainer, Subject};
use swan_hub::store::KeyKind;

use super::http::{Answer, Call};
use super::provider::{Act, Provider, begin, reply};
use super::{MODEL, Market, ask, completion, delta};

async fn explain_as(market: &Market, key: &str, id: &str) -> Answer {
    let call = Call::get(market.address, &format!("/v1/explain/{id}"));
    let call = call.header("authorization", &format!("Bearer {key}"));
    call.send().await
}

async fn explain(market: &Market, id: &str) -> Value {
    let answer = explain_as(market, &market.key, id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn served(market: &Market, provider: &mut Provider) -> String {
    let answer = market.chat(ask("")).background();
    provider
        .serve(reply(completion("four words of text", 20, 4)))
        .await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("x-request-id").to_owned()
}

/// The rules of the journal's entries, in order.
fn rules(told: &Value) -> Vec<&str> {
    let steps = told["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["rule"].as_str().unwrap())
        .collect()
}

fn lines(told: &Value) -> Vec<&str> {
    let lines = told["charge"]["arithmetic"].as_array().unwrap();
    lines.iter().map(|line| line.as_str().unwrap()).collect()
}

/// Each of its transfers leads to the same facts.
async fn each_transfer_leads_there(market: &Market, told: &Value) {
    for step in told["steps"].as_array().unwrap() {
        for transfer in step["transfers"].as_array().unwrap() {
            let by_transfer = explain(market, transfer["id"].as_str().unwrap()).await;
            assert_eq!(by_transfer["request"], told["request"]);
            assert_eq!(by_transfer["charge"], told["charge"]);
        }
    }
}

#[tokio::test]
async fn a_charge_is_told_from_the_hold_to_the_shares_so_that_it_can_be_computed_again() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    // Others before and after, among which it must be found.
    served(&market, &mut provider).await;
    let id = served(&market, &mut provider).await;
    served(&market, &mut provider).await;
    let told = explain(&market, &id).await;
    assert_eq!(
        (&told["kind"], &told["request"]),
        (&json!("request"), &json!(id))
    );
    assert_eq!(told["summary"], "charged 0.00000032 USD");
    assert_eq!(rules(&told), ["hold", "charge"]);
    let policy = market.hub.policy();
    for step in told["steps"].as_array().unwrap() {
        assert_eq!(step["policy"], "swan-2.0");
        let hash = policy.stamp().hash().unwrap().to_string();
        assert_eq!(step["policy_hash"], hash);
    }
    let charge = &told["charge"];
    let facts = [
        ("model", json!(MODEL)),
        ("prompt_tokens", json!(20)),
        ("completion_tokens", json!(4)),
        ("basis", json!("reported")),
        ("gross", json!("0.00000032")),
        ("usd", json!("0.00000032")),
        ("discount", json!("0%")),
        ("exchange_rate", Value::Null),
        ("adds_up", json!(true)),
    ];
    for (name, expected) in facts {
        assert_eq!(charge[name], expected, "{name} of {charge}");
    }
    let lines = lines(&told);
    assert_eq!(
        lines[..3],
        [
            "20 prompt tokens x 0.01 = 0.2",
            "4 completion tokens x 0.03 = 0.12",
            "together 0.32"
        ]
    );
    assert!(
        lines[3].starts_with("0.32 / 1000000 = 0.00000032 USD"),
        "{lines:?}"
    );
    assert!(lines[4].ends_with("given back"), "{lines:?}");
    let provider_id = "prov-00000000000000000000000000000001";
    let split = format!(
        "0.00000032 = 0.000000304 to earnings {provider_id} (95%) + 0.000000016 to growth fund (5%)"
    );
    assert_eq!(lines[5], split);
    assert_eq!(told["attempts"][0]["ending"], "served");
    assert_eq!(told["attempts"][0]["chosen"], true);

    each_transfer_leads_there(&market, &told).await;
    let request: RequestId = id.parse().unwrap();
    let hold = entries::hold_id(request).to_string();
    assert_eq!(explain(&market, &hold).await["kind"], "transfer");
    let told = market.hub.explain(Subject::Request(request)).await;
    let text = told.unwrap().unwrap().to_string();
    for fact in [
        "charged 0.00000032 USD",
        "20 prompt tokens x 0.01 = 0.2",
        &split,
        "swan-2.0",
    ] {
        assert!(text.contains(fact), "{fact} in {text}");
    }
}

#[tokio::test]
async fn a_request_that_failed_over_names_every_attempt() {
    let market = Market::start().await;
    let mut bad = market.provider(1).await;
    let mut good = market.provider(2).await;
    let answer = market
        .chat(ask(""))
        .header("x-swan-provider", "node-1")
        .background();
    bad.serve(vec![Act::Fail(Failure::provider(500, "broken"))])
        .await;
    good.serve(reply(completion("hello", 7, 2))).await;
    let answer = answer.await.unwrap();
    let told = explain(&market, answer.header("x-request-id")).await;
    let attempts = told["attempts"].as_array().unwrap();
    let names: Vec<_> = attempts
        .iter()
        .map(|one| (&one["name"], &one["chosen"], &one["blame"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(
        names,
        [
            (&json!("node-1"), &no, &json!("provider")),
            (&json!("node-2"), &yes, &Value::Null)
        ]
    );
    let paid = &told["charge"]["split"][0]["to"];
    assert_eq!(paid, "earnings prov-00000000000000000000000000000002");
    assert_eq!(told["charge"]["adds_up"], true);
}

#[tokio::test]
async fn a_stream_that_its_consumer_left_is_charged_for_what_was_delivered() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(ask("\"stream\":true")).open());
    let request = provider.serve(begin(delta("12345678"))).await;
    let mut open = opening.await.unwrap();
    open.read_until("12345678").await;
    open.hang_up().await;
    provider.cancelled(request.stream).await;
    market.settled().await;
    let id = market.records.last().request.to_string();
    let told = explain(&market, &id).await;
    assert_eq!(rules(&told), ["hold", "charge"]);
    let summary = told["summary"].as_str().unwrap();
    assert!(
        summary.starts_with(&format!("charged {} USD", market.spent("5"))),
        "{summary}"
    );
    assert!(
        summary.ends_with("until the consumer went away"),
        "{summary}"
    );
    assert_eq!(told["charge"]["basis"], "estimated");
    assert_eq!(told["charge"]["adds_up"], true);
    assert_eq!(told["attempts"][0]["ending"], "cancelled");
}

#[tokio::test]
async fn nothing_delivered_is_nothing_charged_and_says_why() {
    let market = Market::start().await;
    let refused = market.chat(ask("")).send().await;
    assert_eq!(refused.status, 503);
    let told = explain(&market, refused.header("x-request-id")).await;
    assert_eq!(rules(&told), ["hold", "release"]);
    let summary = told["summary"].as_str().unwrap();
    assert!(summary.starts_with("charged nothing"), "{summary}");
    assert!(summary.contains(&refused.error_code()), "{summary}");
    assert_eq!(
        (&told["charge"], &told["attempts"]),
        (&Value::Null, &json!([]))
    );
}

#[tokio::test]
async fn a_free_request_is_told_as_free_and_a_grant_as_what_was_given() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let poor = AccountId::from_u128(78);
    let key = market.issue(KeyKind::Consumer(poor), 60).await;
    let answer = market
        .with_key(&key, ask("\"max_tokens\":100"))
        .background();
    provider.serve(reply(completion("ok", 20, 2))).await;
    let answer = answer.await.unwrap();
    let told = explain_as(&market, &key, answer.header("x-request-id"))
        .await
        .json();
    let free = "served by the free tier: nothing was charged, split or journalled";
    assert_eq!(told["summary"], free);
    assert_eq!((rules(&told).len(), &told["charge"]), (0, &Value::Null));
    assert_eq!(told["attempts"][0]["name"], "node-1");

    // A grant has no request; the command line finds it by walking.
    let id = TransferId::from_u128(9_001);
    let books = market.hub.books();
    let amount = "3".parse().unwrap();
    let granted = books
        .grant(id, poor, Currency::Usd, amount, "welcome")
        .await;
    assert_eq!(granted.unwrap(), Applied::Created);
    let explainer = Explainer::new(Arc::clone(market.hub.store()));
    let told = explainer
        .explain(Subject::Transfer(id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        told.summary,
        format!("3 USD from grants to consumer {poor}: welcome")
    );
    let told = explainer
        .explain(Subject::Account(poor))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(told.balances[0].by_rule[0].credited, amount);
    assert_eq!(
        told.summary,
        "3 credited - 0 debited = 3 USD, of which 0 is set aside"
    );
}

#[tokio::test]
async fn a_charge_in_swan_names_discount_and_rate() {
    let rate = ExchangeRate::usd_per_swan("0.5".parse().unwrap()).unwrap();
    let market =
        Market::with(|builder| builder.with_price_oracle(Arc::new(FixedPrice::new(rate)))).await;
    market.grant_to(market.account, Currency::Swan, "5").await;
    let mut provider = market.provider(1).await;
    let answer = market
        .chat(ask(""))
        .header("x-swan-payment", "SWAN")
        .background();
    provider
        .serve(reply(completion("four words of text", 20, 4)))
        .await;
    let answer = answer.await.unwrap();
    let told = explain(&market, answer.header("x-request-id")).await;
    assert_eq!(told["summary"], "charged 0.000000512 SWAN");
    let charge = &told["charge"];
    assert_eq!(
        (&charge["discount"], &charge["usd"]),
        (&json!("20%"), &json!("0.000000256"))
    );
    assert!(
        charge["exchange_rate"]
            .as_str()
            .unwrap()
            .starts_with("0.5 USD for 1 SWAN")
    );
    assert_eq!(charge["adds_up"], true);
    let line = "0.32 / 1000000 x 80% (the discount is 20%) / 0.5 USD for 1 SWAN = 0.000000512 SWAN";
    assert!(lines(&told)[3].starts_with(line), "{told}");
}

#[tokio::test]
async fn others_and_ids_of_nothing_get_a_404() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let id = served(&market, &mut provider).await;
    let hold = entries::hold_id(id.parse().unwrap()).to_string();
    let stranger = market
        .issue(KeyKind::Consumer(AccountId::from_u128(78)), 60)
        .await;
    let admin = market.issue(KeyKind::Admin, 61).await;
    let own = market.account.to_string();
    let earnings = "prov-00000000000000000000000000000001";
    for (key, id, status) in [
        (&market.key, id.as_str(), 200),
        (&stranger, &id, 404),
        (&stranger, &hold, 404),
        (&stranger, &own, 404),
        (&market.key, &own, 200),
        (&market.key, earnings, 404),
        (&admin, earnings, 200),
        (&admin, &hold, 200),
        (&market.key, "01900000-0000-7000-8000-000000000000", 404),
        (&market.key, "00000000000000000000000000000001", 404),
        (&market.key, "nonsense", 404),
        (&market.key, "%FF", 404),
    ] {
        let answer = explain_as(&market, key, id).await;
        assert_eq!(answer.status, status, "{id}: {answer:?}");
        if status == 404 {
            assert_eq!(answer.error_code(), "nothing_known");
        }
    }
    assert_eq!(explain_as(&market, "sk-swan-none", &id).await.status, 401);
    let balance = explain(&market, &own).await;
    assert_eq!(balance["balances"][0]["credited"], "5");
    assert_eq!(balance["balances"][0]["debited"], "0.00000032");
}
