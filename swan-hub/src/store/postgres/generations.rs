use std::collections::BTreeMap;

use swan_core::{AccountId, RequestId};
use tokio_postgres::Row;

use super::link::{Link, Params};
use super::rows::{as_i64, blob, get, id};
use crate::store::{GenerationChunk, StoreError};

/// All parts of a statement see the table as it was before, so what is replaced is known by its length then.
const PUT: &str = "WITH new AS (SELECT * FROM unnest($1::bytea[], $2::bytea[]) AS new (id, body)),
    put AS (INSERT INTO generations SELECT id, body FROM new ON CONFLICT (id) DO UPDATE SET body = excluded.body),
    listed AS (INSERT INTO generation_index SELECT * FROM unnest($3::bytea[], $4::bytea[]) ON CONFLICT DO NOTHING)
    UPDATE generation_size SET bytes = bytes + (SELECT coalesce(sum(length(body)), 0) FROM new)
        - (SELECT coalesce(sum(length(old.body)), 0) FROM generations old JOIN new USING (id))";
const PAGE: &str =
    "SELECT id, body FROM generations WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const OWN: &str = "SELECT g.id, g.body FROM generation_index i JOIN generations g ON g.id = i.id
    WHERE i.account = $1 AND i.id >= $2 AND i.id < $3 ORDER BY i.id DESC LIMIT $4";
/// The oldest ones are gone through in order, as long as each is too old or what is left would still be too much.
const TRIM: &str =
    "WITH oldest AS (SELECT id, length(body) AS own, sum(length(body)) OVER (ORDER BY id) AS upto
        FROM (SELECT id, body FROM generations ORDER BY id LIMIT $3) AS first_ones),
    gone AS (SELECT oldest.id, own FROM oldest, generation_size
        WHERE oldest.id < $1 OR generation_size.bytes - (upto - own) > $2),
    forgotten AS (DELETE FROM generations WHERE id IN (SELECT id FROM gone)),
    unlisted AS (DELETE FROM generation_index WHERE id IN (SELECT id FROM gone)),
    shrunk AS (UPDATE generation_size SET bytes = bytes - (SELECT coalesce(sum(own), 0) FROM gone))
    SELECT count(*) FROM gone";

pub(super) async fn put(link: &Link, chunks: &[GenerationChunk]) -> Result<(), StoreError> {
    // One statement must not name a row twice; the last one counts.
    let once: BTreeMap<[u8; 16], &GenerationChunk> = chunks
        .iter()
        .map(|chunk| (blob(chunk.first.as_u128()), chunk))
        .collect();
    let ids: Vec<&[u8]> = once.keys().map(|id| &id[..]).collect();
    let bodies: Vec<&[u8]> = once.values().map(|chunk| &chunk.body[..]).collect();
    let listed = chunks.iter().flat_map(|chunk| {
        let of = |account: &AccountId| (blob(account.as_u128()), blob(chunk.first.as_u128()));
        chunk.accounts.iter().map(of)
    });
    let listed: Vec<_> = listed.collect();
    let accounts: Vec<&[u8]> = listed.iter().map(|(account, _)| &account[..]).collect();
    let firsts: Vec<&[u8]> = listed.iter().map(|(_, first)| &first[..]).collect();
    let put = link.query(PUT, &[&ids, &bodies, &accounts, &firsts]).await;
    put.map(drop)
}

/// The chunks that begin in this range, the youngest first; without their accounts, which are only written.
pub(super) async fn page(
    link: &Link,
    from: RequestId,
    to: RequestId,
    limit: u32,
) -> Result<Vec<GenerationChunk>, StoreError> {
    let (from, to) = (blob(from.as_u128()), blob(to.as_u128()));
    let rows = link
        .query(PAGE, &[&&from[..], &&to[..], &i64::from(limit)])
        .await;
    rows?.iter().map(chunk).collect()
}

/// The chunks of an account that begin in this range, the youngest first.
pub(super) async fn of(
    link: &Link,
    account: AccountId,
    (from, to): (RequestId, RequestId),
    limit: u32,
) -> Result<Vec<GenerationChunk>, StoreError> {
    let account = blob(account.as_u128());
    let (from, to) = (blob(from.as_u128()), blob(to.as_u128()));
    let params: Params<'_> = &[&&account[..], &&from[..], &&to[..], &i64::from(limit)];
    link.query(OWN, params).await?.iter().map(chunk).collect()
}

fn chunk(row: &Row) -> Result<GenerationChunk, StoreError> {
    Ok(GenerationChunk {
        first: RequestId::from_u128(id(row, 0)?),
        accounts: Vec::new(),
        body: get(row, 1)?,
    })
}

/// Forgets the oldest of `limit` chunks that are older than `before` or too much; answers whether there may be more.
pub(super) async fn trim(
    link: &Link,
    before: RequestId,
    bytes: u64,
    limit: u32,
) -> Result<bool, StoreError> {
    let before = blob(before.as_u128());
    let bytes = as_i64(bytes);
    let trimmed = link
        .query(TRIM, &[&&before[..], &bytes, &i64::from(limit)])
        .await;
    let gone: i64 = match trimmed?.first() {
        Some(row) => get(row, 0)?,
        None => 0,
    };
    Ok(gone > 0 && gone == i64::from(limit))
}
