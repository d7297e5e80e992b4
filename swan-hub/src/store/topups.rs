//! Orders to pay something in by card.

use async_trait::async_trait;
use swan_core::{AccountId, Timestamp, TopupId};

use super::StoreError;

/// An order as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct TopupRecord {
    /// The order.
    pub id: TopupId,
    /// How often it was written, this time included; from 1.
    pub revision: u64,
    /// Whose it is.
    pub account: AccountId,
    /// When it was placed.
    pub created: Timestamp,
    /// When the card processor is asked about it again.
    pub due: Option<Timestamp>,
    /// Everything else as JSON, whose amounts are decimal strings. A store keeps the text as it is.
    pub body: String,
}

/// Durable storage of orders; part of every [`Store`](super::Store), under the same contract.
///
/// What is written here does not change [`Store::version`](super::Store::version).
#[async_trait]
pub trait Topups: Send + Sync + 'static {
    /// Adds an order of revision 1, or replaces the one whose revision is one less. Writing the same again is no error.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else has written it meanwhile.
    async fn put_topup(&self, record: &TopupRecord) -> Result<(), StoreError>;

    /// The order with this id.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn topup(&self, id: TopupId) -> Result<Option<TopupRecord>, StoreError>;

    /// Up to `limit` orders of an account, or of all, the youngest first; of those of the same millisecond the one with the
    /// greater id. Only those that come after `before` in this order.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn page(
        &self,
        account: Option<AccountId>,
        before: Option<(Timestamp, TopupId)>,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError>;

    /// Up to `limit` orders about which the card processor is to be asked until `upto`, the longest due first.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn due_topups(&self, upto: Timestamp, limit: u32)
    -> Result<Vec<TopupRecord>, StoreError>;
}

pub(super) fn changed(record: &TopupRecord) -> StoreError {
    StoreError::Conflict {
        what: format!("somebody else has written {} meanwhile", record.id),
    }
}
