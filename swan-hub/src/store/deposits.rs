//! Deposits of tokens on a chain, and how far a chain has been read.

use async_trait::async_trait;
use swan_core::{AccountId, DepositId, Timestamp};

use super::StoreError;

/// What is to be done about a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DepositPhase {
    /// It is in a block that may still be replaced.
    Seen,
    /// Money is to move, or is moving.
    Due,
    /// It is nobody's until somebody says whose it is.
    Unmatched,
    /// Nothing.
    Done,
}

impl DepositPhase {
    const ALL: [Self; 4] = [Self::Seen, Self::Due, Self::Unmatched, Self::Done];

    /// The phase's name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Due => "due",
            Self::Unmatched => "unmatched",
            Self::Done => "done",
        }
    }

    /// The phase with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn read(name: &str) -> Result<Self, StoreError> {
        Self::named(name)
            .ok_or_else(|| StoreError::corrupt(format!("{name:?} is no phase of a deposit")))
    }
}

/// A deposit as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct DepositRecord {
    /// The deposit.
    pub id: DepositId,
    /// How often it was written, this time included; from 1.
    pub revision: u64,
    /// The chain, by its number.
    pub chain: u64,
    /// The block in which it stands, or stood at last.
    pub block: u64,
    /// Whose it is, where that is known.
    pub account: Option<AccountId>,
    /// When the hub first saw it.
    pub created: Timestamp,
    /// What is to be done about it.
    pub phase: DepositPhase,
    /// Everything else as JSON, whose amounts are decimal strings. A store keeps the text as it is.
    pub body: String,
}

/// How far a chain has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct WatchedChain {
    /// The chain, by its number.
    pub chain: u64,
    /// How often it was written, this time included; from 1.
    pub revision: u64,
    /// Everything else as JSON. A store keeps the text as it is.
    pub body: String,
}

/// Which deposits are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DepositsOf {
    /// All.
    Everybody,
    /// Those of an account.
    Account(AccountId),
    /// Those about which the same is to be done.
    Phase(DepositPhase),
}

/// Durable storage of deposits; part of every [`Store`](super::Store), under the same contract.
///
/// What is written here does not change [`Store::version`](super::Store::version).
#[async_trait]
pub trait Deposits: Send + Sync + 'static {
    /// Adds a deposit of revision 1, or replaces the one whose revision is one less. Writing the same again is no error.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else has written it meanwhile.
    async fn put_deposit(&self, record: &DepositRecord) -> Result<(), StoreError>;

    /// The deposit with this id.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn deposit(&self, id: DepositId) -> Result<Option<DepositRecord>, StoreError>;

    /// Up to `limit` deposits, the youngest first; of those of the same millisecond the one with the greater id. Only those
    /// that come after `before` in this order.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn page(
        &self,
        of: DepositsOf,
        before: Option<(Timestamp, DepositId)>,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError>;

    /// Up to `limit` deposits of a chain in the order of their blocks, and of their ids within one. Only those that come after
    /// `after` in this order, and none of a block beyond `upto`.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn deposits_in_blocks(
        &self,
        chain: u64,
        after: (u64, DepositId),
        upto: u64,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError>;

    /// Adds how far a chain has been read, with revision 1, or replaces it by the next revision. Writing the same again is no
    /// error.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else has written it meanwhile.
    async fn put_watched_chain(&self, record: &WatchedChain) -> Result<(), StoreError>;

    /// How far a chain has been read.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn watched_chain(&self, chain: u64) -> Result<Option<WatchedChain>, StoreError>;
}

pub(super) fn changed(what: &dyn std::fmt::Display) -> StoreError {
    StoreError::Conflict {
        what: format!("somebody else has written {what} meanwhile"),
    }
}

pub(super) fn chain_changed(chain: u64) -> StoreError {
    changed(&format_args!("how far chain {chain} is read"))
}
