//! Payouts: asked for, paid, failed, taken back, and earnings that become credit; each once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use swan_core::ledger::{Account, ChargeRecord};
use swan_core::testkit::ManualClock;
use swan_core::{Amount, Clock, Currency, ProviderId, RequestId, Timestamp};
use swan_hub::ledger::HoldRequest;
use swan_hub::store::KeyKind;

use super::Market;
use super::http::{Answer, Call};
use super::papers::get;
use crate::ledger::{audit, charge, request};

pub(super) const PROVIDER: ProviderId = ProviderId::from_u128(1);

struct Earned {
    market: Market,
    clock: Arc<ManualClock>,
    provider: String,
    admin: String,
}

/// A charge of which a provider earns 95 parts of 100.
pub(super) async fn earn(market: &Market, provider: ProviderId, gross: &str) {
    let gross: Amount = gross.parse().unwrap();
    market.grant(&gross.to_string()).await;
    let asked = HoldRequest {
        request: RequestId::from_u128(provider.as_u128() << 64 | 5),
        account: market.account,
        amount: gross,
        expires: Timestamp::MAX,
        ..request(5, 1)
    };
    let record = ChargeRecord {
        provider: Some(provider),
        ..charge(gross.pico())
    };
    let hold = market.hub.books().hold_or_draw(asked).await.unwrap();
    let settled = hold.settle(record);
    settled.unwrap().durable().await.unwrap();
}

pub(super) async fn post(market: &Market, key: &str, path: &str, body: &Value) -> Answer {
    let call = Call::post(market.address, path);
    let call = call.header("authorization", &format!("Bearer {key}"));
    let call = call.header("content-type", "application/json");
    call.body(body.to_string()).send().await
}

impl Earned {
    /// A provider that has earned $95.
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let own = Arc::clone(&clock) as Arc<dyn Clock>;
        let market = Market::with(|builder| builder.with_clock(own)).await;
        let provider = market.issue(KeyKind::Provider(PROVIDER), 70).await;
        let admin = market.issue(KeyKind::Admin, 71).await;
        earn(&market, PROVIDER, "100").await;
        Self {
            market,
            clock,
            provider,
            admin,
        }
    }

    async fn ask(&self, usd: &str) -> Answer {
        let body = json!({"amount": usd, "destination": "0xabc"});
        post(&self.market, &self.provider, "/v1/provider/payouts", &body).await
    }

    /// What is owed, set apart, paid out and kept as fees, by the journal.
    async fn balances(&self) -> [String; 4] {
        self.market.hub.books().flush().await.unwrap();
        let report = audit(&**self.market.hub.store()).await;
        assert_eq!(report.breaches, []);
        let accounts = [
            Account::ProviderEarnings(PROVIDER),
            Account::PayingOut(PROVIDER),
            Account::Payouts,
            Account::Treasury,
        ];
        accounts.map(|account| {
            let key = account.in_currency(Currency::Usd);
            report.ledger.balance(&key).posted().to_string()
        })
    }

    async fn end(&self, id: &str, how: &str, body: Value) -> Answer {
        let path = format!("/api/v1/admin/payouts/{id}/{how}");
        post(&self.market, &self.admin, &path, &body).await
    }

    async fn listed(&self, key: &str, path: &str) -> Vec<String> {
        let found = get(&self.market, key, path).await.json();
        let states = found["data"].as_array().unwrap().iter();
        states
            .map(|one| one["state"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(super) fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["id"].as_str().unwrap().to_owned()
}

pub(super) fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, answer.error_code())
}

#[tokio::test]
async fn a_payout_is_set_apart_paid_once_and_told_in_the_statement() {
    let earned = Earned::start().await;
    let asked = earned.ask("40").await;
    let first = id(&asked);
    let asked = asked.json();
    assert_eq!(
        (&asked["state"], &asked["pays"]),
        (&"requested".into(), &"39".into())
    );
    assert_eq!(
        (&asked["fee"], &asked["destination"]),
        (&"1".into(), &"0xabc".into())
    );
    assert_eq!(earned.balances().await, ["55", "40", "0", "0"]);
    assert_eq!(
        refused(&earned.ask("10").await),
        (409, "payout_pending".into())
    );

    let by = json!({"reference": "0x77"});
    let paid = earned.end(&first, "paid", by.clone()).await;
    assert_eq!(paid.status, 200, "{paid:?}");
    assert_eq!(
        (&paid.json()["state"], &paid.json()["reference"]),
        (&"paid".into(), &"0x77".into())
    );
    assert_eq!(
        earned.end(&first, "paid", by).await.json(),
        paid.json(),
        "once"
    );
    let failed = earned
        .end(&first, "failed", json!({"reason": "late"}))
        .await;
    assert_eq!(refused(&failed), (409, "payout_ended".into()));
    assert_eq!(earned.balances().await, ["55", "0", "39", "1"]);
}

#[tokio::test]
async fn payouts_have_a_pace_a_list_and_lines_in_the_statement() {
    let earned = Earned::start().await;
    let first = id(&earned.ask("40").await);
    let paid = earned
        .end(&first, "paid", json!({"reference": "0x77"}))
        .await;
    assert_eq!(paid.status, 200, "{paid:?}");
    // Within the hour there is no other.
    let soon = earned.ask("10").await;
    assert_eq!(refused(&soon), (429, "payout_too_soon".into()));
    assert_eq!(soon.header("retry-after"), "120");
    earned.clock.advance(Duration::from_secs(3_600));
    let second = id(&earned.ask("10").await);
    assert_eq!(
        earned
            .listed(&earned.provider, "/v1/provider/payouts")
            .await,
        ["requested", "paid"]
    );
    let waiting = earned.listed(&earned.admin, "/api/v1/admin/payouts?state=requested");
    assert_eq!(waiting.await, ["requested"]);
    let path = format!("/v1/provider/payouts/{second}");
    let shown = get(&earned.market, &earned.provider, &path).await.json();
    assert_eq!(shown["amount"], "10");

    let path = "/v1/provider/statement?from=2027-01-01&to=2027-01-31";
    let statement = get(&earned.market, &earned.provider, path).await.json();
    let lines = statement["data"].as_array().unwrap().iter();
    let told: Vec<_> = lines
        .map(|line| {
            (
                line["rule"].as_str().unwrap(),
                line["amount"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("charge", "95"), ("payout", "-40"), ("payout", "-10")]
    );
    assert_eq!(statement["closing"], "45");
    let sums = get(
        &earned.market,
        &earned.provider,
        &format!("{path}&by=month"),
    )
    .await
    .json();
    assert_eq!(sums["other"], json!([{"rule": "payout", "amount": "-50"}]));
    assert_eq!(
        (&sums["earned"], &sums["closing"]),
        (&"95".into(), &"45".into())
    );
}

#[tokio::test]
async fn what_fails_or_is_taken_back_is_earned_again_and_never_paid() {
    let earned = Earned::start().await;
    for (how, key, body, state) in [
        (
            "failed",
            &earned.admin,
            json!({"reason": "no such wallet"}),
            "failed",
        ),
        ("cancel", &earned.provider, json!({}), "cancelled"),
    ] {
        let payout = id(&earned.ask("95").await);
        assert_eq!(earned.balances().await, ["0", "95", "0", "0"]);
        let path = match how {
            "cancel" => format!("/v1/provider/payouts/{payout}/cancel"),
            how => format!("/api/v1/admin/payouts/{payout}/{how}"),
        };
        let ended = post(&earned.market, key, &path, &body).await;
        assert_eq!(
            (ended.status, &ended.json()["state"]),
            (200, &state.into()),
            "{ended:?}"
        );
        let again = post(&earned.market, key, &path, &body).await;
        assert_eq!(again.json(), ended.json());
        let paid = earned.end(&payout, "paid", json!({"reference": "x"})).await;
        assert_eq!(refused(&paid), (409, "payout_ended".into()));
        assert_eq!(earned.balances().await, ["95", "0", "0", "0"]);
        earned.clock.advance(Duration::from_secs(3_600));
    }
    assert_eq!(
        earned.listed(&earned.admin, "/api/v1/admin/payouts").await,
        ["cancelled", "failed"]
    );
}

#[tokio::test]
async fn what_is_too_little_too_much_or_somebody_elses_is_refused() {
    let earned = Earned::start().await;
    for (amount, expected) in [
        ("9.99", (409, "payout_below_minimum")),
        ("95.01", (409, "insufficient_earnings")),
        ("0", (400, "invalid_value")),
        ("-20", (400, "invalid_value")),
        ("1e3", (400, "invalid_value")),
        ("99999999999999999999", (400, "invalid_value")),
    ] {
        let (status, code) = refused(&earned.ask(amount).await);
        assert_eq!((status, code.as_str()), expected, "{amount}");
    }
    assert_eq!(earned.balances().await, ["95", "0", "0", "0"]);
    let payout = id(&earned.ask("20").await);
    let other = earned
        .market
        .issue(KeyKind::Provider(ProviderId::from_u128(2)), 80)
        .await;
    let path = format!("/v1/provider/payouts/{payout}");
    let unknown = (404, "payout_not_found".to_owned());
    assert_eq!(refused(&get(&earned.market, &other, &path).await), unknown);
    let cancel = post(
        &earned.market,
        &other,
        &format!("{path}/cancel"),
        &json!({}),
    )
    .await;
    assert_eq!(refused(&cancel), unknown);
    let by = json!({"reference": "x"});
    let not_admin = post(
        &earned.market,
        &earned.provider,
        &format!("/api/v1/admin/payouts/{payout}/paid"),
        &by,
    )
    .await;
    assert_eq!(not_admin.status, 403);
    assert_eq!(
        refused(&earned.end(&"0".repeat(32), "paid", by).await),
        unknown
    );
    assert_eq!(
        earned.end(&payout, "paid", json!({})).await.json()["error"]["param"],
        "reference"
    );
    let without = earned
        .market
        .hub
        .policy()
        .to_toml()
        .replace("[payout]", "[unused]");
    assert!(
        swan_core::Policy::from_toml(&without).is_err(),
        "a slip in a name is no silence"
    );
}

#[tokio::test]
async fn a_payout_with_an_idempotency_key_is_one_however_often_it_is_sent() {
    let earned = Earned::start().await;
    let body = json!({"amount": "30"});
    let send = async || {
        let call = Call::post(earned.market.address, "/v1/provider/payouts");
        let call = call.header("authorization", &format!("Bearer {}", earned.provider));
        let call = call.header("content-type", "application/json");
        let call = call.header("idempotency-key", "one");
        call.body(body.to_string()).send().await
    };
    let (first, second) = (send().await, send().await);
    assert_eq!(id(&first), id(&second));
    assert_eq!(earned.balances().await, ["65", "30", "0", "0"]);
}
