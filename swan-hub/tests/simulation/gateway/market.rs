use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use swan_core::ledger::Detail;
use swan_core::protocol::Dialect;
use swan_core::{AccountId, Clock as _, Currency, KeyId, ProviderId, RequestId, TransferId};
use swan_hub::ledger::{Books, read_journal};
use swan_hub::store::{KeyKind, KeyRecord, MemoryStore, Secret};
use swan_hub::{EventSink, Hedging, Hub, KeyLimits, KeyRules, RequestRecord, SystemEntropy};
use tokio::time;
use tower::ServiceExt as _;

use super::answer::Plain;
use super::consumer::{self, MODEL, Seen};
use super::provider::{Manners, Provider};
use crate::dice::Dice;
use crate::disk::{Faults, Moment, SimStore, Weather};
use crate::life::Life;

const ACCOUNT: AccountId = AccountId::from_u128(77);
/// The one that serves alone, and another beside it.
const PROVIDERS: [ProviderId; 2] = [ProviderId::from_u128(5), ProviderId::from_u128(6)];
const FUNDS: &str = "5";
const FUNDS_PICO: i128 = 5_000_000_000_000;
/// Work under way: each must be told, and be zero when nothing runs.
const UNDER_WAY: [&str; 5] = [
    "swan_in_flight",
    "swan_streams",
    "swan_holds",
    "swan_queue_waiting",
    "swan_slots_in_use",
];

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// One provider, which speaks v2.
    V2,
    /// One provider, which speaks v1.
    V1,
    /// Two, one of each, and whoever is not quick has the other asked as well.
    Hedged,
}

impl Served {
    pub(crate) const ALL: [Self; 3] = [Self::V2, Self::V1, Self::Hedged];

    pub(crate) const fn by(self) -> &'static [Dialect] {
        match self {
            Self::V2 => &[Dialect::V2],
            Self::V1 => &[Dialect::V1],
            Self::Hedged => &[Dialect::V2, Dialect::V1],
        }
    }

    pub(crate) fn hedging(self) -> Hedging {
        let mut hedging = Hedging::default();
        if self == Self::Hedged {
            hedging.after = Some(Duration::from_millis(1));
            hedging.percent = 100;
        }
        hedging
    }
}

/// A hub over a disk, one consumer with $5, and providers.
pub(super) struct Market {
    pub(super) hub: Hub,
    router: Router,
    weather: Arc<Mutex<Weather>>,
    life: Arc<Life>,
    key: String,
    records: Arc<Records>,
    served: Served,
}

#[derive(Debug, Default)]
struct Records(Mutex<Vec<RequestRecord>>);

impl EventSink for Records {
    fn on_request(&self, record: &RequestRecord) {
        self.0.lock().push(record.clone());
    }
}

impl Market {
    /// A hub that starts on what is on the disk, in good weather.
    pub(super) async fn open(
        disk: &MemoryStore,
        life: Arc<Life>,
        seed: u64,
        served: Served,
    ) -> Self {
        let weather = Arc::new(Mutex::new(Weather::new(
            Dice::new(seed, 7),
            Faults::default(),
            None,
        )));
        let store = SimStore::new(disk.clone(), Arc::clone(&life), Arc::clone(&weather));
        let records = Arc::new(Records::default());
        let mut rules = KeyRules::default();
        rules.free_tier = false;
        let hub = Hub::builder()
            .with_store(Arc::new(store))
            .with_clock(Arc::clone(&life) as _)
            .with_entropy(Arc::new(SystemEntropy::seeded(seed)))
            .with_key_rules(rules)
            .with_hedging(served.hedging())
            .with_event_sink(Arc::clone(&records) as _)
            .build()
            .await
            .unwrap();
        let mut market = Self {
            router: hub.router(),
            weather,
            hub,
            life,
            key: String::new(),
            records,
            served,
        };
        market.key = market.issue(KeyKind::Consumer(ACCOUNT)).await;
        let funds = FUNDS.parse().unwrap();
        let granting =
            market
                .hub
                .books()
                .grant(TransferId::from_u128(1), ACCOUNT, Currency::Usd, funds, "");
        let _ = granting.await.unwrap();
        market
    }

    async fn issue(&self, kind: KeyKind) -> String {
        let secret = Secret::generate(kind).unwrap();
        let record = KeyRecord {
            id: KeyId::from_u128(
                u128::from(self.life.latest()) << 8
                    | match kind {
                        KeyKind::Provider(id) => id.as_u128(),
                        _ => 1,
                    },
            ),
            kind,
            name: "test".into(),
            created: self.life.now(),
            revoked: None,
            limits: KeyLimits::default(),
        };
        let inserted = self.hub.keys().insert(&**self.hub.store(), &secret, record);
        inserted.await.unwrap();
        secret.expose().to_owned()
    }

    /// Whoever serves comes.
    pub(super) async fn serve(&self, seed: u64) {
        for ((id, dialect), stream) in PROVIDERS.into_iter().zip(self.served.by()).zip(11..) {
            let provider = Provider {
                hub: self.router.clone(),
                key: self.issue(KeyKind::Provider(id)).await,
                life: Arc::clone(&self.life),
                dialect: *dialect,
                manners: Manners::default(),
                dice: Dice::new(seed, stream),
                script: Plain,
                haste: 1,
            };
            tokio::spawn(provider.run());
        }
    }

    /// The weather turns.
    pub(super) fn meets(&self, faults: Faults) {
        self.weather.lock().turns(faults);
    }

    /// The process ends in this write from now on.
    pub(super) fn dies_in(&self, write: u64, moment: Moment) {
        self.weather.lock().dies_in(write, moment);
    }

    /// Until whoever serves is there.
    pub(super) async fn is_served(&self) {
        let all = self.served.by().len();
        until("a provider", || self.hub.providers_online(MODEL) == all).await;
    }

    pub(super) fn ask(&self, more: &str, once: Option<&str>) -> impl Future<Output = Seen> + use<> {
        let once = once.map(str::to_owned);
        consumer::ask(self.router.clone(), self.key.clone(), more.to_owned(), once)
    }

    /// Until nothing is under way, by every figure that the hub has.
    pub(super) async fn rests(&self) {
        rests(&self.hub).await;
        assert_eq!(self.hub.books().audit(), []);
    }

    /// What the ledger took of the consumer.
    pub(super) fn paid(&self) -> i128 {
        paid(self.hub.books())
    }

    pub(super) fn earned(&self) -> i128 {
        let books = self.hub.books();
        let earned = PROVIDERS.map(|id| books.earnings(id, Currency::Usd).posted().pico());
        earned.into_iter().sum()
    }

    /// What the records say that was charged.
    pub(super) fn told(&self) -> i128 {
        self.records
            .0
            .lock()
            .iter()
            .map(|record| record.charge.pico())
            .sum()
    }

    pub(super) fn last_told(&self) -> i128 {
        self.records.0.lock().last().unwrap().charge.pico()
    }
}

/// What the ledger took of the consumer.
pub(super) fn paid(books: &Books) -> i128 {
    FUNDS_PICO - books.available(ACCOUNT, Currency::Usd).pico()
}

/// Until nothing is under way, by every figure that the hub has.
pub(crate) async fn rests(hub: &Hub) {
    let pending = || hub.books().pending_count();
    until("rest", || hub.in_flight() == 0 && pending() == 0).await;
    let ask = Request::get("/metrics").body(Body::empty()).unwrap();
    let answer = hub.metrics_router().oneshot(ask).await.unwrap();
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(text.to_vec()).unwrap();
    for gauge in UNDER_WAY {
        let of_it = text
            .lines()
            .filter(|line| line.split(['{', ' ']).next() == Some(gauge));
        let lines: Vec<_> = of_it.collect();
        assert!(lines.iter().all(|line| line.ends_with(" 0")), "{lines:?}");
        assert!(
            text.contains(&format!("# TYPE {gauge} gauge")),
            "{gauge} is not told"
        );
    }
}

pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if is_so() {
            return;
        }
        time::sleep(Duration::from_millis(2)).await;
    }
    panic!("there is no {what}");
}

/// Every charge in the journal, by request.
pub(super) async fn charges(disk: &MemoryStore) -> BTreeMap<RequestId, Vec<i128>> {
    let mut charges = BTreeMap::<_, Vec<i128>>::new();
    read_journal(disk, 1, |entry| {
        if let Detail::Charge(record) = &entry.group.cause.detail {
            let request = entry.group.cause.request.unwrap();
            charges
                .entry(request)
                .or_default()
                .push(record.gross.pico());
        }
    })
    .await
    .unwrap();
    charges
}
