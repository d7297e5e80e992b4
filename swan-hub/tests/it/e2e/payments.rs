//! Paying in against localstripe, a server that stands in for Stripe: its payment intents, cards, refunds and signed webhooks
//! are not ours.

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use swan_core::{AccountId, Amount, Clock as _, Currency, KeyId, Policy, ProviderId};
use swan_hub::payments::PaymentOptions;
use swan_hub::payments::stripe::{Stripe, StripeConfig};
use swan_hub::store::{KeyKind, KeyRecord, Secret};
use swan_hub::{Hub, KeyLimits, SystemClock};
use tokio::net::TcpListener;

use super::part::{Part, until};
use super::{tools, wire};

const ACCOUNT: AccountId = AccountId::from_u128(7);
const PROVIDER: ProviderId = ProviderId::from_u128(8);

/// A server in the place of Stripe.
pub(super) struct Processor {
    pub(super) base: String,
    _part: Part,
}

impl Processor {
    pub(super) async fn start() -> Self {
        let free = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command =
            tokio::process::Command::new(tools::installed("payments/bin/localstripe"));
        command.args(["--port", &port.to_string(), "--from-scratch"]);
        let processor = Self {
            base: format!("http://127.0.0.1:{port}"),
            _part: Part::start("localstripe", &mut command),
        };
        until("localstripe listens", || async {
            let asked = wire::try_call(
                Method::GET,
                &processor.base,
                "/v1/plans",
                None,
                Bytes::new(),
            );
            asked.await.ok().map(drop)
        })
        .await;
        processor
    }

    /// It takes JSON as well as forms.
    pub(super) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = wire::post(&self.base, path, "sk_test_12345", &body).await;
        let status = answer.status.as_u16();
        let text = answer.text().await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Pays with a card, as the page of a consumer does.
    pub(super) async fn pay(&self, payment: &str, number: &str) -> (u16, Value) {
        let card = json!({"number": number, "exp_month": "12", "exp_year": "2042", "cvc": "123"});
        let wanted = json!({"type": "card", "card": card});
        let (status, method) = self.post("/v1/payment_methods", wanted).await;
        assert_eq!(status, 200, "{method}");
        let path = format!("/v1/payment_intents/{payment}");
        let chosen = json!({"payment_method": method["id"]});
        let (status, said) = self.post(&path, chosen).await;
        assert_eq!(status, 200, "{said}");
        self.post(&format!("{path}/confirm"), json!({})).await
    }
}

/// A hub that takes payments by that processor, with a consumer's and an administrator's key.
struct Till {
    hub: Hub,
    address: SocketAddr,
    consumer: String,
    provider: String,
    admin: String,
}

impl Till {
    async fn open(processor: &Processor) -> Self {
        let mut config = StripeConfig::new("sk_test_12345", vec!["whsec_e2e".into()]);
        config.api_base.clone_from(&processor.base);
        let stripe = Arc::new(Stripe::new(config).unwrap());
        let options = PaymentOptions::default().with_look_every(Duration::from_millis(200));
        // Nobody waits for seven days here.
        let text = Policy::SWAN_2_0_TOML.replacen("withdrawal_days = 7", "withdrawal_days = 0", 1);
        let builder = Hub::builder().with_payments(stripe, options);
        let builder = builder.with_policy(Policy::from_toml(&text).unwrap());
        let hub = builder.build().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = hub.router();
        tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        let hook = format!("http://{address}/webhooks/stripe");
        let wanted = json!({"url": hook, "secret": "whsec_e2e"});
        let told = processor.post("/_config/webhooks/swan", wanted).await;
        assert_eq!(told.0, 200);
        Self {
            consumer: issue(&hub, KeyKind::Consumer(ACCOUNT), 1).await,
            provider: issue(&hub, KeyKind::Provider(PROVIDER), 3).await,
            admin: issue(&hub, KeyKind::Admin, 2).await,
            hub,
            address,
        }
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let answer = wire::post(&format!("http://{}", self.address), path, key, body).await;
        (answer.status.as_u16(), answer.json().await)
    }

    /// The provider's collateral in US dollars.
    async fn bond(&self) -> Value {
        let base = format!("http://{}", self.address);
        let (path, key) = ("/v1/provider/collateral", Some(self.provider.as_str()));
        let answer = wire::try_call(Method::GET, &base, path, key, Bytes::new()).await;
        let shown: Value = answer.unwrap().json().await;
        shown["accounts"][0].clone()
    }

    async fn has(&self, usd: &str) {
        let usd: Amount = usd.parse().unwrap();
        let available = || self.hub.books().available(ACCOUNT, Currency::Usd);
        until("the account has its money", || async {
            (available() == usd).then_some(())
        })
        .await;
    }
}

async fn issue(hub: &Hub, kind: KeyKind, id: u128) -> String {
    let secret = Secret::generate(kind).unwrap();
    let record = KeyRecord {
        id: KeyId::from_u128(id),
        kind,
        name: "e2e".into(),
        created: SystemClock::new().now(),
        revoked: None,
        limits: KeyLimits::default(),
    };
    let inserted = hub.keys().insert(&**hub.store(), &secret, record).await;
    inserted.unwrap();
    secret.expose().to_owned()
}

#[tokio::test]
async fn a_card_pays_and_is_paid_back() {
    let processor = Processor::start().await;
    let till = Till::open(&processor).await;
    let wanted = json!({"amount": "12.34", "pay_by": "payment_intent"});
    let mut orders = Vec::new();
    for _ in 0..2 {
        let (status, order) = till.post("/v1/topups", &till.consumer, &wanted).await;
        assert_eq!(status, 201, "{order}");
        orders.push(order);
    }
    let [unlucky, order] = &orders[..] else {
        panic!("{orders:?}")
    };
    let payment = order["payment"].as_str().unwrap();
    let secret = order["client_secret"].as_str().unwrap();
    assert!(secret.starts_with(payment), "{secret}");

    let declined = processor.pay(unlucky["payment"].as_str().unwrap(), "4000000000000341");
    let (status, said) = declined.await;
    assert_eq!(
        (status, &said["error"]["code"]),
        (402, &json!("card_declined"))
    );
    let (status, paid) = processor.pay(payment, "4242424242424242").await;
    assert_eq!(
        (status, &paid["status"]),
        (200, &json!("succeeded")),
        "{paid}"
    );
    // By its signed webhook, which comes a second later.
    till.has("12.34").await;

    let path = format!(
        "/api/v1/admin/topups/{}/refunds",
        order["id"].as_str().unwrap()
    );
    let (status, refund) = till
        .post(&path, &till.admin, &json!({"amount": "2.34"}))
        .await;
    assert_eq!(
        (status, &refund["state"]),
        (201, &json!("succeeded")),
        "{refund}"
    );
    till.has("10").await;
    let (_, over) = till
        .post(&path, &till.admin, &json!({"amount": "10.01"}))
        .await;
    assert_eq!(over["error"]["code"], "refund_beyond_payment");
    assert_eq!(till.hub.books().audit(), []);
}

/// A card pays $20 of collateral, of which a penalty sets 10 % aside; the rest goes back to the card.
#[tokio::test]
async fn collateral_comes_from_a_card_and_goes_back_to_it_less_a_penalty() {
    let processor = Processor::start().await;
    let till = Till::open(&processor).await;
    let wanted = json!({"amount": "20.00", "pay_by": "payment_intent"});
    let path = "/v1/provider/collateral/deposits";
    let (status, order) = till.post(path, &till.provider, &wanted).await;
    assert_eq!(status, 201, "{order}");
    let payment = order["payment"].as_str().unwrap();
    let (status, paid) = processor.pay(payment, "4242424242424242").await;
    assert_eq!(status, 200, "{paid}");
    until("the collateral is there", || async {
        (till.bond().await["free"] == "20").then_some(())
    })
    .await;
    assert_eq!(
        till.hub.books().available(ACCOUNT, Currency::Usd),
        Amount::ZERO
    );

    let path = format!("/api/v1/admin/providers/{PROVIDER}/collateral/penalties");
    let penalty = json!({"offence": "second_failure", "reason": "two runs failed"});
    let (status, said) = till.post(&path, &till.admin, &penalty).await;
    assert_eq!(status, 201, "{said}");
    let path = "/v1/provider/collateral/withdrawals";
    let (status, said) = till.post(path, &till.provider, &json!({})).await;
    assert_eq!(status, 201, "{said}");
    until("the card has its money", || async {
        let bond = till.bond().await;
        let part = bond.pointer("/withdrawals/0/parts/0")?;
        (part["state"] == "succeeded" && part["amount"] == "18").then_some(())
    })
    .await;
    let refunds = format!("/v1/refunds?payment_intent={payment}");
    let key = Some("sk_test_12345");
    let refunds = wire::try_call(Method::GET, &processor.base, &refunds, key, Bytes::new()).await;
    let refunds: Value = refunds.unwrap().json().await;
    assert_eq!(refunds["data"][0]["amount"], 1_800, "{refunds}");
    let bond = till.bond().await;
    assert_eq!(
        (&bond["impounded"], &bond["returned"]),
        (&json!("2"), &json!("18"))
    );
    assert_eq!(till.hub.books().audit(), []);
}
