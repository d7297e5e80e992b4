//! A snapshot's bytes: a version, a check sum, then what this version holds (`docs/LEDGER.md`).

use serde::{Deserialize, Serialize};
use swan_core::ledger::{AccountKey, Ledger, Snapshot};
use swan_core::{AccountId, Amount, KeyId};

use crate::admission::Spent;
use crate::ledger::SpendingLog;
use crate::ledger::codec::{Behind, SUM_BYTES, check_sum};
use crate::store::{SnapshotRecord, StoreError};

/// What is written and read; of another version the journal is read instead.
const VERSION: u8 = 1;
/// So that no part is in the way of a charge for longer than a few milliseconds.
const PART_BYTES: usize = 512 * 1024;

/// The state of the books after an entry. The order of the fields is the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Picture {
    seq: u64,
    ledger: Snapshot,
    keys: Vec<(KeyId, Spent)>,
    accounts: Vec<(AccountId, Spent)>,
}

impl Picture {
    pub(crate) fn new(seq: u64, ledger: Snapshot, spending: &SpendingLog) -> Self {
        Self {
            seq,
            ledger,
            keys: sorted(&spending.keys),
            accounts: sorted(&spending.accounts),
        }
    }

    /// The posted balance of an account.
    pub(crate) fn posted(&self, account: AccountKey) -> Amount {
        self.ledger.balance(&account).posted()
    }

    /// The ledger, and what was spent.
    pub(in crate::ledger) fn restore(self) -> Result<(Ledger, SpendingLog), StoreError> {
        let seq = self.seq;
        let unsound = |what: &dyn std::fmt::Display| wrong(seq, &what.to_string());
        if self.ledger.window() != Ledger::WINDOW {
            return Err(unsound(&"remembers another number of transfers"));
        }
        let ledger = Ledger::restore(self.ledger).map_err(|error| unsound(&error))?;
        let spending = SpendingLog {
            keys: self.keys.into_iter().collect(),
            accounts: self.accounts.into_iter().collect(),
        };
        Ok((ledger, spending))
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![VERSION];
        bytes.extend([0; SUM_BYTES]);
        postcard::serialize_with_flavor(self, Behind(&mut bytes))
            .map_err(|error| wrong(self.seq, &format!("cannot be written: {error}")))?;
        let (head, content) = bytes.split_at_mut(1 + SUM_BYTES);
        if let Some(place) = head.get_mut(1..) {
            place.copy_from_slice(&check_sum(content));
        }
        Ok(bytes)
    }

    /// What the parts of the snapshot of entry `seq` say, put together.
    pub(super) fn decode(seq: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let (version, rest) = bytes.split_first().ok_or_else(|| wrong(seq, "is empty"))?;
        if *version != VERSION {
            let what = format!("has format {version}, this program knows {VERSION}");
            return Err(wrong(seq, &what));
        }
        let (sum, content) = rest
            .split_at_checked(SUM_BYTES)
            .ok_or_else(|| wrong(seq, "is cut off"))?;
        if sum != check_sum(content) {
            return Err(wrong(seq, "does not match its check sum"));
        }
        let (picture, rest) = postcard::take_from_bytes::<Self>(content)
            .map_err(|error| wrong(seq, &format!("cannot be read: {error}")))?;
        if picture.seq != seq || !rest.is_empty() {
            return Err(wrong(seq, "is of another entry"));
        }
        Ok(picture)
    }
}

/// The bytes as a store takes them, each part made when it is its turn.
pub(super) fn parts(
    seq: u64,
    bytes: &[u8],
) -> Result<impl Iterator<Item = SnapshotRecord>, StoreError> {
    let chunks = bytes.chunks(PART_BYTES);
    let parts = u32::try_from(chunks.len()).map_err(|_| wrong(seq, "is too long"))?;
    let part = move |(part, body): (u32, &[u8])| SnapshotRecord {
        seq,
        part,
        parts,
        body: body.to_vec(),
    };
    Ok((0..).zip(chunks).map(part))
}

fn wrong(seq: u64, what: &str) -> StoreError {
    StoreError::corrupt(format!("the snapshot of entry {seq} {what}"))
}

fn sorted<K: Copy + Ord>(spent: &std::collections::HashMap<K, Spent>) -> Vec<(K, Spent)> {
    let mut spent: Vec<_> = spent.iter().map(|(id, spent)| (*id, *spent)).collect();
    spent.sort_unstable_by_key(|(id, _)| *id);
    spent
}
