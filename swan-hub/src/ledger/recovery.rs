use swan_core::Clock;
use swan_core::ledger::{JournalAudit, entries};

use super::books::Core;
use super::{LedgerError, codec};
use crate::store::Store;

/// What opening the books found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// How many entries were replayed.
    pub entries: u64,
    /// How many holds a crash had left, and were given back.
    pub holds_voided: usize,
}

/// Replays and audits the journal, then ends every hold in it: their requests died with the hub that made them.
pub(super) async fn recover(
    store: &dyn Store,
    clock: &dyn Clock,
) -> Result<(Core, Recovery), LedgerError> {
    let mut audit = JournalAudit::new();
    let next_seq = codec::read_journal(store, 1, |entry| audit.observe(&entry)).await?;
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
        },
    ))
}
