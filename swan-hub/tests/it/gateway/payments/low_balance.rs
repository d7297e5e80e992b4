//! Funds that fall below their threshold are told once, and again after they were above.

use std::sync::Arc;

use serde_json::{Value, json};
use swan_core::{Amount, Currency, Timestamp};
use swan_hub::store::{AccountRecord, MemoryStore};
use swan_hub::{KeyLimits, MarketOptions};

use super::super::http::{Answer, Call};
use super::super::until;
use super::Till;
use super::stub::Stub;

impl Till {
    /// Charges this to the account.
    async fn spend(&self, usd: &str) {
        let mut charge = crate::ledger::charge(usd.parse::<Amount>().unwrap().pico());
        charge.usd = None;
        let settled = self.hold(usd).unwrap().settle(charge).unwrap();
        settled.durable().await.unwrap();
    }

    async fn threshold(&self, method: &str, path: &str, key: &str, body: Value) -> Answer {
        let call = Call::new(self.market.address, method, path)
            .header("authorization", &format!("Bearer {key}"))
            .header("content-type", "application/json");
        call.body(body.to_string()).send().await
    }

    /// What was told, in order.
    pub(super) fn told(&self) -> Vec<(String, String)> {
        let told = self.news.2.lock();
        told.iter()
            .map(|one| (one.balance.to_string(), one.threshold.to_string()))
            .collect()
    }
}

#[tokio::test]
async fn a_balance_that_falls_is_told_once_and_again_after_it_rose() {
    let mut options = MarketOptions::default();
    options.low_balance = Some("3".parse().unwrap());
    let (store, stub) = (Arc::new(MemoryStore::new()), Stub::start().await);
    let till = Till::over(store.clone(), stub, |builder| builder.with_market(options)).await;
    // Who has no account in the store has the threshold of the hub.
    till.spend("1").await;
    till.spend("1.5").await;
    until(|| till.told() == [("2.5".into(), "3".into())]).await;
    till.spend("0.5").await;
    till.market.grant("2").await;
    till.spend("2").await;
    until(|| till.told().len() == 2).await;
    assert_eq!(till.told()[1], ("2".into(), "3".into()));
}

#[tokio::test]
async fn a_threshold_is_set_by_the_owner_and_by_administrators() {
    let store = Arc::new(MemoryStore::new());
    let till = Till::over(store, Stub::start().await, |builder| builder).await;
    let account = AccountRecord {
        id: till.market.account,
        name: "test".into(),
        created: Timestamp::from_millis(1),
        limits: KeyLimits::default(),
    };
    let (own, any) = (
        "/v1/low-balance".to_owned(),
        format!("/api/v1/admin/accounts/{}/low-balance", account.id),
    );
    let key = &till.market.key;
    let none = till.threshold("GET", &own, key, Value::Null).await;
    assert_eq!(none.error_code(), "account_not_found");
    till.market.hub.store().put_account(&account).await.unwrap();
    let set = till
        .threshold("PUT", &own, key, json!({"usd": "4.5"}))
        .await
        .json();
    assert_eq!(
        (&set["own"], &set["is_low"]),
        (&json!("4.5"), &json!(false))
    );
    till.spend("1").await;
    until(|| till.told() == [("4".into(), "4.5".into())]).await;
    let shown = till
        .threshold("GET", &any, &till.admin, Value::Null)
        .await
        .json();
    assert_eq!(
        (&shown["threshold"], &shown["is_low"]),
        (&json!("4.5"), &json!(true))
    );
    // Limits that are replaced leave it alone.
    let limits = any.replace("low-balance", "limits");
    let replaced = till
        .threshold("PUT", &limits, &till.admin, json!({"limits": {"rpm": 5}}))
        .await;
    assert_eq!(replaced.json()["limits"], json!({"rpm": 5}));
    let kept = till.threshold("GET", &own, key, Value::Null).await.json();
    assert_eq!(kept["own"], "4.5");
    let gone = till
        .threshold("PUT", &any, &till.admin, json!({"usd": null}))
        .await
        .json();
    assert_eq!(
        (&gone["own"], &gone["threshold"]),
        (&Value::Null, &Value::Null)
    );
    for body in [
        json!({}),
        json!({"usd": "0"}),
        json!({"usd": 5}),
        json!({"usd": "-1"}),
        json!({"eur": "1"}),
    ] {
        assert_eq!(till.threshold("PUT", &own, key, body).await.status, 400);
    }
    assert_eq!(
        till.threshold("PUT", &any, key, json!({"usd": "1"}))
            .await
            .status,
        403
    );
}

/// An account with 12 SWAN beside its $5, at a hub that calls less than 10 SWAN low.
async fn with_swan() -> Till {
    let mut options = MarketOptions::default();
    options.low_balance_swan = Some("10".parse().unwrap());
    let (store, stub) = (Arc::new(MemoryStore::new()), Stub::start().await);
    let till = Till::over(store, stub, |builder| builder.with_market(options)).await;
    let account = AccountRecord {
        id: till.market.account,
        name: "test".into(),
        created: Timestamp::from_millis(1),
        limits: KeyLimits::default(),
    };
    till.market.hub.store().put_account(&account).await.unwrap();
    till.market.grant_to(account.id, Currency::Swan, "12").await;
    till
}

#[tokio::test]
async fn each_currency_has_a_threshold_of_its_own() {
    let till = with_swan().await;
    let (own, key) = ("/v1/low-balance", &till.market.key);
    let shown = till.threshold("GET", own, key, Value::Null).await.json();
    assert_eq!(
        shown["swan"],
        json!({"own": null, "threshold": "10", "balance": "12", "is_low": false})
    );
    // As it was before there were thresholds in SWAN.
    assert_eq!(
        (&shown["threshold"], &shown["balance"]),
        (&Value::Null, &json!("5"))
    );

    // Setting one leaves the other alone.
    let set = |body: Value| till.threshold("PUT", own, key, body);
    let both = set(json!({"usd": "2", "swan": "11.5"})).await.json();
    assert_eq!(
        (&both["own"], &both["swan"]["own"]),
        (&json!("2"), &json!("11.5"))
    );
    let one = set(json!({"swan": "11"})).await.json();
    assert_eq!(
        (&one["own"], &one["swan"]["own"]),
        (&json!("2"), &json!("11"))
    );
    let one = set(json!({"usd": null})).await.json();
    assert_eq!(
        (&one["own"], &one["swan"]["own"]),
        (&Value::Null, &json!("11"))
    );
    for body in [
        json!({"swan": "0"}),
        json!({"swan": 5}),
        json!({"swan": "1e3"}),
    ] {
        let refused = set(body).await;
        assert_eq!(
            (refused.status, &*refused.error_code()),
            (400, "invalid_value")
        );
    }
    // Limits that are replaced leave both alone, and do not show them.
    let limits = format!("/api/v1/admin/accounts/{}/limits", till.market.account);
    let replaced = till
        .threshold("PUT", &limits, &till.admin, json!({"limits": {"rpm": 5}}))
        .await;
    assert_eq!(replaced.json()["limits"], json!({"rpm": 5}));
}

#[tokio::test]
async fn what_falls_in_swan_is_told_in_swan() {
    let till = with_swan().await;
    let (own, key) = ("/v1/low-balance", &till.market.key);
    // What is spent in SWAN is told in SWAN, and dollars that are gone in dollars.
    let spend = async |currency, sum: &str| {
        let mut charge = crate::ledger::charge(sum.parse::<Amount>().unwrap().pico());
        charge.usd = None;
        let held = till.hold_in(currency, sum).unwrap();
        held.settle(charge).unwrap().durable().await.unwrap();
    };
    spend(Currency::Usd, "4").await;
    spend(Currency::Swan, "2.5").await;
    let told = || till.news.2.lock().clone();
    until(|| told().len() == 1).await;
    let low = told()[0];
    assert_eq!(
        (low.account, low.currency),
        (till.market.account, Currency::Swan)
    );
    assert_eq!(
        (low.balance.to_string(), low.threshold.to_string()),
        ("9.5".into(), "10".into())
    );
    let shown = till.threshold("GET", own, key, Value::Null).await.json();
    assert_eq!(
        (&shown["is_low"], &shown["swan"]["is_low"]),
        (&json!(false), &json!(true))
    );
    let figures = till
        .threshold("GET", "/metrics", &till.admin, Value::Null)
        .await;
    let text = figures.text();
    for line in [
        "swan_low_balances_total{currency=\"USD\"} 0",
        "swan_low_balances_total{currency=\"SWAN\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}
