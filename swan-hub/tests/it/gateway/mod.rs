//! The gateway, with real sockets on both sides and scripted providers.

mod account_care;
mod account_refusals;
mod accounts;
mod admin_api;
mod back_pressure;
mod bad_bodies;
mod bad_input;
mod bad_provider;
mod browsers;
mod cancels;
mod caps;
mod churn;
mod counted;
mod earned_credit;
mod embedding;
mod error_shapes;
mod exchanges;
mod explain;
mod external;
mod external_order;
mod external_tls;
mod failover;
mod free_tier;
mod generations;
mod given_back;
mod heartbeats;
mod hedging;
mod hostile;
pub(crate) mod http;
mod idempotency;
mod idempotency_acts;
mod idempotency_restart;
mod idempotency_share;
mod invoices;
mod isolation;
mod limits;
mod market;
mod metrics;
#[cfg(feature = "postgres")]
mod nodes;
#[cfg(feature = "postgres")]
mod nodes_payouts;
#[cfg(feature = "postgres")]
mod nodes_payouts_broken_off;
mod openapi;
mod operation;
mod operation_shapes;
mod operations;
mod other_models;
#[cfg(feature = "otel")]
pub(crate) mod otlp;
#[cfg(feature = "otel")]
mod otlp_structure;
mod paid_in_swan;
mod papers;
mod payments;
mod payouts;
mod preferences;
mod price_feed;
mod provider;
mod provider_crate;
mod queue;
mod reads;
mod receipts;
mod receipts_forged;
mod receipts_signed;
mod reload;
mod retry_after;
mod sdk_heartbeats;
mod second_opinion;
mod shed;
mod slices;
mod slices_explained;
mod slow_peers;
mod slow_reader;
mod store_away;
mod strategies;
mod streams;
#[cfg(feature = "otel")]
mod telemetry;
mod texts;
mod tls_front;
mod token_limits;
mod transcriptions;
mod whole;
mod wrong_members;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::protocol::ModelDeclaration;
use swan_core::{
    AccountId, Amount, Clock as _, Currency, KeyId, ProviderId, Terms, Timestamp, TransferId, Usage,
};
use swan_hub::store::{KeyKind, KeyRecord, Secret};
use swan_hub::{
    EventSink, Hub, HubBuilder, KeyLimits, KeyRules, Limits, RequestRecord, SystemClock,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::http::{Answer, Call};
use self::provider::Provider;
pub(super) use self::texts::{DONE, STOP, ask, completion, delta, usage};

/// A model of the catalogue: $0.01 per million tokens in, $0.03 out.
pub(super) const MODEL: &str = "Qwen/Qwen3-8B";

/// A hub with one consumer who has $5.
pub(super) struct Market {
    pub(super) hub: Hub,
    pub(super) address: SocketAddr,
    pub(super) key: String,
    pub(super) account: AccountId,
    pub(super) records: Arc<Records>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<Result<(), swan_hub::HubError>>,
}

/// Keeps what the hub tells its sink.
#[derive(Debug, Default)]
pub(super) struct Records(Mutex<Vec<RequestRecord>>);

impl EventSink for Records {
    fn on_request(&self, record: &RequestRecord) {
        self.0.lock().push(record.clone());
    }
}

impl Records {
    pub(super) fn last(&self) -> RequestRecord {
        self.0
            .lock()
            .last()
            .cloned()
            .expect("a request was recorded")
    }

    /// The sum of all charges.
    pub(super) fn charged(&self) -> Amount {
        Amount::checked_sum(self.0.lock().iter().map(|record| record.charge)).unwrap()
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().len()
    }
}

impl Market {
    pub(super) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    /// A hub where nothing is free.
    pub(super) async fn without_free_tier() -> Self {
        let mut rules = KeyRules::default();
        rules.free_tier = false;
        Self::with(|builder| builder.with_key_rules(rules)).await
    }

    /// A hub with other bounds than the default ones.
    pub(super) async fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self::with(|builder| builder.with_limits(limits)).await
    }

    pub(super) async fn with(change: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let records = Arc::new(Records::default());
        let builder = Hub::builder().with_event_sink(Arc::clone(&records) as Arc<dyn EventSink>);
        let hub = change(builder).build().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn({
            let hub = hub.clone();
            async move {
                let shutdown = async {
                    let _ = stopped.await;
                };
                hub.serve(listener, None, shutdown, Duration::from_secs(10))
                    .await
            }
        });
        let account = AccountId::from_u128(77);
        let market = Self {
            key: String::new(),
            hub,
            address,
            account,
            records,
            stop: Some(stop),
            server,
        };
        let key = market.issue(KeyKind::Consumer(account), 1).await;
        market.grant("5").await;
        Self { key, ..market }
    }

    /// A new key of this kind.
    pub(super) async fn issue(&self, kind: KeyKind, id: u128) -> String {
        self.issue_within(kind, id, KeyLimits::default()).await
    }

    /// A new key of this kind, within limits.
    pub(super) async fn issue_within(&self, kind: KeyKind, id: u128, limits: KeyLimits) -> String {
        let secret = Secret::generate(kind).unwrap();
        let record = KeyRecord {
            id: KeyId::from_u128(id),
            kind,
            name: "test".into(),
            created: now(),
            revoked: None,
            limits,
        };
        self.hub
            .keys()
            .insert(&**self.hub.store(), &secret, record)
            .await
            .unwrap();
        secret.expose().to_owned()
    }

    pub(super) async fn grant(&self, usd: &str) {
        self.grant_to(self.account, Currency::Usd, usd).await;
    }

    /// Gives credit to any account.
    pub(super) async fn grant_to(&self, account: AccountId, currency: Currency, amount: &str) {
        let id = TransferId::from_u128(u128::from(rand_id()));
        let amount: Amount = amount.parse().unwrap();
        let granted = self
            .hub
            .books()
            .grant(id, account, currency, amount, "test")
            .await;
        assert_eq!(granted.unwrap(), swan_core::ledger::Applied::Created);
    }

    /// A provider of [`MODEL`] that speaks v2.
    pub(super) async fn provider(&self, number: u128) -> Provider {
        self.provider_of(number, true, &[MODEL]).await
    }

    pub(super) async fn provider_of(&self, number: u128, v2: bool, models: &[&str]) -> Provider {
        let id = ProviderId::from_u128(number);
        let key = self.issue(KeyKind::Provider(id), 1_000 + number).await;
        Box::pin(Provider::connect(
            self.address,
            &key,
            &format!("node-{number}"),
            v2,
            models,
        ))
        .await
    }

    /// A provider that declares this of its model, which is [`MODEL`] where the declaration names none.
    pub(super) async fn provider_declaring(
        &self,
        number: u128,
        declaration: ModelDeclaration,
    ) -> Provider {
        let id = ProviderId::from_u128(number);
        let key = self.issue(KeyKind::Provider(id), 1_000 + number).await;
        let mut declared = declaration;
        if declared.model_id.is_empty() {
            declared.model_id = MODEL.to_owned();
        }
        let model = declared.model_id.clone();
        let node = format!("node-{number}");
        Box::pin(Provider::declaring(
            self.address,
            &key,
            &node,
            true,
            &[&model],
            vec![declared],
        ))
        .await
    }

    pub(super) fn earned(&self, number: u128) -> Amount {
        let earnings = self
            .hub
            .books()
            .earnings(ProviderId::from_u128(number), Currency::Usd);
        earnings.available()
    }

    /// A chat request with the consumer's key.
    pub(super) fn chat(&self, body: impl Into<String>) -> Call {
        self.post("/v1/chat/completions", body)
    }

    /// A request with the consumer's key.
    pub(super) fn post(&self, path: &str, body: impl Into<String>) -> Call {
        Call::post(self.address, path)
            .header("authorization", &format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(body.into())
    }

    pub(super) fn available(&self) -> Amount {
        self.hub.books().available(self.account, Currency::Usd)
    }

    /// What the consumer has spent; nothing may be on hold.
    pub(super) fn spent(&self, granted: &str) -> Amount {
        assert_eq!(
            self.hub.books().pending_count(),
            0,
            "something is still on hold"
        );
        assert_eq!(self.hub.books().audit(), [], "the books are wrong");
        granted
            .parse::<Amount>()
            .unwrap()
            .checked_sub(self.available())
            .unwrap()
    }

    /// Waits until no request is in the hub and nothing is on hold.
    pub(super) async fn settled(&self) {
        until(|| self.hub.in_flight() == 0 && self.hub.books().pending_count() == 0).await;
    }

    /// What [`MODEL`] costs for that many tokens.
    pub(super) fn price(&self, prompt: u64, completion: u64) -> Amount {
        let policy = self.hub.policy();
        let model = policy.model(MODEL).unwrap();
        let terms = Terms::in_usd(
            policy.stamp().clone(),
            *model.token_price().unwrap(),
            swan_core::BasisPoints::ZERO,
        );
        let usage = Usage::tokens(prompt, 0, completion);
        terms.price(&usage).unwrap()
    }

    pub(super) fn begin_shutdown(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    pub(super) async fn stopped(self) -> Result<(), swan_hub::HubError> {
        within(self.server).await.unwrap()
    }
}

/// Waits for a future that must not take long.
pub(super) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("it took too long")
}

/// Waits until something is so.
pub(super) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    within(wait).await;
}

fn now() -> Timestamp {
    SystemClock::new().now()
}

pub(super) fn rand_id() -> u64 {
    use swan_hub::Entropy as _;
    swan_hub::SystemEntropy::new().unwrap().next_u64()
}

impl Answer {
    /// The error body's `code`, after checking the one shape and the ids that every answer has.
    pub(super) fn error_code(&self) -> String {
        let error = &self.json()["error"];
        for member in ["message", "type", "code"] {
            assert!(error[member].is_string(), "{member} of {error}");
        }
        assert!(error["param"].is_string() || error["param"].is_null());
        assert_eq!(self.header("content-type"), "application/json");
        assert!(!self.header("x-request-id").is_empty());
        assert_eq!(
            self.header("x-request-id"),
            self.header("x-swan-request-id")
        );
        error["code"].as_str().unwrap().to_owned()
    }
}
