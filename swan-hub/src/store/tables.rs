//! What the journal says as rows, for people who ask in SQL. Nothing here ever reads them back.

use async_trait::async_trait;
use swan_core::ledger::{Detail, Entry, Kind, Transfer};

use super::{Store, StoreError};
use crate::ledger::told_of_exchange;

/// A store that has tables for people beside the journal.
#[async_trait]
pub(crate) trait Tables: Store {
    /// The last entry of the journal that stands in the tables; 0 for none.
    async fn tabulated(&self) -> Result<u64, StoreError>;

    /// Adds the rows of consecutive entries, in one transaction; [`StoreError::Gap`] when they do not follow the last one.
    async fn tabulate(&self, entries: Vec<Entry>) -> Result<(), StoreError>;
}

/// The row of an entry.
pub(super) struct EntryRow<'a> {
    pub(super) seq: i64,
    pub(super) at_ms: i64,
    pub(super) rule: &'static str,
    pub(super) request: Option<[u8; 16]>,
    pub(super) policy: Option<String>,
    pub(super) model: Option<&'a str>,
    pub(super) prompt_tokens: Option<i64>,
    pub(super) completion_tokens: Option<i64>,
    pub(super) note: Option<String>,
}

impl<'a> EntryRow<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        let cause = &entry.group.cause;
        let charge = match &cause.detail {
            Detail::Charge(charge) => Some(charge),
            _ => None,
        };
        let note = match &cause.detail {
            Detail::Note(note) => Some(note.to_string()),
            Detail::Payment(payment) => Some(format!("{} {}", payment.topup, payment.object)),
            Detail::Exchange(of) => Some(told_of_exchange(of)),
            Detail::Bonus(bonus) => Some(format!("bonus on {}", bonus.deposit)),
            _ => None,
        };
        let policy = cause.policy.as_ref();
        Self {
            seq: signed(entry.seq),
            at_ms: signed(entry.at.as_millis()),
            rule: cause.rule.as_str(),
            request: cause.request.map(|id| id.as_u128().to_be_bytes()),
            policy: policy.map(|stamp| stamp.version().to_string()),
            model: charge.map(|charge| charge.model.as_str()),
            prompt_tokens: charge.map(|charge| signed(charge.prompt_tokens)),
            completion_tokens: charge.map(|charge| signed(charge.completion_tokens)),
            note,
        }
    }
}

/// What a transfer does, in the words of the tables.
pub(super) fn kind(transfer: &Transfer) -> Result<&'static str, StoreError> {
    Ok(match transfer.kind {
        Kind::Posted => "posted",
        Kind::Pending { .. } => "pending",
        Kind::Post { .. } => "post",
        Kind::Void { .. } => "void",
        Kind::Expire { .. } => "expire",
        _ => {
            return Err(StoreError::corrupt(
                "the tables know no such kind of transfer",
            ));
        }
    })
}

/// Numbers here stay far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
