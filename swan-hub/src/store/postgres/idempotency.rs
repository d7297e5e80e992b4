use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Row;

use super::link::Link;
use super::rows::{bytes, get, millis, time};
use crate::store::{IdempotencyRecord, StoreError};

/// Of several hubs the first one has a key, until it is forgotten or has expired.
const CHANGE: &str = "WITH put AS (INSERT INTO idempotency (key, expires_ms, body, node)
        SELECT *, $5::text FROM unnest($1::bytea[], $2::bigint[], $3::bytea[])
        ON CONFLICT (key) DO UPDATE SET expires_ms = excluded.expires_ms, body = excluded.body, node = excluded.node
            WHERE idempotency.node = excluded.node OR idempotency.expires_ms < extract(epoch FROM clock_timestamp()) * 1000)
    DELETE FROM idempotency WHERE key = ANY ($4::bytea[]) AND node = $5";
const ALL: &str =
    "SELECT key, expires_ms, body FROM idempotency WHERE node = $1 ORDER BY expires_ms, key";
const ELSEWHERE: &str =
    "SELECT key, expires_ms, body FROM idempotency WHERE key = $1 AND node <> $2";

/// Writes and forgets in one statement, as if in this order.
pub(super) async fn change(
    link: &Link,
    node: &str,
    put: &[IdempotencyRecord],
    forget: &[[u8; 32]],
) -> Result<(), StoreError> {
    // One statement must not name a row twice: the last word counts, and what is put and forgotten is forgotten.
    let forgotten: BTreeSet<_> = forget.iter().collect();
    let once: BTreeMap<_, _> = put
        .iter()
        .filter(|record| !forgotten.contains(&record.key))
        .map(|record| (record.key, record))
        .collect();
    let keys: Vec<&[u8]> = once.keys().map(|key| &key[..]).collect();
    let expires: Vec<i64> = once.values().map(|record| millis(record.expires)).collect();
    let bodies: Vec<&[u8]> = once.values().map(|record| &record.body[..]).collect();
    let forget: Vec<&[u8]> = forgotten.iter().map(|key| &key[..]).collect();
    let changed = link
        .query(CHANGE, &[&keys, &expires, &bodies, &forget, &node])
        .await;
    changed.map(drop)
}

pub(super) async fn all(link: &Link, node: &str) -> Result<Vec<IdempotencyRecord>, StoreError> {
    let rows = link.query(ALL, &[&node]).await?;
    rows.iter().map(record).collect()
}

pub(super) async fn elsewhere(
    link: &Link,
    node: &str,
    key: &[u8; 32],
) -> Result<Option<IdempotencyRecord>, StoreError> {
    let rows = link.query(ELSEWHERE, &[&&key[..], &node]).await?;
    rows.first().map(record).transpose()
}

fn record(row: &Row) -> Result<IdempotencyRecord, StoreError> {
    Ok(IdempotencyRecord {
        key: bytes(row, 0)?,
        expires: time(row, 1)?,
        body: get(row, 2)?,
    })
}
