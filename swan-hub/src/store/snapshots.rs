use std::fmt;

/// A part of a snapshot of the ledger, encoded. A store keeps the bytes as they are.
///
/// Snapshots come in parts so that none of them is in the way of a charge for long. Parts are written in order, so a
/// snapshot is whole when its last part is there.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct SnapshotRecord {
    /// The last entry of the journal that the snapshot knows, which names it.
    pub seq: u64,
    /// Which part this is, from 0.
    pub part: u32,
    /// How many parts there are, at least one.
    pub parts: u32,
    /// The part's bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for SnapshotRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotRecord")
            .field("seq", &self.seq)
            .field("part", &self.part)
            .field("parts", &self.parts)
            .field("bytes", &self.body.len())
            .finish()
    }
}
