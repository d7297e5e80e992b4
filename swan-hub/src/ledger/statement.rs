//! The entries of one account between two times, with the balance after each.

use serde::Serialize;
use swan_core::ledger::{Account, AccountKey, Cause, Detail, Entry, ExchangeRecord, Kind, Rule};
use swan_core::{Amount, ModelId, RequestId, Timestamp, TransferId};

use super::codec::decode;
use super::snapshots::newest;
use crate::store::{JournalRecord, Store, StoreError};

/// Records read at a time.
const PAGE: u32 = 64;

/// What moved on an account in a time, oldest first. Holds move nothing and are not listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Statement {
    /// The posted balance before the first line.
    pub opening: Amount,
    /// The movements.
    pub lines: Vec<StatementLine>,
    /// The posted balance after the last line.
    pub closing: Amount,
    /// The entry from which the next page goes on, when there is more.
    pub next: Option<u64>,
}

/// One transfer to or from the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StatementLine {
    /// The entry of the journal.
    pub entry: u64,
    /// When.
    #[serde(rename = "time_ms")]
    pub at: Timestamp,
    /// Which transfer.
    pub transfer: TransferId,
    /// Why.
    pub rule: Rule,
    /// For which request.
    pub request: Option<RequestId>,
    /// The model that served it.
    pub model: Option<ModelId>,
    /// What was noted: who gave a grant and why, by what a payout was paid.
    pub note: Option<String>,
    /// Above zero when the account received it.
    pub amount: Amount,
    /// The posted balance afterwards.
    pub balance: Amount,
}

/// Which part of an account's history is told.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct StatementQuery {
    /// Whose.
    pub account: AccountKey,
    /// Entries at this time or later.
    pub from: Timestamp,
    /// Entries before this time.
    pub to: Timestamp,
    /// Entries from this number on; see [`Statement::next`].
    pub from_entry: Option<u64>,
    /// A page ends with the first entry that fills so many lines.
    pub limit: usize,
}

/// Reads a statement from the journal.
///
/// The beginning is found by bisection, since times never go back. The opening balance is counted from the newest snapshot before
/// it, or from the first entry when there is none.
///
/// # Errors
/// When the store cannot serve, the journal is damaged, or a sum leaves the range of [`Amount`].
pub async fn statement(store: &dyn Store, query: &StatementQuery) -> Result<Statement, StoreError> {
    statement_page(store, query, None, u64::MAX).await
}

/// As [`statement`]; `known` is the balance before [`StatementQuery::from_entry`] where a page before has told it, and a page
/// ends once `most` entries of the time have been read, whosever they are.
pub(crate) async fn statement_page(
    store: &dyn Store,
    query: &StatementQuery,
    known: Option<Amount>,
    most: u64,
) -> Result<Statement, StoreError> {
    let (first, (mut seq, mut balance)) = match (query.from_entry, known) {
        (Some(first), Some(balance)) => (first, (first, balance)),
        (from_entry, _) => {
            let first = first_at(store, query.from).await?;
            let first = first.max(from_entry.unwrap_or(1));
            (first, before(store, query.account, first).await?)
        }
    };
    let mut told = Statement {
        opening: balance,
        lines: Vec::new(),
        closing: balance,
        next: None,
    };
    loop {
        let page = store.read(seq, PAGE).await?;
        if page.is_empty() {
            return Ok(told);
        }
        for record in &page {
            for entry in decode(record)? {
                if entry.seq < seq {
                    continue;
                }
                if entry.seq >= first && entry.at >= query.to {
                    return Ok(told);
                }
                let is_enough = entry.seq >= first.saturating_add(most);
                if told.lines.len() >= query.limit.max(1) || is_enough {
                    told.next = Some(entry.seq);
                    return Ok(told);
                }
                let from = told.lines.len();
                observe(&entry, query.account, &mut balance, &mut told.lines)?;
                if entry.seq < first {
                    told.lines.truncate(from);
                    told.opening = balance;
                }
                told.closing = balance;
            }
            seq = record.next_seq();
        }
        tokio::task::yield_now().await;
    }
}

/// The posted balance of an account before the first entry of `at` or later, at every hub on the store together; what the till has
/// taken over from them is not counted twice.
///
/// # Errors
/// When the store cannot serve, the journal is damaged, or a sum leaves the range of [`Amount`].
pub(crate) async fn balance_at(
    store: &dyn Store,
    account: AccountKey,
    at: Timestamp,
) -> Result<Amount, StoreError> {
    let mut all = balance_of_one(store, account, at).await?;
    for other in store.others().await? {
        let mut more = vec![account];
        if let Account::ProviderEarnings(provider) = account.account {
            // Below zero, by what was taken over.
            more.push(Account::Earned(provider).in_currency(account.currency));
        }
        for account in more {
            let sum = all.checked_add(balance_of_one(&*other, account, at).await?);
            all =
                sum.map_err(|_| StoreError::corrupt(format!("the sum of {account} is too large")))?;
        }
    }
    Ok(all)
}

async fn balance_of_one(
    store: &dyn Store,
    account: AccountKey,
    at: Timestamp,
) -> Result<Amount, StoreError> {
    let query = StatementQuery {
        account,
        from: at,
        to: at,
        from_entry: None,
        limit: 1,
    };
    Ok(statement(store, &query).await?.opening)
}

/// An exchange in a few words.
pub(crate) fn told_of_exchange(of: &ExchangeRecord) -> String {
    let ExchangeRecord {
        gave,
        from,
        got,
        to,
        rate,
        feed,
        at,
        ..
    } = of;
    format!("{gave} {from} for {got} {to} at {rate} USD for 1 SWAN ({feed} at {at})")
}

/// The model and the note of a cause.
fn told_of(cause: &Cause) -> (Option<ModelId>, Option<String>) {
    match &cause.detail {
        Detail::Charge(charge) => (Some(charge.model.clone()), None),
        Detail::Note(note) => (None, Some(note.clone().into_owned())),
        Detail::Exchange(of) => (None, Some(told_of_exchange(of))),
        Detail::Bonus(bonus) => (None, Some(format!("bonus on {}", bonus.deposit))),
        _ => (None, None),
    }
}

/// Adds what an entry moved on the account.
fn observe(
    entry: &Entry,
    account: AccountKey,
    balance: &mut Amount,
    lines: &mut Vec<StatementLine>,
) -> Result<(), StoreError> {
    for transfer in &entry.group.transfers {
        if !matches!(transfer.kind, Kind::Posted | Kind::Post { .. }) {
            continue;
        }
        let moved = if transfer.credit == account {
            Ok(transfer.amount)
        } else if transfer.debit == account {
            Amount::ZERO.checked_sub(transfer.amount)
        } else {
            continue;
        };
        let too_large = |_| StoreError::corrupt(format!("entry {} moves too much", entry.seq));
        let amount = moved.map_err(too_large)?;
        *balance = balance.checked_add(amount).map_err(too_large)?;
        let (model, note) = told_of(&entry.group.cause);
        lines.push(StatementLine {
            entry: entry.seq,
            at: entry.at,
            transfer: transfer.id,
            rule: entry.group.cause.rule,
            request: entry.group.cause.request,
            model,
            note,
            amount,
            balance: *balance,
        });
    }
    Ok(())
}

/// Where to begin counting, and the account's balance there: after the newest good snapshot before entry `first`.
async fn before(
    store: &dyn Store,
    account: AccountKey,
    first: u64,
) -> Result<(u64, Amount), StoreError> {
    let mut upto = first.saturating_sub(1);
    while let Some(found) = newest(store, upto).await? {
        if let Ok(picture) = &found.picture {
            return Ok((found.seq + 1, picture.posted(account)));
        }
        upto = found.before();
    }
    Ok((1, Amount::ZERO))
}

/// The first entry at `from` or later, or the number after the last entry.
pub(super) async fn first_at(store: &dyn Store, from: Timestamp) -> Result<u64, StoreError> {
    // Every entry before `low` is earlier than `from`; the one at `high` is not, or does not exist.
    let (mut low, mut high) = (1, 2);
    while earlier(store, high, from).await?.is_some() {
        (low, high) = (high, high.saturating_mul(2));
    }
    while low < high {
        let middle = low + (high - low) / 2;
        match earlier(store, middle, from).await? {
            Some(next) => low = next,
            None => high = middle,
        }
    }
    Ok(low)
}

/// The number after the last entry before `from` in the record with entry `seq`, when entry `seq` is before `from`.
async fn earlier(store: &dyn Store, seq: u64, from: Timestamp) -> Result<Option<u64>, StoreError> {
    let page = store.read(seq, 1).await?;
    let Some(record) = page.first().filter(|record| holds(record, seq)) else {
        return Ok(None);
    };
    let entries = decode(record)?;
    let early = entries.iter().take_while(|entry| entry.at < from);
    let next = early.last().map_or(0, |entry| entry.seq + 1);
    Ok((next > seq).then_some(next))
}

fn holds(record: &JournalRecord, seq: u64) -> bool {
    (record.first_seq..record.next_seq()).contains(&seq)
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
