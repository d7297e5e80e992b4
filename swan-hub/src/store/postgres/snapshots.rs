use tokio_postgres::Row;

use super::link::{Link, Params};
use super::rows::{as_i64, get};
use crate::store::{SnapshotRecord, StoreError};

/// The parts of the statement leave each other's rows alone: what is written is never what is forgotten.
const PUT: &str = "WITH forgotten AS (DELETE FROM snapshots WHERE node = $6 AND seq < $5)
    INSERT INTO snapshots (seq, part, parts, body, node)
    SELECT $1::bigint, $2::bigint, $3::bigint, $4::bytea, $6::text WHERE $1::bigint >= $5::bigint
    ON CONFLICT (node, seq, part) DO UPDATE SET parts = $3, body = $4";
const NEWEST: &str = "SELECT seq, part, parts, body FROM snapshots
    WHERE node = $3 AND part = $2 AND seq <= $1 ORDER BY seq DESC LIMIT 1";

/// Writes a part and forgets what is older than `keep_from`.
pub(super) async fn put(
    link: &Link,
    node: &str,
    record: &SnapshotRecord,
    keep_from: u64,
) -> Result<(), StoreError> {
    let (seq, keep_from) = (as_i64(record.seq), as_i64(keep_from));
    let (part, parts) = (i64::from(record.part), i64::from(record.parts));
    let params: Params<'_> = &[&seq, &part, &parts, &record.body, &keep_from, &node];
    link.query(PUT, params).await.map(drop)
}

pub(super) async fn newest(
    link: &Link,
    node: &str,
    upto: u64,
    part: u32,
) -> Result<Option<SnapshotRecord>, StoreError> {
    let rows = link
        .query(NEWEST, &[&as_i64(upto), &i64::from(part), &node])
        .await?;
    rows.first().map(snapshot).transpose()
}

fn snapshot(row: &Row) -> Result<SnapshotRecord, StoreError> {
    let number = |column: usize| -> Result<u32, StoreError> {
        let too_large = |_| StoreError::corrupt("a snapshot has more parts than there can be");
        u32::try_from(get::<i64>(row, column)?).map_err(too_large)
    };
    Ok(SnapshotRecord {
        seq: get::<i64>(row, 0)?.cast_unsigned(),
        part: number(1)?,
        parts: number(2)?,
        body: get(row, 3)?,
    })
}
