//! Paying in by card, against a stand-in for Stripe that breaks when it is told to.

mod always;
mod collateral;
mod collateral_always;
mod collateral_wrong;
mod command_line;
mod explained;
mod explained_collateral;
mod explained_penalty;
mod low_balance;
#[cfg(feature = "postgres")]
mod nodes;
mod notices;
mod orders;
mod pledge;
mod refunds;
mod required;
mod stub;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use swan_core::testkit::ManualClock;
use swan_core::{Amount, Clock as _, Currency, RequestId, Timestamp};
use swan_hub::ledger::{Hold, HoldRequest, LedgerError};
use swan_hub::payments::stripe::{Stripe, StripeConfig};
use swan_hub::payments::{LowBalance, PaymentEvent, PaymentNews, PaymentOptions};
use swan_hub::store::{KeyKind, MemoryStore, Store};
use swan_hub::{CollateralEvent, EventSink, HubBuilder, RequestRecord};

use self::stub::{Stub, sign};
use super::http::{Answer, Call};
use super::{Market, until, within};

const SECRET: &str = "whsec_new";

/// A hub that takes payments, with the processor behind it.
struct Till {
    market: Market,
    stub: Stub,
    clock: ManualClock,
    admin: String,
    news: Arc<News>,
}

/// Keeps what happened with payments.
#[derive(Debug, Default)]
struct News(
    Mutex<Vec<PaymentEvent>>,
    Mutex<Vec<CollateralEvent>>,
    Mutex<Vec<LowBalance>>,
);

impl EventSink for News {
    fn on_request(&self, _: &RequestRecord) {}

    fn on_low_balance(&self, event: &LowBalance) {
        self.2.lock().push(*event);
    }

    fn on_payment(&self, event: &PaymentEvent) {
        self.0.lock().push(event.clone());
    }

    fn on_collateral(&self, event: &CollateralEvent) {
        self.1.lock().push(event.clone());
    }
}

impl Till {
    async fn open() -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::over(store, Stub::start().await, |builder| builder).await
    }

    async fn over(
        store: Arc<dyn Store>,
        stub: Stub,
        change: impl FnOnce(HubBuilder) -> HubBuilder,
    ) -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        let mut config = StripeConfig::new("sk_test_hush", vec!["whsec_old".into(), SECRET.into()]);
        config.api_base = format!("http://{}", stub.address);
        config.answer_within = Duration::from_millis(500);
        let stripe = Arc::new(Stripe::new(config).unwrap());
        let options = PaymentOptions::default().with_look_every(Duration::from_millis(5));
        let news = Arc::new(News::default());
        let market = Market::with(|builder| {
            let builder = builder
                .with_store(store)
                .with_clock(Arc::new(clock.clone()))
                .with_event_sink(Arc::clone(&news) as Arc<dyn EventSink>)
                .with_payments(stripe, options);
            change(builder)
        })
        .await;
        let admin = market.issue(KeyKind::Admin, 900).await;
        Self {
            market,
            stub,
            clock,
            admin,
            news,
        }
    }

    /// Places an order; answers its id and where it is at the processor.
    async fn order(&self, usd: &str) -> (String, String) {
        let body = json!({"amount": usd}).to_string();
        let answer = self.market.post("/v1/topups", body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        placed(&answer.json())
    }

    /// An order that was paid, and told of.
    async fn paid(&self, usd: &str) -> (String, String) {
        let (id, session) = self.order(usd).await;
        let payment = self.stub.pay(&session);
        let event = self.stub.event("payment_intent.succeeded", &payment);
        assert_eq!(self.tell(&event).await, "booked");
        (id, payment)
    }

    fn signed(&self, body: &str, signature: &str) -> Call {
        Call::post(self.market.address, "/webhooks/stripe")
            .header("content-type", "application/json; charset=utf-8")
            .header("stripe-signature", signature)
            .body(body.to_owned())
    }

    fn now_secs(&self) -> u64 {
        self.clock.now().as_millis() / 1_000
    }

    /// Delivers an event; answers what became of it.
    async fn tell(&self, event: &str) -> String {
        let signature = sign(SECRET, self.now_secs(), event);
        let answer = self.signed(event, &signature).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["outcome"].as_str().unwrap().to_owned()
    }

    async fn shown(&self, id: &str) -> Value {
        let path = format!("/v1/topups/{id}");
        let call = Call::get(self.market.address, &path)
            .header("authorization", &format!("Bearer {}", self.market.key));
        let answer = call.send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn refund(&self, id: &str, body: Value) -> Answer {
        let path = format!("/api/v1/admin/topups/{id}/refunds");
        Call::post(self.market.address, &path)
            .header("authorization", &format!("Bearer {}", self.admin))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
    }

    /// What the account has, and what it owes.
    fn funds(&self) -> (String, String) {
        let books = self.market.hub.books();
        let owed = books.shortfall(self.market.account, Currency::Usd);
        (self.market.available().to_string(), owed.to_string())
    }

    /// Sets this aside, as a request does.
    fn hold(&self, usd: &str) -> Result<Hold, LedgerError> {
        self.hold_in(Currency::Usd, usd)
    }

    fn hold_in(&self, currency: Currency, amount: &str) -> Result<Hold, LedgerError> {
        self.market.hub.books().hold(HoldRequest {
            request: RequestId::from_u128(u128::from(super::rand_id())),
            account: self.market.account,
            currency,
            amount: amount.parse().unwrap(),
            expires: self.clock.now().after(Duration::from_secs(600)),
            policy: None,
            extended: 0,
        })
    }

    /// How often this has happened, and that the books are right.
    fn count(&self, news: PaymentNews) -> usize {
        assert_eq!(self.market.hub.books().audit(), []);
        let all = self.news.0.lock();
        all.iter().filter(|event| event.news == news).count()
    }

    /// Lets time pass and waits until the account has this. A look that was under way puts the next one off from its own end, so time
    /// passes again.
    async fn comes_to(&self, pass: Duration, usd: &str) {
        let usd: Amount = usd.parse().unwrap();
        let has_come = async {
            loop {
                self.clock.advance(pass);
                for _ in 0..500 {
                    if self.market.available() == usd {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        };
        within(has_come).await;
    }
}

/// The id of an order, and its session.
fn placed(order: &Value) -> (String, String) {
    let id = order["id"].as_str().unwrap().to_owned();
    let url = order["url"].as_str().unwrap();
    (id, url.rsplit('/').next().unwrap().to_owned())
}
