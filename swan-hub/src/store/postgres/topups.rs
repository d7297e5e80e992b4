use async_trait::async_trait;
use swan_core::{AccountId, Timestamp, TopupId};
use tokio_postgres::Row;

use super::PostgresStore;
use super::link::{Link, Params};
use super::rows::{as_i64, blob, get, id, millis, optional_time, time};
use crate::store::topups::changed;
use crate::store::{StoreError, TopupRecord, Topups};

const PUT: &str = "INSERT INTO topups AS old (id, revision, account, created_ms, due_ms, body)
    SELECT $1, $2::bigint, $3, $4, $5, $6 WHERE $2::bigint = 1 OR EXISTS (SELECT FROM topups WHERE id = $1)
    ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, account = excluded.account,
        created_ms = excluded.created_ms, due_ms = excluded.due_ms, body = excluded.body
    WHERE old.revision = excluded.revision - 1 RETURNING true";
const ONE: &str =
    "SELECT id, revision, account, created_ms, due_ms, body FROM topups WHERE id = $1";
const OWN: &str = "SELECT id, revision, account, created_ms, due_ms, body FROM topups
    WHERE account = $1 AND (created_ms, id) < ($2, $3) ORDER BY created_ms DESC, id DESC LIMIT $4";
const ALL: &str = "SELECT id, revision, account, created_ms, due_ms, body FROM topups
    WHERE (created_ms, id) < ($1, $2) ORDER BY created_ms DESC, id DESC LIMIT $3";
const DUE: &str = "SELECT id, revision, account, created_ms, due_ms, body FROM topups
    WHERE due_ms <= $1 ORDER BY due_ms, id LIMIT $2";

#[async_trait]
impl Topups for PostgresStore {
    async fn put_topup(&self, record: &TopupRecord) -> Result<(), StoreError> {
        let params: Params<'_> = &[
            &&blob(record.id.as_u128())[..],
            &as_i64(record.revision),
            &&blob(record.account.as_u128())[..],
            &millis(record.created),
            &record.due.map(millis),
            &record.body,
        ];
        let written = self.writer.query(PUT, params).await?;
        // What went out on a connection that was lost may have been written before.
        if written.is_empty() && one(&self.writer, record.id).await?.as_ref() != Some(record) {
            return Err(changed(record));
        }
        Ok(())
    }

    async fn topup(&self, id: TopupId) -> Result<Option<TopupRecord>, StoreError> {
        one(&self.reader, id).await
    }

    async fn page(
        &self,
        account: Option<AccountId>,
        before: Option<(Timestamp, TopupId)>,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        let (at, last) = before.map_or((i64::MAX, blob(u128::MAX)), |(at, id)| {
            (millis(at), blob(id.as_u128()))
        });
        let (last, limit) = (&last[..], i64::from(limit));
        let rows = match account {
            Some(account) => {
                let account = blob(account.as_u128());
                let bounds: Params<'_> = &[&&account[..], &at, &last, &limit];
                self.reader.query(OWN, bounds).await?
            }
            None => self.reader.query(ALL, &[&at, &last, &limit]).await?,
        };
        rows.iter().map(topup).collect()
    }

    async fn due_topups(
        &self,
        upto: Timestamp,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        let bounds: Params<'_> = &[&millis(upto), &i64::from(limit)];
        let rows = self.reader.query(DUE, bounds).await?;
        rows.iter().map(topup).collect()
    }
}

async fn one(link: &Link, id: TopupId) -> Result<Option<TopupRecord>, StoreError> {
    let rows = link.query(ONE, &[&&blob(id.as_u128())[..]]).await?;
    rows.first().map(topup).transpose()
}

fn topup(row: &Row) -> Result<TopupRecord, StoreError> {
    Ok(TopupRecord {
        id: TopupId::from_u128(id(row, 0)?),
        revision: get::<i64>(row, 1)?.unsigned_abs(),
        account: AccountId::from_u128(id(row, 2)?),
        created: time(row, 3)?,
        due: optional_time(row, 4)?,
        body: get(row, 5)?,
    })
}
