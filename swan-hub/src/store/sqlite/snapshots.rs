use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::journal::as_i64;
use super::open::failed;
use crate::store::{SnapshotRecord, StoreError};

const PUT: &str = "INSERT INTO snapshots (seq, part, parts, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (seq, part) DO UPDATE SET parts = ?3, body = ?4";
const FORGET: &str = "DELETE FROM snapshots WHERE seq < ?1";
const NEWEST: &str = "SELECT seq, part, parts, body FROM snapshots
    WHERE part = ?2 AND seq <= ?1 ORDER BY seq DESC LIMIT 1";

/// Writes a part and forgets what is older than `keep_from`, in one transaction.
pub(super) fn put(
    connection: &mut Connection,
    record: &SnapshotRecord,
    keep_from: u64,
) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let row = (as_i64(record.seq), record.part, record.parts, &record.body);
    transaction
        .prepare_cached(PUT)
        .and_then(|mut put| put.execute(row))
        .map_err(failed)?;
    transaction
        .prepare_cached(FORGET)
        .and_then(|mut forget| forget.execute([as_i64(keep_from)]))
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

pub(super) fn newest(
    connection: &Connection,
    upto: u64,
    part: u32,
) -> Result<Option<SnapshotRecord>, StoreError> {
    let mut query = connection.prepare_cached(NEWEST).map_err(failed)?;
    let found = query.query_row((as_i64(upto), part), |row| {
        Ok(SnapshotRecord {
            seq: row.get::<_, i64>(0)?.cast_unsigned(),
            part: row.get(1)?,
            parts: row.get(2)?,
            body: row.get(3)?,
        })
    });
    found.optional().map_err(failed)
}
