//! The journal's bytes: a version, a check sum, then the entries one after the other (`docs/LEDGER.md`).

use sha2::{Digest as _, Sha256};
use swan_core::Timestamp;
use swan_core::ledger::{Entry, Group};

use crate::store::{JournalRecord, Store, StoreError};

const VERSION: u8 = 1;
const SUM_BYTES: usize = 8;
/// Records read at a time, so that a long journal never stands in memory whole.
const PAGE: u32 = 256;

/// One record of consecutive entries, of which there is at least one.
pub(super) fn encode(entries: &[Entry]) -> Result<JournalRecord, StoreError> {
    let broken =
        |what: &str| StoreError::corrupt(format!("a journal record cannot be written: {what}"));
    let first = entries.first().ok_or_else(|| broken("no entries"))?;
    let count = u32::try_from(entries.len()).map_err(|_| broken("too many entries"))?;
    let mut body = Vec::with_capacity(64 + entries.len() * 160);
    body.push(VERSION);
    body.extend([0; SUM_BYTES]);
    for entry in entries {
        body = postcard::to_extend(&(entry.at, &entry.group), body)
            .map_err(|error| broken(&error.to_string()))?;
    }
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

/// The entries of a journal record.
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
    if *version != VERSION {
        return Err(corrupt(&format!(
            "has format {version}, this program knows {VERSION}"
        )));
    }
    let (sum, mut content) = rest
        .split_at_checked(SUM_BYTES)
        .ok_or_else(|| corrupt("is cut off"))?;
    if sum != check_sum(content) {
        return Err(corrupt("does not match its check sum"));
    }
    let mut entries = Vec::new();
    for seq in record.first_seq..record.next_seq() {
        let ((at, group), rest) = postcard::take_from_bytes::<(Timestamp, Group)>(content)
            .map_err(|error| corrupt(&format!("cannot be read: {error}")))?;
        entries.push(Entry { seq, at, group });
        content = rest;
    }
    if content.is_empty() {
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
fn check_sum(content: &[u8]) -> [u8; SUM_BYTES] {
    let digest: [u8; 32] = Sha256::digest(content).into();
    let mut sum = [0; SUM_BYTES];
    for (to, from) in sum.iter_mut().zip(digest) {
        *to = from;
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use swan_core::ledger::{JournalAudit, entries};
    use swan_core::{AccountId, Currency, RequestId, TransferId};

    use super::*;

    fn whole() -> JournalRecord {
        let (account, currency) = (AccountId::from_u128(1), Currency::Usd);
        let terms = entries::HoldTerms {
            request: RequestId::from_u128(2),
            account,
            currency,
            amount: "1".parse().unwrap(),
            expires: Timestamp::from_millis(99),
            policy: None,
        };
        let id = TransferId::from_u128(3);
        let groups = [
            entries::grant(id, account, currency, "5".parse().unwrap(), "test"),
            entries::hold(&terms),
            entries::release(&terms, "test".into()),
        ];
        let at = Timestamp::from_millis(7);
        let entries = groups
            .into_iter()
            .zip(1..)
            .map(|(group, seq)| Entry { seq, at, group });
        encode(&entries.collect::<Vec<_>>()).unwrap()
    }

    /// The record with a check sum that fits its content again.
    fn resealed(mut record: JournalRecord) -> JournalRecord {
        let (head, content) = record.body.split_at_mut(1 + SUM_BYTES);
        head[1..].copy_from_slice(&check_sum(content));
        record
    }

    proptest! {
        /// A file may hold anything, under a check sum that fits: it is read or refused, and never more than that.
        #[test]
        fn changed_content_is_read_or_refused(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut record = whole();
            for (place, byte) in changes {
                let content = &mut record.body[1 + SUM_BYTES..];
                *place.get_mut(content) = byte;
            }
            if let Ok(entries) = decode(&resealed(record)) {
                let mut audit = JournalAudit::new();
                entries.iter().for_each(|entry| audit.observe(entry));
                prop_assert_eq!(audit.finish().entries, 3);
            }
        }

        #[test]
        fn any_content_is_read_or_refused(content in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut record = whole();
            record.body.truncate(1 + SUM_BYTES);
            record.body.extend(content);
            let _ = decode(&resealed(record));
        }

        #[test]
        fn bytes_without_a_check_sum_are_refused(
            body in prop::collection::vec(any::<u8>(), 0..64), first_seq: u64, count: u32,
        ) {
            let record = JournalRecord { first_seq, count, body };
            prop_assert!(decode(&record).is_err());
        }
    }
}
