//! The limits of one key or account, with what has been used of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use swan_core::{Amount, Timestamp};
use tokio::time::Instant;

use super::bucket::{Bucket, Level};
use super::limits::KeyLimits;
use super::refused::{Holder, Rate, Refused};
use super::spend::{Spending, Spent};

/// Tokens that an answer is expected to have before one was seen, where the request sets no limit.
const TYPICAL_ANSWER: u64 = 512;

/// Reads of what is known of requests that one account may make in a minute, with all its keys. They cost the store a look-up
/// each, so they have a rate of their own and take nothing of the one for requests.
const READS_PER_MINUTE: u64 = 600;

/// What has been used, which outlives every change of the limits.
#[derive(Debug)]
struct Meter {
    /// Rates are counted on a clock that never steps.
    start: Instant,
    requests: Bucket,
    tokens: Bucket,
    reads: Bucket,
    running: AtomicU32,
    spending: Mutex<Spending>,
    /// Tokens that answers have had lately.
    typical: AtomicU64,
}

/// The limits of one key or account, and what has been used of them.
///
/// Embedders whose [`Authenticator`](crate::Authenticator) knows users of its own keep one for each user, and hand it on
/// with [`Consumer::with_access`](crate::Consumer::with_access); the hub counts in it.
#[derive(Debug)]
pub struct Allowance {
    limits: KeyLimits,
    meter: Arc<Meter>,
}

impl Allowance {
    /// Limits of which nothing has been used.
    #[must_use]
    pub fn new(limits: KeyLimits) -> Self {
        let meter = Meter {
            start: Instant::now(),
            requests: Bucket::default(),
            tokens: Bucket::default(),
            reads: Bucket::default(),
            running: AtomicU32::new(0),
            spending: Mutex::default(),
            typical: AtomicU64::new(TYPICAL_ANSWER),
        };
        Self {
            limits,
            meter: Arc::new(meter),
        }
    }

    /// Other limits of the same holder: what has been used stays used, and requests that run are counted on.
    #[must_use]
    pub fn with_limits(&self, limits: KeyLimits) -> Self {
        let now = self.meter.now();
        for (bucket, from, to) in [
            (&self.meter.requests, self.limits.rpm, limits.rpm),
            (&self.meter.tokens, self.limits.tpm, limits.tpm),
        ] {
            if let (Some(from), Some(to)) = (from, to)
                && from != to
            {
                bucket.rescale(now, from, to);
            }
        }
        Self {
            limits,
            meter: Arc::clone(&self.meter),
        }
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> &KeyLimits {
        &self.limits
    }

    /// What was charged within the period of the spend cap, or ever, in US dollars.
    #[must_use]
    pub fn spent(&self, now: Timestamp) -> Amount {
        let spending = self.meter.spending.lock();
        spending.spent.within(self.limits.spend_per, now)
    }

    /// What was ever charged, in US dollars.
    pub(crate) fn spent_in_all(&self) -> Amount {
        let spending = self.meter.spending.lock();
        spending.spent.within(None, Timestamp::EPOCH)
    }

    /// Requests that run now.
    #[must_use]
    pub fn running(&self) -> u32 {
        self.meter.running.load(Ordering::Relaxed)
    }

    /// What was charged before the hub was started.
    pub(crate) fn restore(&self, spent: Spent) {
        self.meter.spending.lock().spent = spent;
    }

    pub(crate) fn requests(&self) -> Option<Level> {
        let limit = self.limits.rpm?;
        Some(self.meter.requests.level(self.meter.now(), limit))
    }

    pub(crate) fn tokens(&self) -> Option<Level> {
        let limit = self.limits.tpm?;
        Some(self.meter.tokens.level(self.meter.now(), limit))
    }

    pub(crate) fn reads(&self) -> Level {
        self.meter.reads.level(self.meter.now(), READS_PER_MINUTE)
    }

    /// Takes one read of the minute.
    pub(super) fn take_read(&self, holder: Holder) -> Result<(), Refused> {
        let taken = self.meter.reads.take(self.meter.now(), 1, READS_PER_MINUTE);
        taken.map_err(|wait| Refused::rate(holder, Rate::Reads, READS_PER_MINUTE, wait))
    }

    /// Counts one more running request; [`Allowance::leave`] ends it.
    pub(super) fn enter(&self, holder: Holder) -> Result<(), Refused> {
        let limit = self.limits.concurrency.unwrap_or(u32::MAX);
        let more = |now: u32| (now < limit).then(|| now + 1);
        let entered = self
            .meter
            .running
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, more);
        match entered {
            Ok(_) => Ok(()),
            Err(_) => Err(Refused::Concurrency { holder, limit }),
        }
    }

    pub(super) fn leave(&self) {
        self.meter.running.fetch_sub(1, Ordering::AcqRel);
    }

    /// Takes one request of the minute.
    pub(super) fn take_request(&self, holder: Holder) -> Result<(), Refused> {
        let Some(limit) = self.limits.rpm else {
            return Ok(());
        };
        let taken = self.meter.requests.take(self.meter.now(), 1, limit);
        taken.map_err(|wait| Refused::rate(holder, Rate::Requests, limit, wait))
    }

    pub(super) fn give_back_request(&self) {
        if let Some(limit) = self.limits.rpm {
            self.meter.requests.give_back(1, limit);
        }
    }

    /// Takes tokens of the minute: those of the prompt, and those that the answer may have or that answers usually have.
    pub(super) fn take_tokens(
        &self,
        holder: Holder,
        prompt: u64,
        answer: Option<u64>,
    ) -> Result<u64, Refused> {
        let Some(limit) = self.limits.tpm else {
            return Ok(0);
        };
        let typical = || {
            self.meter
                .typical
                .load(Ordering::Relaxed)
                .saturating_mul(2)
                .max(1)
        };
        let count = prompt.saturating_add(answer.unwrap_or_else(typical));
        let taken = self.meter.tokens.take(self.meter.now(), count, limit);
        match taken {
            Ok(()) => Ok(count),
            Err(wait) => Err(Refused::rate(holder, Rate::Tokens, limit, wait)),
        }
    }

    /// Puts what was used in the place of what was taken.
    pub(super) fn true_up(&self, taken: u64, used: u64) {
        let Some(limit) = self.limits.tpm else { return };
        match used.checked_sub(taken) {
            Some(more) => self.meter.tokens.owe(self.meter.now(), more, limit),
            None => self.meter.tokens.give_back(taken - used, limit),
        }
    }

    /// Learns how long answers are: the last one weighs as much as all before it.
    pub(super) fn learn(&self, answer: u64) {
        if self.limits.tpm.is_some() {
            let typical = &self.meter.typical;
            // Two requests that end at once may forget one of the two, which does no harm.
            let next = u64::midpoint(typical.load(Ordering::Relaxed), answer);
            typical.store(next, Ordering::Relaxed);
        }
    }

    pub(super) fn hold_spend(
        &self,
        holder: Holder,
        usd: Amount,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let per = self.limits.spend_per;
        let cap = self.limits.spend_cap.map(|cap| (cap, per));
        let held = self.meter.spending.lock().hold(usd, cap, now);
        held.map_err(|room| Refused::SpendCap {
            holder,
            cap: self.limits.spend_cap.unwrap_or(Amount::ZERO),
            per,
            room,
            needed: usd,
        })
    }

    pub(super) fn end_spend(&self, held: Amount, charged: Amount, now: Timestamp) {
        self.meter.spending.lock().end(held, charged, now);
    }
}

impl Meter {
    /// Nanoseconds since this meter began.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Whose limits hold for a request: those of its key and those of its account, which its keys share.
#[derive(Debug, Clone)]
pub struct Access {
    pub(super) key: Option<Arc<Allowance>>,
    pub(super) account: Option<Arc<Allowance>>,
}

impl Access {
    /// The limits of a key, and of the account that it spends from.
    #[must_use]
    pub const fn new(key: Option<Arc<Allowance>>, account: Option<Arc<Allowance>>) -> Self {
        Self { key, account }
    }

    /// The limits of the key.
    #[must_use]
    pub const fn key(&self) -> Option<&Arc<Allowance>> {
        self.key.as_ref()
    }

    /// The limits of the account.
    #[must_use]
    pub const fn account(&self) -> Option<&Arc<Allowance>> {
        self.account.as_ref()
    }

    /// Whose reads are counted: the account's, where it is known.
    pub(super) fn reader(&self) -> Option<(Holder, &Arc<Allowance>)> {
        let account = self.account.as_ref().map(|own| (Holder::Account, own));
        account.or_else(|| self.key.as_ref().map(|own| (Holder::Key, own)))
    }

    /// Both, the narrower first.
    pub(super) fn parties(&self) -> impl Iterator<Item = (Holder, &Arc<Allowance>)> {
        let key = self.key.iter().map(|own| (Holder::Key, own));
        key.chain(self.account.iter().map(|own| (Holder::Account, own)))
    }
}
