use std::collections::HashMap;

use swan_core::ledger::{Account, AuditReport, Detail, Entry, JournalAudit, Ledger, entries};
use swan_core::{AccountId, Clock, Currency, KeyId, Timestamp};

use parking_lot::Mutex;

use super::books::Core;
use super::payments::Owing;
use super::snapshots::{Found, Picture, newest};
use super::{LedgerError, codec, earned, leaving};
use crate::admission::Spent;
use crate::store::{Pool, Store, StoreError};

/// What opening the books found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// How many entries the journal has.
    pub entries: u64,
    /// The entry of the snapshot after which they were replayed; `None` when all were.
    pub snapshot: Option<u64>,
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
    /// Counts what was spent afterwards.
    pub(super) fn then(&mut self, later: Self) {
        for (key, spent) in later.keys {
            self.keys.entry(key).or_default().then(&spent);
        }
        for (account, spent) in later.accounts {
            self.accounts.entry(account).or_default().then(&spent);
        }
    }

    pub(crate) fn observe(&mut self, entry: &Entry) {
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

/// A ledger as it was after an entry, and what was spent by then.
struct Start {
    seq: u64,
    ledger: Ledger,
    spending: SpendingLog,
}

/// What a replay came to.
struct Replayed {
    report: AuditReport,
    spending: SpendingLog,
    next_seq: u64,
    last_at: Timestamp,
}

/// Replays and audits the journal after `start`.
async fn replay(store: &dyn Store, start: Start) -> Result<Replayed, StoreError> {
    let mut last_at = start.ledger.now();
    let mut spending = start.spending;
    let mut audit = JournalAudit::resume(start.ledger, start.seq);
    let next_seq = codec::read_journal(store, start.seq + 1, |entry| {
        last_at = entry.at;
        spending.observe(&entry);
        audit.observe(&entry);
    })
    .await?;
    Ok(Replayed {
        report: audit.finish(),
        spending,
        next_seq,
        last_at,
    })
}

/// Goes on from the newest snapshot that is good, if there is one; what is wrong with the others is told.
async fn from_snapshot(store: &dyn Store) -> Result<Option<(u64, Replayed)>, StoreError> {
    let mut upto = u64::MAX;
    while let Some(found) = newest(store, upto).await? {
        upto = found.before();
        let seq = found.seq;
        let what = match open(store, found).await? {
            Ok(start) => {
                let replayed = replay(store, start).await?;
                match replayed.report.breaches.first() {
                    None => return Ok(Some((seq, replayed))),
                    Some(breach) => format!("the journal does not go on from it: {breach}"),
                }
            }
            Err(what) => what,
        };
        tracing::warn!(
            entry = seq,
            what,
            "a snapshot of the books is not used; more of the journal is replayed"
        );
    }
    Ok(None)
}

/// What a snapshot says, or why it does not count.
async fn open(store: &dyn Store, found: Found) -> Result<Result<Start, String>, StoreError> {
    let seq = found.seq;
    let record = store.read(seq, 1).await?;
    if record.first().is_none_or(|record| record.first_seq > seq) {
        return Ok(Err("the journal does not reach its entry".to_owned()));
    }
    let restored = found.picture.and_then(Picture::restore);
    Ok(match restored {
        Ok((ledger, spending)) => Ok(Start {
            seq,
            ledger,
            spending,
        }),
        Err(error) => Err(error.to_string()),
    })
}

/// Replays and audits the journal, then ends every hold in it: their requests died with the hub that made them.
pub(super) async fn recover(
    store: &dyn Store,
    clock: &dyn Clock,
    pool: Option<&dyn Pool>,
) -> Result<(Core, Recovery), LedgerError> {
    let (snapshot, replayed) = match from_snapshot(store).await? {
        Some((seq, replayed)) => (Some(seq), replayed),
        None => (None, replay(store, Start::empty()).await?),
    };
    let report = replayed.report;
    if let Some(first) = report.breaches.first() {
        let more = usize::try_from(report.more_breaches).unwrap_or(usize::MAX);
        let count = report.breaches.len().saturating_add(more);
        return Err(LedgerError::Breached {
            first: *first,
            count,
        });
    }
    let mut core = Core {
        owing: Owing::of(&report.ledger),
        ledger: report.ledger,
        next_seq: replayed.next_seq,
        last_at: replayed.last_at,
        batch: Vec::new(),
    };
    let left: Vec<_> = core.ledger.pending().collect();
    for hold in &left {
        let _ = core
            .commit(entries::recover(hold), clock.now())
            .map_err(LedgerError::Rejected)?;
    }
    if pool.is_some() {
        leaving::return_all(&mut core, clock);
    }
    if !core.batch.is_empty() {
        store.append(&codec::encode(&core.batch)?).await?;
        core.batch.clear();
    }
    if let Some(pool) = pool {
        earned::tell_all(pool, &core.ledger).await?;
        let shared = Mutex::new(core);
        leaving::tell_spent(pool, &shared).await?;
        core = shared.into_inner();
    }
    Ok((
        core,
        Recovery {
            entries: report.entries,
            snapshot,
            holds_voided: left.len(),
            spending: replayed.spending,
        },
    ))
}

impl Start {
    fn empty() -> Self {
        Self {
            seq: 0,
            ledger: Ledger::new(),
            spending: SpendingLog::default(),
        }
    }
}
