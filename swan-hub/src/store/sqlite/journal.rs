use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row};

use super::open::failed;
use crate::store::{JournalRecord, StoreError};

const NEXT: &str =
    "SELECT coalesce((SELECT first_seq + count FROM journal ORDER BY first_seq DESC LIMIT 1), 1)";
const AT: &str = "SELECT first_seq, count, body FROM journal WHERE first_seq = ?1";
/// A record that does not follow the last one has no entries here, which the table refuses. A `SELECT` with a condition would
/// say it more plainly, and be gathered in a temporary table each time, since it reads what it writes to.
const APPEND: &str = "INSERT INTO journal (first_seq, count, body) VALUES (?1,
    iif(?1 = coalesce((SELECT first_seq + count FROM journal ORDER BY first_seq DESC LIMIT 1), 1), ?2, 0), ?3)";
const PAGE: &str = "SELECT first_seq, count, body FROM journal
    WHERE first_seq >= coalesce(
        (SELECT first_seq FROM journal WHERE first_seq <= ?1 AND first_seq + count > ?1
         ORDER BY first_seq DESC LIMIT 1), ?1)
    ORDER BY first_seq LIMIT ?2";

/// Appends one record. The one statement is its own transaction, and cheaper than a transaction of three.
pub(super) fn append(connection: &Connection, record: &JournalRecord) -> Result<(), StoreError> {
    let appended = connection.prepare_cached(APPEND).and_then(|mut append| {
        append.execute((as_i64(record.first_seq), record.count, &record.body))
    });
    match appended {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            repeated(connection, record)
        }
        Err(error) => Err(failed(error)),
    }
}

/// A record that does not follow the last one is right only when exactly it is already there.
fn repeated(connection: &Connection, record: &JournalRecord) -> Result<(), StoreError> {
    let stored = connection
        .prepare_cached(AT)
        .and_then(|mut query| query.query_row([as_i64(record.first_seq)], row).optional())
        .map_err(failed)?;
    if stored.as_ref() == Some(record) {
        return Ok(());
    }
    let next: i64 = connection
        .prepare_cached(NEXT)
        .and_then(|mut query| query.query_row([], |row| row.get(0)))
        .map_err(failed)?;
    Err(StoreError::Gap {
        expected: next.cast_unsigned(),
        found: record.first_seq,
    })
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
pub(super) fn as_i64(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
