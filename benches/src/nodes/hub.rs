use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use swan_core::ledger::entries::HoldTerms;
use swan_core::ledger::{ChargeRecord, UsageBasis};
use swan_core::{AccountId, Amount, Currency, ModelId, ProviderId, RequestId, Timestamp};
use swan_hub::SystemClock;
use swan_hub::ledger::{Books, BooksOptions, Hold, LedgerError};
use swan_hub::store::{Pool, PostgresOptions, PostgresPlace, PostgresStore, Store};

use super::Case;
use super::counted::Counted;
use crate::Failure;
use crate::samples::Samples;

/// What one request pays: 0.0005 USD, so that a slice of 1 USD is 2,000 of them. It sets four times as much aside.
const GROSS: i128 = 500_000_000;
/// As `nodes.lease_secs` is by default.
const LEASE: Duration = Duration::from_secs(10);
/// The first requests of a node draw; what is measured comes after this part of the time.
const WARM: u32 = 4;

/// The books of one hub.
#[derive(Debug)]
pub(super) struct Hub {
    number: usize,
    pub(super) books: Books,
    pool: Option<Arc<Counted>>,
    next: AtomicU64,
}

/// What came of the requests of one hub or more.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) requests: usize,
    pub(super) took: Duration,
    /// Until the charge survives a crash.
    pub(super) whole: Samples,
    /// Until its funds were set aside.
    pub(super) held: Samples,
    /// Requests whose account had too little at their node.
    pub(super) waited: u64,
    pub(super) draws: u64,
    pub(super) tells: u64,
}

impl Seen {
    pub(super) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.took = self.took.max(other.took);
        self.whole.extend(&other.whole);
        self.held.extend(&other.held);
        self.waited += other.waited;
        self.draws += other.draws;
        self.tells += other.tells;
    }
}

impl Hub {
    pub(super) async fn open(
        place: &PostgresPlace,
        case: Case,
        number: usize,
    ) -> Result<Self, Failure> {
        let mut store = PostgresStore::open(place, PostgresOptions::default()).await?;
        let (mut options, mut pool) = (BooksOptions::default(), None);
        if case.nodes > 0 {
            store = store.as_node(&format!("node-{number}"), LEASE);
            let counted = Counted::new(store.shared_funds().ok_or("a node shares funds")?);
            options = options.with_pool(Arc::clone(&counted) as Arc<dyn Pool>);
            pool = Some(counted);
        }
        let store: Arc<dyn Store> = Arc::new(store);
        let (books, _) = Books::open(store, Arc::new(SystemClock::default()), options).await?;
        Ok(Self {
            number,
            books,
            pool,
            next: AtomicU64::new(0),
        })
    }

    /// Serves these consumers, one request of each after the other, for so long.
    pub(super) async fn serve(
        self: &Arc<Self>,
        consumers: Vec<(usize, AccountId)>,
        time: Duration,
    ) -> Result<Seen, Failure> {
        let begun = Instant::now();
        let (warm, until) = (begun + time / WARM, begun + time);
        let tasks: Vec<_> = consumers
            .into_iter()
            .map(|(_, account)| {
                let hub = Arc::clone(self);
                tokio::spawn(async move { hub.consume(account, warm, until).await })
            })
            .collect();
        tokio::time::sleep_until(warm.into()).await;
        let [draws, tells] = self.trips();
        let mut seen = Seen::default();
        for task in tasks {
            seen.add(&task.await??);
        }
        seen.took = warm.elapsed();
        let after = self.trips();
        let [all_draws, all_tells] = after;
        (seen.draws, seen.tells) = (all_draws - draws, all_tells - tells);
        Ok(seen)
    }

    fn trips(&self) -> [u64; 2] {
        let trips = |counted: &Arc<Counted>| {
            [&counted.draws, &counted.tells].map(|trips| trips.load(Ordering::Relaxed))
        };
        self.pool.as_ref().map(trips).unwrap_or_default()
    }

    async fn consume(
        &self,
        account: AccountId,
        warm: Instant,
        until: Instant,
    ) -> Result<Seen, Failure> {
        let (record, mut seen) = (record()?, Seen::default());
        while Instant::now() < until {
            let terms = self.terms(account)?;
            let begun = Instant::now();
            let (hold, has_waited) = self.hold(terms).await?;
            let held = begun.elapsed();
            hold.settle(record.clone())?.durable().await?;
            if begun >= warm {
                seen.requests += 1;
                seen.waited += u64::from(has_waited);
                seen.held.push(held);
                seen.whole.push(begun.elapsed());
            }
        }
        Ok(seen)
    }

    /// As a hub sets funds aside; answers too whether it had to wait for the shared ones.
    async fn hold(&self, terms: HoldTerms) -> Result<(Hold, bool), Failure> {
        match self.books.hold(terms.clone()) {
            Ok(hold) => Ok((hold, false)),
            Err(LedgerError::InsufficientFunds { .. }) => {
                Ok((self.books.hold_or_draw(terms).await?, true))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The next request; its id is spread as those of a hub are.
    fn terms(&self, account: AccountId) -> Result<HoldTerms, Failure> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let number = (self.number as u128) << 64 | u128::from(next);
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        Ok(HoldTerms {
            request: RequestId::from_u128(spread | 1),
            account,
            currency: Currency::Usd,
            amount: Amount::from_pico(4 * GROSS)?,
            expires: Timestamp::from_millis(u64::MAX >> 16),
            policy: None,
            extended: 0,
        })
    }

    pub(super) async fn close(&self) -> Result<(), Failure> {
        self.books.close().await?;
        if !self.books.audit().is_empty() || self.books.pending_count() > 0 {
            return Err("the books do not balance".into());
        }
        Ok(())
    }
}

fn record() -> Result<ChargeRecord, Failure> {
    Ok(ChargeRecord {
        model: ModelId::new("qwen3-8b")?,
        provider: Some(ProviderId::from_u128(2)),
        prompt_tokens: 812,
        cached_tokens: 96,
        completion_tokens: 346,
        images: 0,
        audio_ms: 0,
        basis: UsageBasis::Reported,
        gross: Amount::from_pico(GROSS)?,
        provider_share: Amount::from_pico(GROSS / 20 * 19)?,
        growth_fund: Amount::from_pico(GROSS / 20)?,
        treasury: Amount::ZERO,
        burn: Amount::ZERO,
        key: None,
        usd: Some(Amount::from_pico(GROSS)?),
    })
}
