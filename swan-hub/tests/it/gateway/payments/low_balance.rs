//! Funds that fall below their threshold are told once, and again after they were above.

use std::sync::Arc;

use serde_json::{Value, json};
use swan_core::Timestamp;
use swan_hub::store::{AccountRecord, MemoryStore};
use swan_hub::{KeyLimits, MarketOptions};

use super::super::http::{Answer, Call};
use super::super::until;
use super::Till;
use super::stub::Stub;

impl Till {
    /// Charges this to the account.
    async fn spend(&self, usd: &str) {
        let mut charge = crate::ledger::charge(usd.parse::<swan_core::Amount>().unwrap().pico());
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
    fn told(&self) -> Vec<(String, String)> {
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
