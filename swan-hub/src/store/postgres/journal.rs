use tokio_postgres::Row;

use super::link::Link;
use super::node::{self, Node};
use super::rows::{as_i64, get};
use crate::store::{JournalRecord, StoreError};

const NEXT: &str = "SELECT coalesce((SELECT first_seq + count FROM journal WHERE node = $1 ORDER BY first_seq DESC LIMIT 1), 1)";
const AT: &str = "SELECT first_seq, count, body FROM journal WHERE first_seq = $1 AND node = $2";
/// One statement, so one transaction and one round trip. Of two that append the same entry at once, the second waits for
/// the first and then does nothing, which its answer shows.
const APPEND: &str = "INSERT INTO journal (first_seq, count, body)
    SELECT $1::bigint, $2::int, $3::bytea WHERE $2::int > 0 AND $1::bigint =
        coalesce((SELECT first_seq + count FROM journal WHERE node = '' ORDER BY first_seq DESC LIMIT 1), 1)
    ON CONFLICT (node, first_seq) DO NOTHING RETURNING true";
/// The same of a node, which must not have been fenced off: whoever takes its lease waits for this lock, or this for him.
const APPEND_OF_NODE: &str = "WITH ours AS (SELECT id FROM nodes WHERE id = $4 AND epoch = $5 FOR SHARE)
    INSERT INTO journal (node, first_seq, count, body)
    SELECT id, $1::bigint, $2::int, $3::bytea FROM ours WHERE $2::int > 0 AND $1::bigint =
        coalesce((SELECT first_seq + count FROM journal WHERE node = $4 ORDER BY first_seq DESC LIMIT 1), 1)
    ON CONFLICT (node, first_seq) DO NOTHING RETURNING true";
const PAGE: &str = "SELECT first_seq, count, body FROM journal
    WHERE node = $3 AND first_seq >= coalesce(
        (SELECT first_seq FROM journal WHERE node = $3 AND first_seq <= $1 AND first_seq + count > $1
         ORDER BY first_seq DESC LIMIT 1), $1)
    ORDER BY first_seq LIMIT $2";
const CHANGES: &str = "SELECT number FROM changes";

pub(super) async fn append(
    link: &Link,
    node: Option<&Node>,
    record: &JournalRecord,
) -> Result<(), StoreError> {
    let first = as_i64(record.first_seq);
    // A count that no column holds is refused as one that follows nothing.
    let count = i32::try_from(record.count).unwrap_or(0);
    let appended = match node {
        None => link.query(APPEND, &[&first, &count, &record.body]).await?,
        Some(node) => {
            let (name, epoch) = (&node.name, node.epoch());
            link.query(
                APPEND_OF_NODE,
                &[&first, &count, &record.body, name, &epoch],
            )
            .await?
        }
    };
    if appended.is_empty() {
        if let Some(node) = node
            && !node::is_ours(link, node).await?
        {
            return Err(node::fenced(node, "this database"));
        }
        return repeated(link, name(node), record).await;
    }
    Ok(())
}

/// A record that does not follow the last one is right only when exactly it is already there.
pub(super) async fn repeated(
    link: &Link,
    name: &str,
    record: &JournalRecord,
) -> Result<(), StoreError> {
    let stored = link.query(AT, &[&as_i64(record.first_seq), &name]).await?;
    let stored = stored.first().map(journal_record).transpose()?;
    if stored.as_ref() == Some(record) {
        return Ok(());
    }
    let next = link.query(NEXT, &[&name]).await?;
    Err(StoreError::Gap {
        expected: number(&next)?,
        found: record.first_seq,
    })
}

pub(super) fn name(node: Option<&Node>) -> &str {
    node.map_or("", |node| &node.name)
}

pub(super) async fn read(
    link: &Link,
    node: &str,
    seq: u64,
    limit: u32,
) -> Result<Vec<JournalRecord>, StoreError> {
    let rows = link
        .query(PAGE, &[&as_i64(seq), &i64::from(limit), &node])
        .await?;
    rows.iter().map(journal_record).collect()
}

/// How often keys, accounts, providers and commands have changed.
pub(super) async fn changes(link: &Link) -> Result<u64, StoreError> {
    number(&link.query(CHANGES, &[]).await?)
}

fn number(rows: &[Row]) -> Result<u64, StoreError> {
    let gone = || StoreError::corrupt("a table of one row has none");
    get::<i64>(rows.first().ok_or_else(gone)?, 0).map(i64::cast_unsigned)
}

fn journal_record(row: &Row) -> Result<JournalRecord, StoreError> {
    Ok(JournalRecord {
        first_seq: get::<i64>(row, 0)?.cast_unsigned(),
        count: get::<i32>(row, 1)?.cast_unsigned(),
        body: get(row, 2)?,
    })
}
