use std::collections::HashMap;

use swan_core::ledger::{Account, Detail, Entry, JournalAudit, entries};
use swan_core::{AccountId, Clock, Currency, KeyId};

use super::books::Core;
use super::{LedgerError, codec};
use crate::admission::Spent;
use crate::store::Store;

/// What opening the books found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// How many entries were replayed.
    pub entries: u64,
    /// How many holds a crash had left, and were given back.
    pub holds_voided: usize,
    /// What each key and account has spent.
    pub(crate) spending: SpendingLog,
}

/// What each key and account has spent, as the journal tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpendingLog {
    pub(crate) keys: HashMap<KeyId, Spent>,
    pub(crate) accounts: HashMap<AccountId, Spent>,
}

impl SpendingLog {
    fn observe(&mut self, entry: &Entry) {
        let Detail::Charge(record) = &entry.group.cause.detail else {
            return;
        };
        let Some(payer) = entry.group.transfers.first().map(|first| &first.debit) else {
            return;
        };
        let usd = match (record.usd, payer.currency) {
            (Some(usd), _) => usd,
            (None, Currency::Usd) => record.gross,
            // What a payment in SWAN was worth was not written down then.
            (None, _) => return,
        };
        if let Some(key) = record.key {
            self.keys.entry(key).or_default().add(usd, entry.at);
        }
        if let Account::Consumer(account) = payer.account {
            self.accounts.entry(account).or_default().add(usd, entry.at);
        }
    }
}

/// Replays and audits the journal, then ends every hold in it: their requests died with the hub that made them.
pub(super) async fn recover(
    store: &dyn Store,
    clock: &dyn Clock,
) -> Result<(Core, Recovery), LedgerError> {
    let mut audit = JournalAudit::new();
    let mut spending = SpendingLog::default();
    let next_seq = codec::read_journal(store, 1, |entry| {
        spending.observe(&entry);
        audit.observe(&entry);
    })
    .await?;
    let report = audit.finish();
    if let Some(first) = report.breaches.first() {
        let more = usize::try_from(report.more_breaches).unwrap_or(usize::MAX);
        let count = report.breaches.len().saturating_add(more);
        return Err(LedgerError::Breached {
            first: *first,
            count,
        });
    }
    let mut core = Core {
        ledger: report.ledger,
        next_seq,
        batch: Vec::new(),
    };
    let left: Vec<_> = core.ledger.pending().collect();
    for hold in &left {
        let _ = core
            .commit(entries::recover(hold), clock.now())
            .map_err(LedgerError::Rejected)?;
    }
    if !core.batch.is_empty() {
        store.append(&codec::encode(&core.batch)?).await?;
        core.batch.clear();
    }
    Ok((
        core,
        Recovery {
            entries: report.entries,
            holds_voided: left.len(),
            spending,
        },
    ))
}
