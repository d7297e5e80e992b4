use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use swan_core::{AccountId, DepositId, Timestamp};

use super::SqliteStore;
use super::directory::{blob, id, millis, optional_id, time};
use super::open::failed;
use crate::store::deposits::{chain_changed, changed};
use crate::store::{DepositPhase, DepositRecord, Deposits, DepositsOf, StoreError, WatchedChain};

const PUT: &str = "INSERT INTO deposits (id, revision, chain, block, account, created_ms, phase, body)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE ?2 = 1 OR EXISTS (SELECT 1 FROM deposits WHERE id = ?1)
    ON CONFLICT (id) DO UPDATE SET revision = ?2, chain = ?3, block = ?4, account = ?5, created_ms = ?6, phase = ?7, body = ?8
    WHERE revision = ?2 - 1";
const ONE: &str = "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits WHERE id = ?1";
const ALL: &str =
    "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits
    WHERE (created_ms, id) < (?1, ?2) ORDER BY created_ms DESC, id DESC LIMIT ?3";
const OWN: &str =
    "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits
    WHERE account = ?4 AND (created_ms, id) < (?1, ?2) ORDER BY created_ms DESC, id DESC LIMIT ?3";
const IN_PHASE: &str =
    "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits
    WHERE phase = ?4 AND (created_ms, id) < (?1, ?2) ORDER BY created_ms DESC, id DESC LIMIT ?3";
const IN_BLOCKS: &str =
    "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits
    WHERE chain = ?1 AND (block, id) > (?2, ?3) AND block <= ?4 ORDER BY block, id LIMIT ?5";
const PUT_CHAIN: &str = "INSERT INTO chains (chain, revision, body)
    SELECT ?1, ?2, ?3 WHERE ?2 = 1 OR EXISTS (SELECT 1 FROM chains WHERE chain = ?1)
    ON CONFLICT (chain) DO UPDATE SET revision = ?2, body = ?3 WHERE revision = ?2 - 1";
const CHAIN: &str = "SELECT chain, revision, body FROM chains WHERE chain = ?1";

#[async_trait]
impl Deposits for SqliteStore {
    async fn put_deposit(&self, record: &DepositRecord) -> Result<(), StoreError> {
        let record = record.clone();
        self.writer
            .run(move |connection| put(connection, &record))
            .await
    }

    async fn deposit(&self, id: DepositId) -> Result<Option<DepositRecord>, StoreError> {
        self.reader.run(move |connection| one(connection, id)).await
    }

    async fn page(
        &self,
        of: DepositsOf,
        before: Option<(Timestamp, DepositId)>,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        let (at, last) = before.map_or((i64::MAX, blob(u128::MAX)), |(at, id)| {
            (millis(at), blob(id.as_u128()))
        });
        self.reader
            .run(move |connection| match of {
                DepositsOf::Everybody => list(connection, ALL, (at, last, limit)),
                DepositsOf::Account(account) => {
                    let account = blob(account.as_u128());
                    list(connection, OWN, (at, last, limit, account))
                }
                DepositsOf::Phase(phase) => {
                    list(connection, IN_PHASE, (at, last, limit, phase.as_str()))
                }
            })
            .await
    }

    async fn deposits_in_blocks(
        &self,
        chain: u64,
        after: (u64, DepositId),
        upto: u64,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        let after = (whole(after.0), blob(after.1.as_u128()));
        let bounds = (whole(chain), after.0, after.1, whole(upto), limit);
        self.reader
            .run(move |connection| list(connection, IN_BLOCKS, bounds))
            .await
    }

    async fn put_watched_chain(&self, record: &WatchedChain) -> Result<(), StoreError> {
        let record = record.clone();
        self.writer
            .run(move |connection| put_chain(connection, &record))
            .await
    }

    async fn watched_chain(&self, of: u64) -> Result<Option<WatchedChain>, StoreError> {
        self.reader
            .run(move |connection| chain(connection, of).map_err(failed))
            .await
    }
}

/// Numbers of chains and blocks are below 2^63.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn put(connection: &Connection, record: &DepositRecord) -> Result<(), StoreError> {
    let row = (
        blob(record.id.as_u128()),
        whole(record.revision),
        whole(record.chain),
        whole(record.block),
        record.account.map(|account| blob(account.as_u128())),
        millis(record.created),
        record.phase.as_str(),
        &record.body,
    );
    let written = connection
        .prepare_cached(PUT)
        .and_then(|mut put| put.execute(row))
        .map_err(failed)?;
    if written > 0 || one(connection, record.id)?.as_ref() == Some(record) {
        Ok(())
    } else {
        Err(changed(&record.id))
    }
}

fn put_chain(connection: &Connection, record: &WatchedChain) -> Result<(), StoreError> {
    let row = (whole(record.chain), whole(record.revision), &record.body);
    let written = connection
        .prepare_cached(PUT_CHAIN)
        .and_then(|mut put| put.execute(row))
        .map_err(failed)?;
    let is_there = || chain(connection, record.chain).map_err(failed);
    if written > 0 || is_there()?.as_ref() == Some(record) {
        Ok(())
    } else {
        Err(chain_changed(record.chain))
    }
}

fn chain(connection: &Connection, of: u64) -> rusqlite::Result<Option<WatchedChain>> {
    let mut query = connection.prepare_cached(CHAIN)?;
    let read = |row: &Row<'_>| {
        Ok(WatchedChain {
            chain: row.get::<_, i64>(0)?.unsigned_abs(),
            revision: row.get::<_, i64>(1)?.unsigned_abs(),
            body: row.get(2)?,
        })
    };
    query.query_row([whole(of)], read).optional()
}

fn one(connection: &Connection, id: DepositId) -> Result<Option<DepositRecord>, StoreError> {
    let found = list(connection, ONE, [blob(id.as_u128())])?;
    Ok(found.into_iter().next())
}

fn list(
    connection: &Connection,
    query: &str,
    bounds: impl Params,
) -> Result<Vec<DepositRecord>, StoreError> {
    let mut query = connection.prepare_cached(query).map_err(failed)?;
    let rows = query.query_map(bounds, deposit).map_err(failed)?;
    rows.map(|row| row.map_err(failed)?).collect()
}

fn deposit(row: &Row<'_>) -> rusqlite::Result<Result<DepositRecord, StoreError>> {
    let account = optional_id(row, 4)?;
    let phase: String = row.get(6)?;
    let record = DepositRecord {
        id: DepositId::from_u128(id(row, 0)?),
        revision: row.get::<_, i64>(1)?.unsigned_abs(),
        chain: row.get::<_, i64>(2)?.unsigned_abs(),
        block: row.get::<_, i64>(3)?.unsigned_abs(),
        account: account.map(AccountId::from_u128),
        created: time(row.get(5)?),
        phase: DepositPhase::Done,
        body: row.get(7)?,
    };
    Ok(DepositPhase::read(&phase).map(|phase| DepositRecord { phase, ..record }))
}
