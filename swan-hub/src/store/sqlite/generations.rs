use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use swan_core::{AccountId, RequestId};

use super::directory::{blob, id};
use super::open::failed;
use crate::store::{GenerationChunk, StoreError};

const SIZE_OF: &str = "SELECT length(body) FROM generations WHERE id = ?1";
const PUT: &str = "INSERT INTO generations (id, body) VALUES (?1, ?2)
    ON CONFLICT (id) DO UPDATE SET body = ?2";
const PUT_INDEX: &str = "INSERT INTO generation_index (account, id) VALUES (?1, ?2)
    ON CONFLICT DO NOTHING";
const GROW: &str = "UPDATE generation_size SET bytes = bytes + ?1";
const SIZE: &str = "SELECT bytes FROM generation_size";
const PAGE: &str = "SELECT id, body FROM generations WHERE id >= ?1 AND id < ?2
    ORDER BY id DESC LIMIT ?3";
const OWN: &str = "SELECT g.id, g.body FROM generation_index i JOIN generations g ON g.id = i.id
    WHERE i.account = ?1 AND i.id >= ?2 AND i.id < ?3 ORDER BY i.id DESC LIMIT ?4";
/// What was written before version 5 is known by spans of time: seconds divided by this.
const SPAN_SECS: u64 = 64;
const SPANS: &str = "SELECT span FROM generation_accounts
    WHERE account = ?1 AND span >= ?2 AND span <= ?3 ORDER BY span DESC";
const OF_SPAN: &str = "SELECT g.id, g.body FROM generations g WHERE g.id >= ?1 AND g.id < ?2
    AND NOT EXISTS (SELECT 1 FROM generation_index i WHERE i.id = g.id) ORDER BY g.id DESC LIMIT ?3";
const OLDEST: &str = "SELECT id, length(body) FROM generations ORDER BY id LIMIT ?1";
const FORGET: &str = "DELETE FROM generations WHERE id <= ?1";
const FIRST: &str = "SELECT id FROM generations ORDER BY id LIMIT 1";
const FORGET_INDEX: &str = "DELETE FROM generation_index WHERE id <= ?1";
const FORGET_ACCOUNTS: &str = "DELETE FROM generation_accounts WHERE span < ?1";

/// Writes all chunks in one transaction.
pub(super) fn put(
    connection: &mut Connection,
    chunks: &[GenerationChunk],
) -> Result<(), StoreError> {
    let transaction = connection.transaction().map_err(failed)?;
    for chunk in chunks {
        put_one(&transaction, chunk).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

fn put_one(transaction: &Transaction<'_>, chunk: &GenerationChunk) -> rusqlite::Result<()> {
    let key = blob(chunk.first.as_u128());
    let before: Option<i64> = transaction
        .prepare_cached(SIZE_OF)?
        .query_row([&key], |row| row.get(0))
        .optional()?;
    let bytes = i64::try_from(chunk.body.len()).unwrap_or(i64::MAX);
    transaction
        .prepare_cached(PUT)?
        .execute((&key, &chunk.body))?;
    transaction
        .prepare_cached(GROW)?
        .execute([bytes.saturating_sub(before.unwrap_or(0))])?;
    let mut put = transaction.prepare_cached(PUT_INDEX)?;
    for account in &chunk.accounts {
        put.execute((blob(account.as_u128()), &key))?;
    }
    Ok(())
}

/// The chunks that begin in this range, the youngest first; without their accounts, which are only written.
pub(super) fn page(
    connection: &Connection,
    from: RequestId,
    to: RequestId,
    limit: u32,
) -> Result<Vec<GenerationChunk>, StoreError> {
    let mut query = connection.prepare_cached(PAGE).map_err(failed)?;
    let bounds = (blob(from.as_u128()), blob(to.as_u128()), limit);
    let rows = query.query_map(bounds, chunk);
    rows.map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)
}

fn chunk(row: &Row<'_>) -> rusqlite::Result<GenerationChunk> {
    Ok(GenerationChunk {
        first: RequestId::from_u128(id(row, 0)?),
        accounts: Vec::new(),
        body: row.get(1)?,
    })
}

/// The chunks of an account that begin in this range, the youngest first.
pub(super) fn of(
    connection: &Connection,
    account: AccountId,
    range: (RequestId, RequestId),
    limit: u32,
) -> Result<Vec<GenerationChunk>, StoreError> {
    let own = || -> rusqlite::Result<Vec<GenerationChunk>> {
        let (from, to) = (blob(range.0.as_u128()), blob(range.1.as_u128()));
        let mut query = connection.prepare_cached(OWN)?;
        let bounds = (blob(account.as_u128()), from, to, limit);
        let mut chunks: Vec<_> = query
            .query_map(bounds, chunk)?
            .collect::<rusqlite::Result<_>>()?;
        let earlier = unindexed(connection, account, range, limit)?;
        if !earlier.is_empty() {
            chunks.extend(earlier);
            chunks.sort_by_key(|chunk| std::cmp::Reverse(chunk.first));
            chunks.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(chunks)
    };
    own().map_err(failed)
}

/// The same of what was written before version 5. Nothing of it is left once it is as old as records get.
fn unindexed(
    connection: &Connection,
    account: AccountId,
    (from, to): (RequestId, RequestId),
    limit: u32,
) -> rusqlite::Result<Vec<GenerationChunk>> {
    let mut spans = connection.prepare_cached(SPANS)?;
    let bounds = (
        blob(account.as_u128()),
        as_i64(span_of(from)),
        as_i64(span_of(to)),
    );
    let mut rows = spans.query(bounds)?;
    let mut chunks = Vec::new();
    let mut left = limit;
    while let Some(row) = rows.next()?
        && left > 0
    {
        let span = row.get::<_, i64>(0)?.cast_unsigned();
        let first = first_of(span).max(from);
        let end = first_of(span.saturating_add(1)).min(to);
        let mut query = connection.prepare_cached(OF_SPAN)?;
        let bounds = (blob(first.as_u128()), blob(end.as_u128()), left);
        for found in query.query_map(bounds, chunk)? {
            chunks.push(found?);
            left = left.saturating_sub(1);
        }
    }
    Ok(chunks)
}

/// The span of time in which a request began.
fn span_of(request: RequestId) -> u64 {
    let millis = u64::try_from(request.as_u128() >> 80).unwrap_or(u64::MAX);
    millis / 1_000 / SPAN_SECS
}

/// The first id that a request of this span can have.
const fn first_of(span: u64) -> RequestId {
    let millis = span.saturating_mul(1_000 * SPAN_SECS) as u128;
    RequestId::from_u128(millis << 80)
}

/// Forgets the oldest of `limit` chunks that are older than `before` or too much; answers whether there may be more.
pub(super) fn trim(
    connection: &mut Connection,
    before: RequestId,
    bytes: u64,
    limit: u32,
) -> Result<bool, StoreError> {
    let transaction = connection.transaction().map_err(failed)?;
    let more = trim_within(&transaction, before, as_i64(bytes), limit).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(more)
}

fn trim_within(
    transaction: &Transaction<'_>,
    before: RequestId,
    bytes: i64,
    limit: u32,
) -> rusqlite::Result<bool> {
    let mut size: i64 = transaction
        .prepare_cached(SIZE)?
        .query_row([], |row| row.get(0))?;
    let (mut gone, mut freed, mut last) = (0, 0, None);
    {
        let mut oldest = transaction.prepare_cached(OLDEST)?;
        let mut rows = oldest.query([limit])?;
        while let Some(row) = rows.next()? {
            let first = id(row, 0)?;
            if first >= before.as_u128() && size <= bytes {
                break;
            }
            let length: i64 = row.get(1)?;
            size = size.saturating_sub(length);
            freed += length;
            gone += 1;
            last = Some(first);
        }
    }
    let Some(last) = last else { return Ok(false) };
    transaction.prepare_cached(FORGET)?.execute([blob(last)])?;
    transaction
        .prepare_cached(FORGET_INDEX)?
        .execute([blob(last)])?;
    transaction.prepare_cached(GROW)?.execute([-freed])?;
    let first = transaction
        .prepare_cached(FIRST)?
        .query_row([], |row| id(row, 0))
        .optional()?;
    let kept = first.map_or(before, RequestId::from_u128);
    transaction
        .prepare_cached(FORGET_ACCOUNTS)?
        .execute([as_i64(span_of(kept))])?;
    Ok(gone == limit)
}

/// Spans and sizes stay far below 2^63.
fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
