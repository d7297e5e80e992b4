//! Why money moved that no request moved: each kind of id, as its owner, a stranger and an administrator see it.

use serde_json::{Value, json};
use swan_core::ledger::{ChargeRecord, entries};
use swan_core::{AccountId, Clock as _, Currency, ProviderId, RequestId, Timestamp, TransferId};
use swan_core::{Amount, UserId};
use swan_hub::ledger::{Explainer, HoldRequest, Subject};
use swan_hub::store::{KeyKind, UserRecord};

use super::super::http::{Answer, Call};
use super::Till;
use crate::ledger::{charge, request};

const PROVIDER: ProviderId = ProviderId::from_u128(9);

/// Who asks, and by which route.
struct Asks {
    path: &'static str,
    key: String,
}

/// All who ask, in the order of the columns below.
struct Everybody {
    till: Till,
    asks: [Asks; 5],
    served: RequestId,
}

impl Everybody {
    async fn start() -> Self {
        let till = Till::open().await;
        let provider = till.market.issue(KeyKind::Provider(PROVIDER), 70).await;
        let stranger = KeyKind::Consumer(AccountId::from_u128(5));
        let stranger = till.market.issue(stranger, 71).await;
        let other = KeyKind::Provider(ProviderId::from_u128(8));
        let other = till.market.issue(other, 72).await;
        let own = till.market.key.clone();
        let user = UserRecord {
            id: UserId::from_u128(1),
            email: "ada@example.org".into(),
            display_name: "Ada".into(),
            password: String::new(),
            account: till.market.account,
            provider: Some(PROVIDER),
            created: till.clock.now(),
        };
        till.market
            .hub
            .store()
            .users()
            .put_user(&user)
            .await
            .unwrap();
        let ask = |path, key| Asks { path, key };
        let (consumer, providers) = ("/v1/explain", "/v1/provider/explain");
        let asks = [
            ask(consumer, own),
            ask(providers, provider),
            ask(consumer, stranger),
            ask(providers, other),
            ask(consumer, till.admin.clone()),
        ];
        let served = earn(&till).await;
        Self { till, asks, served }
    }

    async fn get(&self, asks: &Asks, id: &str) -> Answer {
        let path = format!("{}/{id}", asks.path);
        let call = Call::get(self.till.market.address, &path);
        let call = call.header("authorization", &format!("Bearer {}", asks.key));
        call.send().await
    }

    async fn post(&self, key: &str, path: &str, body: Value) -> Value {
        let call = Call::post(self.till.market.address, path);
        let call = call.header("authorization", &format!("Bearer {key}"));
        let call = call.header("content-type", "application/json");
        let answer = call.body(body.to_string()).send().await;
        assert!(answer.status < 300, "{answer:?}");
        answer.json()
    }

    /// Each id with its kind and rules: known to those whose it is and to the administrator, by both ways, and to nobody else.
    async fn check(&self, id: &str, of: &str, kind: &str, rules: &[&str]) {
        for (place, asks) in self.asks.iter().enumerate() {
            let is_told = match place {
                0 => of.contains("account"),
                1 => of.contains("provider"),
                other => other == 4,
            };
            let answer = self.get(asks, id).await;
            if !is_told {
                assert_eq!(answer.status, 404, "{id} {kind} for {place}: {answer:?}");
                assert_eq!(answer.error_code(), "nothing_known");
                continue;
            }
            assert_eq!(answer.status, 200, "{id} {kind} for {place}: {answer:?}");
            let told = answer.json();
            assert_eq!((&told["id"], &told["kind"]), (&json!(id), &json!(kind)));
            if place != 1 || kind != "request" {
                assert_eq!(rules_of(&told), rules, "{id} for {place}: {told}");
            }
        }
        let store = self.till.market.hub.store();
        let subject: Subject = id.parse().unwrap();
        let by_command = Explainer::new(store.clone()).explain(subject).await;
        let by_command = by_command.unwrap().unwrap();
        assert_eq!(by_command.kind, kind);
        let steps = by_command.steps.iter().map(|step| step.rule);
        if !matches!(kind, "account" | "provider") {
            assert_eq!(steps.collect::<Vec<_>>(), rules, "{id} by command");
        }
    }
}

fn rules_of(told: &Value) -> Vec<&str> {
    let steps = told["steps"].as_array().unwrap().iter();
    steps.map(|step| step["rule"].as_str().unwrap()).collect()
}

/// A request for $4, of which the provider earns $3.80.
async fn earn(till: &Till) -> RequestId {
    let made = u128::from(till.clock.now().as_millis());
    let id = RequestId::from_u128(made << 80 | 7 << 76 | 2 << 62 | 5);
    let gross: Amount = "4".parse().unwrap();
    let asked = HoldRequest {
        request: id,
        account: till.market.account,
        amount: gross,
        expires: Timestamp::MAX,
        ..request(5, 1)
    };
    let record = ChargeRecord {
        provider: Some(PROVIDER),
        ..charge(gross.pico())
    };
    let settled = till.market.hub.books().hold(asked).unwrap().settle(record);
    settled.unwrap().durable().await.unwrap();
    id
}

#[tokio::test]
async fn what_cards_moved_is_told_by_order_payment_refund_dispute_and_collection() {
    let all = Everybody::start().await;
    let (till, account) = (&all.till, all.till.market.account.to_string());
    let (open, _) = till.order("3").await;
    all.check(&open, "account", "topup", &[]).await;
    let (first, _) = till.paid("20").await;
    let number = TransferId::from_u128(77).to_string();
    let back = till
        .refund(&first, json!({"id": number, "amount": "5"}))
        .await;
    assert_eq!(back.status, 201, "{back:?}");
    let rules = ["topup", "refund"];
    all.check(&first, "account", "topup", &rules).await;
    all.check(&number, "account", "topup", &rules).await;
    let shown = till.shown(&first).await;
    for moved in shown["moved"].as_array().unwrap() {
        let transfer = moved["transfer"].as_str().unwrap();
        all.check(transfer, "account", "topup", &rules).await;
    }
    let told = all.get(&all.asks[0], &number).await.json();
    assert_eq!(
        told["summary"],
        format!("20 USD ordered by {account}: paid, and 5 of it has gone back")
    );

    let (second, payment) = till.paid("10").await;
    let dispute = till.stub.dispute(&payment, 1_000);
    let event = till.stub.event("charge.dispute.created", &dispute);
    assert_eq!(till.tell(&event).await, "booked");
    let rules = ["topup", "reversal", "collection"];
    all.check(&second, "account", "topup", &rules).await;
    let told = all.get(&all.asks[4], &second).await.json();
    let notes = told["notes"].to_string();
    assert!(notes.contains("a dispute about it"), "{notes}");
    let collection = told["steps"][2]["transfers"][0]["id"].as_str().unwrap();
    let by_owner = all.get(&all.asks[0], collection).await.json();
    assert_eq!(rules_of(&by_owner), ["collection"]);
    assert_eq!(all.get(&all.asks[2], collection).await.status, 404);
    all.check(&account, "account", "account", &[]).await;
}

#[tokio::test]
async fn what_providers_have_got_is_told_by_share_payout_end_fee_and_credit() {
    let all = Everybody::start().await;
    let key = &all.asks[1].key;
    let grant = all.till.market.hub.policy();
    assert!(grant.payout().is_some());
    let earned = all.till.market.hub.books();
    assert_eq!(
        earned
            .earnings(PROVIDER, Currency::Usd)
            .available()
            .to_string(),
        "3.8"
    );
    // More, so that it can be paid out.
    all.till.market.grant("400").await;
    let asked = HoldRequest {
        request: RequestId::from_u128(all.served.as_u128() + 1),
        account: all.till.market.account,
        amount: "400".parse().unwrap(),
        expires: Timestamp::MAX,
        ..request(5, 1)
    };
    let record = ChargeRecord {
        provider: Some(PROVIDER),
        ..charge(asked.amount.pico())
    };
    let settled = earned.hold(asked).unwrap().settle(record).unwrap();
    settled.durable().await.unwrap();

    let body = json!({"amount": "50", "destination": "0xabc"});
    let payout = all.post(key, "/v1/provider/payouts", body).await;
    let id = payout["id"].as_str().unwrap();
    all.check(id, "provider", "payout", &["payout"]).await;
    let path = format!("/api/v1/admin/payouts/{id}/paid");
    all.post(&all.till.admin, &path, json!({"reference": "0x77"}))
        .await;
    let rules = ["payout", "payout_paid"];
    for transfer in entries::payouts_of(id.parse().unwrap()) {
        all.check(&transfer.to_string(), "provider", "payout", &rules)
            .await;
    }
    let told = all.get(&all.asks[1], id).await.json();
    let summary =
        format!("50 USD of {PROVIDER} to be paid: 49 was paid by 0x77, and 1 kept as the fee");
    assert_eq!(told["summary"], summary);
    assert_eq!(told["notes"], json!(["to be paid to 0xabc"]));

    let credit = all
        .post(key, "/v1/provider/credit", json!({"amount": "2"}))
        .await;
    let credit = credit["id"].as_str().unwrap();
    let both = "account and provider";
    all.check(credit, both, "transfer", &["earnings_credit"])
        .await;
    all.check(&PROVIDER.to_string(), "provider", "provider", &[])
        .await;
}

#[tokio::test]
async fn a_provider_sees_its_share_of_a_request_and_nothing_of_the_consumer() {
    let all = Everybody::start().await;
    let id = all.served.to_string();
    all.check(&id, "account and provider", "request", &["hold", "charge"])
        .await;
    let share = all.get(&all.asks[1], &id).await;
    assert!(!share.text().contains("acc-"), "{share:?}");
    let share = share.json();
    assert_eq!(rules_of(&share), ["charge"]);
    assert_eq!(share["steps"][0]["says"], "3.8 USD earned of the charge");
    assert_eq!(share["charge"]["gross"], "4");
    assert_eq!(
        (&share["charge"]["held"], &share["attempts"]),
        (&Value::Null, &json!([]))
    );
    for wrong in ["top-7", "prov-1", "%00", "00000000000000000000000000000000"] {
        assert_eq!(all.get(&all.asks[1], wrong).await.status, 404, "{wrong}");
    }
    let no_key = Asks {
        path: "/v1/provider/explain",
        key: all.asks[0].key.clone(),
    };
    assert_eq!(all.get(&no_key, &id).await.status, 403);
}
