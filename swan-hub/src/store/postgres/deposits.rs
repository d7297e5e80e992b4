use async_trait::async_trait;
use swan_core::{AccountId, DepositId, Timestamp};
use tokio_postgres::Row;

use super::PostgresStore;
use super::link::{Link, Params};
use super::rows::{as_i64, blob, get, id, millis, optional_id, time};
use crate::store::deposits::{chain_changed, changed};
use crate::store::{DepositPhase, DepositRecord, Deposits, DepositsOf, StoreError, WatchedChain};

const PUT: &str = "INSERT INTO deposits AS old (id, revision, chain, block, account, created_ms, phase, body)
    SELECT $1, $2::bigint, $3, $4, $5, $6, $7, $8 WHERE $2::bigint = 1 OR EXISTS (SELECT FROM deposits WHERE id = $1)
    ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, chain = excluded.chain, block = excluded.block,
        account = excluded.account, created_ms = excluded.created_ms, phase = excluded.phase, body = excluded.body
    WHERE old.revision = excluded.revision - 1 RETURNING true";
const ONE: &str = "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits WHERE id = $1";
const ALL: &str =
    "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits
    WHERE (created_ms, id) < ($1, $2) ORDER BY created_ms DESC, id DESC LIMIT $3";
const OWN: &str =
    "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits
    WHERE account = $4 AND (created_ms, id) < ($1, $2) ORDER BY created_ms DESC, id DESC LIMIT $3";
const IN_PHASE: &str =
    "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits
    WHERE phase = $4 AND (created_ms, id) < ($1, $2) ORDER BY created_ms DESC, id DESC LIMIT $3";
const IN_BLOCKS: &str =
    "SELECT id, revision, chain, block, account, created_ms, phase, body FROM deposits
    WHERE chain = $1 AND (block, id) > ($2, $3) AND block <= $4 ORDER BY block, id LIMIT $5";
const PUT_CHAIN: &str = "INSERT INTO chains AS old (chain, revision, body)
    SELECT $1, $2::bigint, $3 WHERE $2::bigint = 1 OR EXISTS (SELECT FROM chains WHERE chain = $1)
    ON CONFLICT (chain) DO UPDATE SET revision = excluded.revision, body = excluded.body
    WHERE old.revision = excluded.revision - 1 RETURNING true";
const CHAIN: &str = "SELECT chain, revision, body FROM chains WHERE chain = $1";

#[async_trait]
impl Deposits for PostgresStore {
    async fn put_deposit(&self, record: &DepositRecord) -> Result<(), StoreError> {
        let (id, account) = (
            blob(record.id.as_u128()),
            record.account.map(|account| blob(account.as_u128())),
        );
        let params: Params<'_> = &[
            &&id[..],
            &as_i64(record.revision),
            &as_i64(record.chain),
            &as_i64(record.block),
            &account.as_ref().map(|account| &account[..]),
            &millis(record.created),
            &record.phase.as_str(),
            &record.body,
        ];
        let written = self.writer.query(PUT, params).await?;
        // What went out on a connection that was lost may have been written before.
        if written.is_empty() && one(&self.writer, record.id).await?.as_ref() != Some(record) {
            return Err(changed(&record.id));
        }
        Ok(())
    }

    async fn deposit(&self, id: DepositId) -> Result<Option<DepositRecord>, StoreError> {
        one(&self.reader, id).await
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
        let (last, limit) = (&last[..], i64::from(limit));
        let rows = match of {
            DepositsOf::Everybody => self.reader.query(ALL, &[&at, &last, &limit]).await?,
            DepositsOf::Account(account) => {
                let account = blob(account.as_u128());
                let bounds: Params<'_> = &[&at, &last, &limit, &&account[..]];
                self.reader.query(OWN, bounds).await?
            }
            DepositsOf::Phase(phase) => {
                let bounds: Params<'_> = &[&at, &last, &limit, &phase.as_str()];
                self.reader.query(IN_PHASE, bounds).await?
            }
        };
        rows.iter().map(deposit).collect()
    }

    async fn deposits_in_blocks(
        &self,
        chain: u64,
        after: (u64, DepositId),
        upto: u64,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        let last = blob(after.1.as_u128());
        let bounds: Params<'_> = &[
            &as_i64(chain),
            &as_i64(after.0),
            &&last[..],
            &as_i64(upto),
            &i64::from(limit),
        ];
        let rows = self.reader.query(IN_BLOCKS, bounds).await?;
        rows.iter().map(deposit).collect()
    }

    async fn put_watched_chain(&self, record: &WatchedChain) -> Result<(), StoreError> {
        let params: Params<'_> = &[
            &as_i64(record.chain),
            &as_i64(record.revision),
            &record.body,
        ];
        let written = self.writer.query(PUT_CHAIN, params).await?;
        if written.is_empty() && chain(&self.writer, record.chain).await?.as_ref() != Some(record) {
            return Err(chain_changed(record.chain));
        }
        Ok(())
    }

    async fn watched_chain(&self, of: u64) -> Result<Option<WatchedChain>, StoreError> {
        chain(&self.reader, of).await
    }
}

async fn one(link: &Link, id: DepositId) -> Result<Option<DepositRecord>, StoreError> {
    let rows = link.query(ONE, &[&&blob(id.as_u128())[..]]).await?;
    rows.first().map(deposit).transpose()
}

async fn chain(link: &Link, of: u64) -> Result<Option<WatchedChain>, StoreError> {
    let rows = link.query(CHAIN, &[&as_i64(of)]).await?;
    let read = |row: &Row| {
        Ok(WatchedChain {
            chain: get::<i64>(row, 0)?.unsigned_abs(),
            revision: get::<i64>(row, 1)?.unsigned_abs(),
            body: get(row, 2)?,
        })
    };
    rows.first().map(read).transpose()
}

fn deposit(row: &Row) -> Result<DepositRecord, StoreError> {
    Ok(DepositRecord {
        id: DepositId::from_u128(id(row, 0)?),
        revision: get::<i64>(row, 1)?.unsigned_abs(),
        chain: get::<i64>(row, 2)?.unsigned_abs(),
        block: get::<i64>(row, 3)?.unsigned_abs(),
        account: optional_id(row, 4)?.map(AccountId::from_u128),
        created: time(row, 5)?,
        phase: DepositPhase::read(get(row, 6)?)?,
        body: get(row, 7)?,
    })
}
