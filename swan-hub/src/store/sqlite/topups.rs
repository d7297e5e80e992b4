use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use swan_core::{AccountId, Timestamp, TopupId};

use super::SqliteStore;
use super::directory::{blob, id, millis, time};
use super::open::failed;
use crate::store::topups::changed;
use crate::store::{StoreError, TopupRecord, Topups};

const PUT: &str = "INSERT INTO topups (id, revision, account, created_ms, due_ms, body)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?2 = 1 OR EXISTS (SELECT 1 FROM topups WHERE id = ?1)
    ON CONFLICT (id) DO UPDATE SET revision = ?2, account = ?3, created_ms = ?4, due_ms = ?5, body = ?6
    WHERE revision = ?2 - 1";
const ONE: &str =
    "SELECT id, revision, account, created_ms, due_ms, body FROM topups WHERE id = ?1";
const OWN: &str = "SELECT id, revision, account, created_ms, due_ms, body FROM topups
    WHERE account = ?1 AND (created_ms, id) < (?2, ?3) ORDER BY created_ms DESC, id DESC LIMIT ?4";
const ALL: &str = "SELECT id, revision, account, created_ms, due_ms, body FROM topups
    WHERE (created_ms, id) < (?1, ?2) ORDER BY created_ms DESC, id DESC LIMIT ?3";
const DUE: &str = "SELECT id, revision, account, created_ms, due_ms, body FROM topups
    WHERE due_ms <= ?1 ORDER BY due_ms, id LIMIT ?2";

#[async_trait]
impl Topups for SqliteStore {
    async fn put_topup(&self, record: &TopupRecord) -> Result<(), StoreError> {
        let record = record.clone();
        self.writer
            .run(move |connection| put(connection, &record))
            .await
    }

    async fn topup(&self, id: TopupId) -> Result<Option<TopupRecord>, StoreError> {
        self.reader
            .run(move |connection| one(connection, id).map_err(failed))
            .await
    }

    async fn page(
        &self,
        account: Option<AccountId>,
        before: Option<(Timestamp, TopupId)>,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        let before = before.map_or((i64::MAX, blob(u128::MAX)), |(at, id)| {
            (millis(at), blob(id.as_u128()))
        });
        self.reader
            .run(move |connection| match account {
                Some(account) => {
                    let account = blob(account.as_u128());
                    list(connection, OWN, (account, before.0, before.1, limit))
                }
                None => list(connection, ALL, (before.0, before.1, limit)),
            })
            .await
    }

    async fn due_topups(
        &self,
        upto: Timestamp,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        self.reader
            .run(move |connection| list(connection, DUE, (millis(upto), limit)))
            .await
    }
}

fn put(connection: &Connection, record: &TopupRecord) -> Result<(), StoreError> {
    let row = (
        blob(record.id.as_u128()),
        i64::try_from(record.revision).unwrap_or(i64::MAX),
        blob(record.account.as_u128()),
        millis(record.created),
        record.due.map(millis),
        &record.body,
    );
    let written = connection
        .prepare_cached(PUT)
        .and_then(|mut put| put.execute(row))
        .map_err(failed)?;
    let is_there =
        written > 0 || one(connection, record.id).map_err(failed)?.as_ref() == Some(record);
    if is_there {
        Ok(())
    } else {
        Err(changed(record))
    }
}

fn one(connection: &Connection, id: TopupId) -> rusqlite::Result<Option<TopupRecord>> {
    let mut query = connection.prepare_cached(ONE)?;
    query.query_row([blob(id.as_u128())], topup).optional()
}

fn list(
    connection: &Connection,
    query: &str,
    bounds: impl Params,
) -> Result<Vec<TopupRecord>, StoreError> {
    let mut query = connection.prepare_cached(query).map_err(failed)?;
    let rows = query.query_map(bounds, topup).map_err(failed)?;
    rows.collect::<Result<_, _>>().map_err(failed)
}

fn topup(row: &Row<'_>) -> rusqlite::Result<TopupRecord> {
    Ok(TopupRecord {
        id: TopupId::from_u128(id(row, 0)?),
        revision: row.get::<_, i64>(1)?.unsigned_abs(),
        account: AccountId::from_u128(id(row, 2)?),
        created: time(row.get(3)?),
        due: row.get::<_, Option<i64>>(4)?.map(time),
        body: row.get(5)?,
    })
}
