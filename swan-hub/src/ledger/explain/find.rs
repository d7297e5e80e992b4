//! Finds entries in the journal by the time in a request's id: by bisection, since a journal may have millions of entries.

use std::time::Duration;

use swan_core::ledger::{Entry, Rule, entries};
use swan_core::{RequestId, Timestamp, TransferId};

use super::super::codec::{decode, read_journal};
use super::Look;
use crate::generations::began;
use crate::store::{JournalRecord, Store, StoreError};

/// How long after its first byte a request sets funds aside at the latest: its body has a deadline well below this.
const LATE: Duration = Duration::from_secs(600);
/// Records read at a time.
const PAGE: u32 = 64;

/// The entries that a request has caused, in order, at whichever hub on the store it came to.
pub(crate) async fn of_request(
    store: &dyn Store,
    request: RequestId,
) -> Result<Vec<Entry>, StoreError> {
    let mut found = of_request_at(store, request).await?;
    if found.is_empty() {
        for other in store.others().await? {
            found = of_request_at(&*other, request).await?;
            if !found.is_empty() {
                break;
            }
        }
    }
    Ok(found)
}

async fn of_request_at(store: &dyn Store, request: RequestId) -> Result<Vec<Entry>, StoreError> {
    let last = began(request).after(LATE);
    let mut found: Vec<Entry> = Vec::new();
    scan(store, first_at(store, began(request)).await?, |entry| {
        let is_late = found.is_empty() && entry.at > last;
        if entry.group.cause.request == Some(request) {
            let goes_on = matches!(entry.group.cause.rule, Rule::Hold | Rule::Extension);
            found.push(entry);
            return goes_on;
        }
        !is_late
    })
    .await?;
    Ok(found)
}

/// The entries of the request that caused this transfer.
pub(super) async fn of_its_request(
    store: &dyn Store,
    transfer: TransferId,
) -> Result<Option<(RequestId, Vec<Entry>)>, StoreError> {
    for request in entries::requests_of(transfer) {
        let found = of_request(store, request).await?;
        if found.iter().any(|entry| has(entry, transfer)) {
            return Ok(Some((request, found)));
        }
    }
    Ok(None)
}

/// The entry with a transfer that no request caused. The command that asked for it tells when to look, or the time in its id,
/// or the account that it was taken from; without any of them the whole journal is walked, where that is allowed.
pub(super) async fn other(
    store: &dyn Store,
    transfer: TransferId,
    look: &Look<'_>,
) -> Result<Option<Entry>, StoreError> {
    let account = look.account;
    if let Some(seq) = account.and_then(|account| entries::collected_at(transfer, account)) {
        let entry = numbered(store, seq).await?;
        if let Some(entry) = entry.filter(|entry| has(entry, transfer)) {
            return Ok(Some(entry));
        }
    }
    if !look.may_have(transfer) {
        return Ok(None);
    }
    let command = store.command(transfer.as_u128()).await?;
    if let Some(stored) = command {
        let from = first_at(store, stored.command.sent).await?;
        return first_with(store, transfer, from, Timestamp::MAX).await;
    }
    about(store, transfer, made_at(transfer), look).await
}

/// The entry with a transfer that was journalled at about `at`, where that is known; elsewhere it is looked for in the whole
/// journal, where that is allowed.
pub(super) async fn about(
    store: &dyn Store,
    transfer: TransferId,
    at: Option<Timestamp>,
    look: &Look<'_>,
) -> Result<Option<Entry>, StoreError> {
    if !look.may_have(transfer) {
        return Ok(None);
    }
    if let Some(at) = at {
        let late = u64::try_from(LATE.as_millis()).unwrap_or(u64::MAX);
        let early = Timestamp::from_millis(at.as_millis().saturating_sub(late));
        let from = first_at(store, early).await?;
        let found = first_with(store, transfer, from, at.after(LATE)).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    match look.may_walk {
        true => first_with(store, transfer, 1, Timestamp::MAX).await,
        false => Ok(None),
    }
}

/// The entry with this number.
pub(super) async fn numbered(store: &dyn Store, seq: u64) -> Result<Option<Entry>, StoreError> {
    let Some(record) = record_at(store, seq).await? else {
        return Ok(None);
    };
    Ok(decode(&record)?.into_iter().find(|entry| entry.seq == seq))
}

/// When an id was made that begins with its time, as those of the hub itself do.
fn made_at(id: TransferId) -> Option<Timestamp> {
    let id = id.as_u128();
    let is_dated = id >> 76 & 0xf == 7 && id >> 62 & 0b11 == 0b10;
    is_dated.then(|| began(RequestId::from_u128(id)))
}

/// The first entry with a transfer from number `from` on, and not after `last`.
async fn first_with(
    store: &dyn Store,
    transfer: TransferId,
    from: u64,
    last: Timestamp,
) -> Result<Option<Entry>, StoreError> {
    let mut found = None;
    scan(store, from, |entry| {
        let goes_on = entry.at <= last;
        if goes_on && has(&entry, transfer) {
            found = Some(entry);
        }
        goes_on && found.is_none()
    })
    .await?;
    Ok(found)
}

/// The entry with a transfer of this time or later.
pub(super) async fn since(
    store: &dyn Store,
    transfer: TransferId,
    at: Timestamp,
) -> Result<Option<Entry>, StoreError> {
    let mut found = None;
    scan(store, first_at(store, at).await?, |entry| {
        if has(&entry, transfer) {
            found = Some(entry);
        }
        found.is_none()
    })
    .await?;
    Ok(found)
}

/// Hands every entry on to `each`, in order.
pub(super) async fn all(
    store: &dyn Store,
    each: impl FnMut(Entry) + Send,
) -> Result<(), StoreError> {
    read_journal(store, 1, each).await.map(drop)
}

/// Whether a transfer is of this entry.
pub(super) fn has(entry: &Entry, transfer: TransferId) -> bool {
    let mut transfers = entry.group.transfers.iter();
    transfers.any(|one| one.id == transfer)
}

/// Hands entries on from number `from`, as long as `each` wants more.
async fn scan(
    store: &dyn Store,
    from: u64,
    mut each: impl FnMut(Entry) -> bool + Send,
) -> Result<(), StoreError> {
    let mut next = from;
    loop {
        let page = store.read(next, PAGE).await?;
        if page.is_empty() {
            return Ok(());
        }
        for record in page {
            for entry in decode(&record)? {
                if !each(entry) {
                    return Ok(());
                }
            }
            next = record.next_seq().max(next);
        }
        tokio::task::yield_now().await;
    }
}

/// The number of the first record that may have entries of `at` or later. Times in a journal never go back.
async fn first_at(store: &dyn Store, at: Timestamp) -> Result<u64, StoreError> {
    let (mut low, mut high) = (1_u64, 1_u64);
    while let Some(record) = record_at(store, high).await? {
        if !ends_before(&record, at)? {
            high = record.first_seq;
            break;
        }
        low = record.next_seq();
        high = low.saturating_mul(2);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        match record_at(store, middle).await? {
            Some(record) if ends_before(&record, at)? => low = record.next_seq(),
            Some(record) => high = record.first_seq.min(middle),
            None => high = middle,
        }
    }
    Ok(low)
}

async fn record_at(store: &dyn Store, seq: u64) -> Result<Option<JournalRecord>, StoreError> {
    Ok(store.read(seq, 1).await?.into_iter().next())
}

fn ends_before(record: &JournalRecord, at: Timestamp) -> Result<bool, StoreError> {
    Ok(decode(record)?.last().is_some_and(|entry| entry.at < at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use swan_core::{AccountId, Amount, Currency};

    use super::super::super::codec::encode;
    use super::*;
    use crate::store::MemoryStore;

    fn entry(seq: u64, at: u64) -> Entry {
        let (id, account) = (TransferId::from_u128(seq.into()), AccountId::from_u128(1));
        let amount = Amount::from_pico(1).unwrap();
        Entry {
            seq,
            at: Timestamp::from_millis(at),
            group: entries::grant(id, account, Currency::Usd, amount, "test"),
        }
    }

    proptest! {
        /// Whatever records there are, nothing of that time or later lies before the answer, and less than a record before it
        /// lies after.
        #[test]
        fn bisection_finds_where_a_time_begins(
            records in prop::collection::vec(prop::collection::vec(0_u64..3, 1..6), 0..40),
            at in 0_u64..200,
        ) {
            let store = MemoryStore::new();
            let (mut seq, mut now) = (0, 0);
            let mut ends = Vec::new();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            for steps in records {
                let first = seq + 1;
                let entries: Vec<Entry> = steps.iter().map(|step| {
                    (seq, now) = (seq + 1, now + step);
                    entry(seq, now)
                }).collect();
                runtime.block_on(store.append(&encode(&entries).unwrap())).unwrap();
                ends.push((first, now));
            }
            let found = runtime.block_on(first_at(&store, Timestamp::from_millis(at))).unwrap();
            let first = ends.iter().find(|(_, end)| *end >= at).map_or(seq + 1, |(first, _)| *first);
            prop_assert_eq!(found, first);
        }
    }
}
