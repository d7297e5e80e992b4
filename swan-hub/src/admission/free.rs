//! Requests of the free tier: without hold and charge, within the policy's limits.

use std::sync::Arc;

use parking_lot::Mutex;
use swan_core::free_tier::{FreePass, FreeTierBook, Refused};
use swan_core::{AccountId, ModelId, Policy, Timestamp};

use super::bucket::Level;

/// The accounts whose free use is kept in mind at once; a new one is told to wait while there are so many.
const ACCOUNTS_MAX: usize = 100_000;

/// What accounts have used of the free tier. Locked for free requests only.
#[derive(Debug)]
pub(crate) struct FreeDesk {
    book: Mutex<FreeTierBook>,
}

/// What is left of the free tier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FreeLeft {
    pub(super) requests: Level,
    pub(super) tokens: Level,
}

/// One free request. Dropped before it is settled, it has used nothing.
#[derive(Debug)]
pub(crate) struct FreeRun {
    desk: Arc<FreeDesk>,
    pass: Option<FreePass>,
}

impl FreeDesk {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            book: Mutex::new(FreeTierBook::new(ACCOUNTS_MAX)),
        })
    }

    /// Lets a request begin that uses `worst_tokens` at most.
    pub(crate) fn admit(
        self: &Arc<Self>,
        policy: &Policy,
        now: Timestamp,
        account: AccountId,
        model: &ModelId,
        worst_tokens: u64,
    ) -> Result<FreeRun, Refused> {
        let pass = self
            .book
            .lock()
            .admit(policy, now, account, model, worst_tokens)?;
        Ok(FreeRun {
            desk: Arc::clone(self),
            pass: Some(pass),
        })
    }
}

impl FreeDesk {
    /// Counts what an account has used today before this hub was started.
    pub(crate) fn recall(&self, now: Timestamp, account: AccountId, tokens: u64) {
        self.book.lock().recall(now, account, tokens);
    }
}

impl FreeDesk {
    /// What is left to an account of the policy's rates: requests of the minute and tokens of the day.
    pub(crate) fn left(
        &self,
        policy: &Policy,
        now: Timestamp,
        account: AccountId,
    ) -> Option<FreeLeft> {
        let rules = policy.free_tier().ok()?;
        let book = self.book.lock();
        let own = book.account(account)?;
        let (begun, minute) = own.last_minute();
        let used = own.used_tokens().saturating_add(own.reserved_tokens());
        let nanos = |until: Timestamp| {
            let wait = until.since(now).as_nanos();
            u64::try_from(wait).unwrap_or(u64::MAX)
        };
        let level = |limit: u64, used: u64, until| Level {
            limit,
            remaining: limit.saturating_sub(used),
            full_in: nanos(until),
        };
        Some(FreeLeft {
            requests: level(rules.requests_per_minute(), begun, minute),
            tokens: level(rules.tokens_per_day(), used, now.day().end()),
        })
    }
}

impl FreeRun {
    /// Ends it with what it has used, prompt and answer together.
    pub(crate) fn settle(mut self, tokens: u64) {
        self.end(tokens);
    }

    fn end(&mut self, tokens: u64) {
        if let Some(pass) = self.pass.take()
            && let Err(error) = self.desk.book.lock().settle(pass, tokens)
        {
            tracing::error!(%error, "a fault of the hub");
        }
    }
}

impl Drop for FreeRun {
    fn drop(&mut self) {
        self.end(0);
    }
}
