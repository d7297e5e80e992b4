//! What several nodes share: the funds that none of them has drawn, how much each has, and the till.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use swan_core::ledger::AccountKey;
use swan_core::{AccountId, Amount, Currency, TransferId};

use super::{JournalRecord, Store, StoreError};

/// The funds of all accounts, out of which each node draws slices. One value is one node's view of it.
///
/// A slice is what a node has drawn of an account and not given back, so it is never below what the node has spent. For each
/// account the free funds and the slices of all nodes are the sum of its grants, at any time.
///
/// # Contract
///
/// * Each call is atomic and durable once it has answered, and may be repeated.
/// * A node whose lease has been taken by another changes nothing any more: [`StoreError::Leased`].
#[async_trait]
pub trait Pool: fmt::Debug + Send + Sync + 'static {
    /// Sets this node's slice of an account, and answers what it is now.
    ///
    /// # Errors
    /// [`StoreError::Leased`] for a node that is fenced off, and when the store cannot serve.
    async fn reach(&self, of: AccountKey, reach: Reach) -> Result<Amount, StoreError>;

    /// Every slice of this node, and what of it the node has told to have spent.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn slices(&self) -> Result<Vec<(AccountKey, [Amount; 2])>, StoreError>;

    /// Adds to the free funds, once for each id; answers whether it was new.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id was used for something else.
    async fn grant(&self, grant: &PoolGrant) -> Result<bool, StoreError>;

    /// What an account has everywhere, which is what is free and what each node has not spent, and what it has spent, as far as they
    /// have told.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn balance(&self, of: AccountKey) -> Result<[Amount; 2], StoreError>;

    /// Tells what providers have earned at this node since ever, by entries of its journal that are durable. What was told before
    /// and is more stays.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn tell_earned(&self, earned: &[(AccountKey, Amount)]) -> Result<(), StoreError>;

    /// What a provider has earned at all nodes, as far as they have told, and what this one has told of that.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn earned(&self, of: AccountKey) -> Result<[Amount; 2], StoreError>;

    /// What of an account no node has drawn.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn free(&self, of: AccountKey) -> Result<Amount, StoreError>;

    /// Notes which of these accounts have less than so much now, by what nodes have told; answers those that had enough when any node
    /// looked last, and what they have. Of several nodes that ask at once one is told. An account at which nobody has looked before is
    /// not told of. A pool that does not watch tells of none.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn fallen_below(
        &self,
        thresholds: &[(AccountKey, Amount)],
    ) -> Result<Vec<(AccountKey, Amount)>, StoreError> {
        let _ = thresholds;
        Ok(Vec::new())
    }

    /// Up to `limit` records of the till in order, as [`Store::read`].
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn read_till(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError>;

    /// Appends to the till, as [`Store::append`], and adds `credit`, which may be below zero, to the free funds, in one transaction; answers
    /// whether that was new, or exactly this record was there already. The till is a journal that no node keeps and each may write:
    /// whoever has not read it up to its end is refused, and decides anew.
    ///
    /// # Errors
    /// [`StoreError::Gap`] when the record does not begin right after the last one, unless exactly this record is already there, and
    /// when less is free than is to be taken;
    /// [`StoreError::Conflict`] when the id of the credit was used for something else.
    async fn book(
        &self,
        record: &JournalRecord,
        credit: Option<&PoolGrant>,
    ) -> Result<bool, StoreError>;

    /// Other nodes whose lease has run out and whose slices nobody has given back yet.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn dead(&self) -> Result<Vec<Neighbour>, StoreError>;

    /// Says that everything which this node had and has not spent is given back, and gives its lease back with it.
    ///
    /// # Errors
    /// As [`Pool::reach`].
    async fn cleared(&self) -> Result<(), StoreError>;
}

/// What a slice is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reach {
    /// What the node knows to have; anything above it that the pool has on record is free.
    pub least: Amount,
    /// What of it the node has spent for good, for those who read balances.
    pub spent: Amount,
    /// How much more is needed: all of it, or all that there is.
    pub need: Amount,
    /// How much more is wanted, up to a quarter of what is free, so that the other nodes find some.
    pub want: Amount,
}

impl Reach {
    /// Exactly what the node has, no more, of which it has spent so much.
    #[must_use]
    pub const fn keep(least: Amount, spent: Amount) -> Self {
        let (need, want) = (Amount::ZERO, Amount::ZERO);
        Self {
            least,
            spent,
            need,
            want,
        }
    }
}

/// Credit that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolGrant {
    /// Its idempotency key, for ever.
    pub id: TransferId,
    /// Who gets it.
    pub account: AccountId,
    /// Counted in what.
    pub currency: Currency,
    /// How much; below zero for what leaves the shared funds.
    pub amount: Amount,
    /// Who gave it, and why.
    pub note: String,
}

impl PoolGrant {
    pub(crate) fn new(
        id: TransferId,
        (account, currency): (AccountId, Currency),
        amount: Amount,
        note: &str,
    ) -> Self {
        Self {
            id,
            account,
            currency,
            amount,
            note: note.to_owned(),
        }
    }
}

/// Another node, as seen by one that may take its place.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Neighbour {
    /// What it is called.
    pub name: String,
    /// Its journal.
    pub store: Arc<dyn Store>,
    /// Its view of the pool.
    pub pool: Arc<dyn Pool>,
}

impl Neighbour {
    /// A node with its journal and its view of the pool.
    #[must_use]
    pub const fn new(name: String, store: Arc<dyn Store>, pool: Arc<dyn Pool>) -> Self {
        Self { name, store, pool }
    }
}
