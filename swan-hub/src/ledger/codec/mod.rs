//! The journal's bytes: a version, a check sum, then what this version holds (`docs/LEDGER.md`).

mod version_1;
mod version_2;
mod version_3;

pub(super) use self::version_3::Behind;
use sha2::{Digest as _, Sha256};
use swan_core::ledger::Entry;

use crate::store::{JournalRecord, Store, StoreError};

/// What is written; each earlier version is still read.
const VERSION: u8 = 3;
pub(super) const SUM_BYTES: usize = 8;
/// Records read at a time, so that a long journal never stands in memory whole.
const PAGE: u32 = 256;

/// One record of consecutive entries, of which there is at least one.
pub(super) fn encode(entries: &[Entry]) -> Result<JournalRecord, StoreError> {
    let broken =
        |what: &str| StoreError::corrupt(format!("a journal record cannot be written: {what}"));
    let first = entries.first().ok_or_else(|| broken("no entries"))?;
    let count = u32::try_from(entries.len()).map_err(|_| broken("too many entries"))?;
    let mut body = Vec::with_capacity(128 + entries.len() * 288);
    body.push(VERSION);
    body.extend([0; SUM_BYTES]);
    version_3::write(entries, &mut body).map_err(|error| broken(&error.to_string()))?;
    let (head, content) = body.split_at_mut(1 + SUM_BYTES);
    if let Some(place) = head.get_mut(1..) {
        place.copy_from_slice(&check_sum(content));
    }
    Ok(JournalRecord {
        first_seq: first.seq,
        count,
        body,
    })
}

/// The entries of a journal record, of this or an earlier version.
///
/// # Errors
/// [`StoreError::Corrupt`] when the bytes are not what was written, or were written by a newer Swan.
pub fn decode(record: &JournalRecord) -> Result<Vec<Entry>, StoreError> {
    let first = record.first_seq;
    let corrupt =
        |what: &str| StoreError::corrupt(format!("the journal record at entry {first} {what}"));
    let (version, rest) = record
        .body
        .split_first()
        .ok_or_else(|| corrupt("is empty"))?;
    let read = match *version {
        1 => version_1::read,
        2 => version_2::read,
        VERSION => version_3::read,
        other => {
            return Err(corrupt(&format!(
                "has format {other}, this program knows 1 to {VERSION}"
            )));
        }
    };
    let (sum, content) = rest
        .split_at_checked(SUM_BYTES)
        .ok_or_else(|| corrupt("is cut off"))?;
    if sum != check_sum(content) {
        return Err(corrupt("does not match its check sum"));
    }
    let mut entries = Vec::new();
    let rest = read(content, record.first_seq..record.next_seq(), &mut entries)
        .map_err(|error| corrupt(&format!("cannot be read: {error}")))?;
    if rest.is_empty() {
        Ok(entries)
    } else {
        Err(corrupt("goes on after its last entry"))
    }
}

/// Hands every entry of the journal from entry `from` on to `each`, in order; answers the number of the next entry.
///
/// # Errors
/// When the store cannot serve or the journal is damaged.
pub async fn read_journal(
    store: &dyn Store,
    from: u64,
    mut each: impl FnMut(Entry) + Send,
) -> Result<u64, StoreError> {
    let mut next = from;
    loop {
        let page = store.read(next, PAGE).await?;
        if page.is_empty() {
            return Ok(next);
        }
        for record in page {
            for entry in decode(&record)? {
                if entry.seq >= next {
                    each(entry);
                }
            }
            next = record.next_seq().max(next);
        }
    }
}

/// Tells a damaged record from a whole one; it is no proof against somebody who can write the file.
pub(super) fn check_sum(content: &[u8]) -> [u8; SUM_BYTES] {
    let digest: [u8; 32] = Sha256::digest(content).into();
    let mut sum = [0; SUM_BYTES];
    for (to, from) in sum.iter_mut().zip(digest) {
        *to = from;
    }
    sum
}

#[cfg(test)]
mod tests;
