use super::Picture;
use crate::store::{SnapshotRecord, Store, StoreError};

/// A snapshot with all its parts, as a store has it.
#[derive(Debug)]
pub(crate) struct Found {
    /// The last entry that it knows.
    pub(crate) seq: u64,
    /// What it says, or what is wrong with it.
    pub(crate) picture: Result<Picture, StoreError>,
}

impl Found {
    /// Where to look for the next older one.
    pub(crate) const fn before(&self) -> u64 {
        self.seq.saturating_sub(1)
    }
}

/// The newest snapshot of entry `upto` or an earlier one. One whose last part was never written does not count.
pub(crate) async fn newest(store: &dyn Store, upto: u64) -> Result<Option<Found>, StoreError> {
    let mut upto = upto;
    while let Some(first) = store.snapshot(upto, 0).await? {
        let seq = first.seq;
        if let Some(bytes) = put_together(store, first).await? {
            let picture = Picture::decode(seq, &bytes);
            return Ok(Some(Found { seq, picture }));
        }
        let Some(before) = seq.checked_sub(1) else {
            break;
        };
        upto = before;
    }
    Ok(None)
}

async fn put_together(
    store: &dyn Store,
    first: SnapshotRecord,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut bytes = first.body;
    for number in 1..first.parts {
        let part = store.snapshot(first.seq, number).await?;
        let own = part.filter(|part| (part.seq, part.parts) == (first.seq, first.parts));
        let Some(part) = own else {
            return Ok(None);
        };
        bytes.extend(part.body);
    }
    Ok(Some(bytes))
}
