use std::sync::Arc;
use std::time::Duration;

use swan_core::Amount;

use crate::store::{Durability, Pool};

/// How the books are kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BooksOptions {
    /// When a charge is confirmed. Strict.
    pub durability: Durability,
    /// How many entries may wait for the store before new holds are refused. 65,536.
    pub queue_entries_max: usize,
    /// How long an entry may wait for company when nobody waits for it. 100 ms.
    pub linger: Duration,
    /// How long relaxed books gather before they write: what they have confirmed within this time, and one write, is lost
    /// with the process. 10 ms.
    pub gather: Duration,
    /// After how many entries a snapshot is written: a start replays about as many at most. 500,000; `u64::MAX` for never.
    pub snapshot_entries: u64,
    /// How long a write may take before new holds are refused until it is done. 5 s.
    pub stall_after: Duration,
    /// How long the lease is waited for while another process, such as the command line, keeps the books. 2 s.
    pub lease_wait: Duration,
    /// The funds that this hub shares with others; `None` for a hub that is alone.
    pub pool: Option<Arc<dyn Pool>>,
    /// How much of an account a node wants to have at hand, in its currency. 1.
    pub slice: Amount,
    /// How long an account must be left alone before a node gives back what it has at hand. 3 s.
    pub idle: Duration,
}

impl BooksOptions {
    /// The same, but never waiting for another process to give the lease back.
    #[must_use]
    pub const fn without_lease_wait(self) -> Self {
        self.with_lease_wait(Duration::ZERO)
    }

    /// The same, waiting that long for another process to give the lease back.
    #[must_use]
    pub const fn with_lease_wait(mut self, wait: Duration) -> Self {
        self.lease_wait = wait;
        self
    }

    /// The same, for one of several hubs that share their funds; the store is the node's own view of it.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<dyn Pool>) -> Self {
        self.pool = Some(pool);
        self
    }

    /// The same, with this much of each account at hand, in its currency.
    #[must_use]
    pub const fn with_slice(mut self, slice: Amount) -> Self {
        self.slice = slice;
        self
    }

    /// The same, giving back what an account has not used for so long.
    #[must_use]
    pub const fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// The same, writing a snapshot after so many entries.
    #[must_use]
    pub const fn with_snapshot_entries(mut self, entries: u64) -> Self {
        self.snapshot_entries = entries;
        self
    }

    /// The same, confirming charges when `durability` says.
    #[must_use]
    pub const fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

impl Default for BooksOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Strict,
            queue_entries_max: 1 << 16,
            linger: Duration::from_millis(100),
            gather: Duration::from_millis(10),
            snapshot_entries: 500_000,
            stall_after: Duration::from_secs(5),
            lease_wait: Duration::from_secs(2),
            pool: None,
            idle: Duration::from_secs(3),
            slice: Amount::from_pico(Amount::PICO_PER_UNIT).unwrap_or(Amount::ZERO),
        }
    }
}
