use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior};

use super::open::failed;
use crate::store::{JournalRecord, StoreError};

const LAST: &str = "SELECT first_seq + count FROM journal ORDER BY first_seq DESC LIMIT 1";
const AT: &str = "SELECT first_seq, count, body FROM journal WHERE first_seq = ?1";
const INSERT: &str = "INSERT INTO journal (first_seq, count, body) VALUES (?1, ?2, ?3)";
const PAGE: &str = "SELECT first_seq, count, body FROM journal
    WHERE first_seq >= coalesce(
        (SELECT first_seq FROM journal WHERE first_seq <= ?1 AND first_seq + count > ?1
         ORDER BY first_seq DESC LIMIT 1), ?1)
    ORDER BY first_seq LIMIT ?2";

/// Appends one record in one transaction.
pub(super) fn append(
    connection: &mut Connection,
    record: &JournalRecord,
) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let last: Option<i64> = transaction
        .prepare_cached(LAST)
        .and_then(|mut query| query.query_row([], |row| row.get(0)).optional())
        .map_err(failed)?;
    let expected = last.unwrap_or(1).cast_unsigned();
    if record.first_seq != expected || record.count == 0 {
        let stored = transaction
            .prepare_cached(AT)
            .and_then(|mut query| query.query_row([as_i64(record.first_seq)], row).optional())
            .map_err(failed)?;
        return if stored.as_ref() == Some(record) {
            Ok(())
        } else {
            Err(StoreError::Gap {
                expected,
                found: record.first_seq,
            })
        };
    }
    transaction
        .prepare_cached(INSERT)
        .and_then(|mut insert| {
            insert.execute((as_i64(record.first_seq), record.count, &record.body))
        })
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

pub(super) fn read(
    connection: &Connection,
    seq: u64,
    limit: u32,
) -> Result<Vec<JournalRecord>, StoreError> {
    let mut query = connection.prepare_cached(PAGE).map_err(failed)?;
    let rows = query.query_map((as_i64(seq), limit), row).map_err(failed)?;
    rows.collect::<Result<_, _>>().map_err(failed)
}

/// Changes when another connection has written to the file; a look at shared memory, no query.
pub(super) fn data_version(connection: &Connection) -> Result<u64, StoreError> {
    connection
        .pragma_query_value(None, "data_version", |row| row.get::<_, u32>(0))
        .map(u64::from)
        .map_err(failed)
}

fn row(row: &Row<'_>) -> rusqlite::Result<JournalRecord> {
    Ok(JournalRecord {
        first_seq: row.get::<_, i64>(0)?.cast_unsigned(),
        count: row.get(1)?,
        body: row.get(2)?,
    })
}

/// Entry numbers count from 1 and stay far below 2^63.
fn as_i64(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
