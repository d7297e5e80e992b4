use tokio::time;
use tokio_postgres::{Client, Error, GenericClient};

use super::failures::unprepared;
use super::link::Target;
use crate::store::StoreError;

/// The schema that this program writes.
const SCHEMA: i32 = 9;
/// Held while tables are made, so that two processes that open a new database at once do not both make them.
const LOCK: i64 = 0x5357_414E_0000_7AB1;

/// One script a version: a database of version N runs all from N on. Never change one that was released.
const MIGRATIONS: [&str; SCHEMA as usize] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
    include_str!("schema_9.sql"),
];

const IS_OURS: &str =
    "SELECT to_regnamespace('swan') IS NOT NULL, to_regclass('swan.schema_version') IS NOT NULL";

/// Brings the database to the current schema.
pub(super) async fn prepare(target: &Target, client: &mut Client) -> Result<(), StoreError> {
    let wait = target.options.answer_wait;
    match time::timeout(wait, prepare_within(target, client)).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::unavailable(
            "its tables were not made in time: another program locks them",
        )),
    }
}

async fn prepare_within(target: &Target, client: &mut Client) -> Result<(), StoreError> {
    let failed = |error| unprepared(&target.place, error);
    if found(target, client).await? == SCHEMA {
        let standby = "SHOW transaction_read_only";
        let shown = client.query_one(standby, &[]).await.map_err(failed)?;
        return match shown.try_get(0).map_err(failed)? {
            "off" => Ok(()),
            _ => Err(refused(
                target,
                "it is read-only: a standby, or default_transaction_read_only is set",
            )),
        };
    }
    // Before the transaction: one that has waited within it would not see what the other has made meanwhile. The lock ends
    // with the session, which is for nothing else.
    let lock = "SELECT pg_advisory_lock($1)";
    client.execute(lock, &[&LOCK]).await.map_err(failed)?;
    let transaction = client.transaction().await.map_err(failed)?;
    let found = found(target, &transaction).await?;
    if found == 0 {
        let make = "CREATE SCHEMA IF NOT EXISTS swan; SET LOCAL search_path TO swan;
            CREATE TABLE schema_version (version int NOT NULL); INSERT INTO schema_version VALUES (0)";
        transaction.batch_execute(make).await.map_err(failed)?;
    }
    let scripts = MIGRATIONS.iter();
    for script in scripts.skip(usize::try_from(found).unwrap_or(0)) {
        let script = format!("SET LOCAL search_path TO swan; {script}");
        transaction.batch_execute(&script).await.map_err(failed)?;
    }
    let note = "UPDATE swan.schema_version SET version = $1";
    transaction
        .execute(note, &[&SCHEMA])
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

/// The version of the tables, 0 when there are none.
async fn found(target: &Target, client: &impl GenericClient) -> Result<i32, StoreError> {
    let failed = |error| unprepared(&target.place, error);
    let row = client.query_one(IS_OURS, &[]).await.map_err(failed)?;
    let column = |n: usize| -> Result<bool, Error> { row.try_get(n) };
    if !column(1).map_err(failed)? {
        if column(0).map_err(failed)? && !is_empty(client).await.map_err(failed)? {
            return Err(refused(
                target,
                "its schema `swan` belongs to another program; choose another database",
            ));
        }
        return Ok(0);
    }
    let version = "SELECT version FROM swan.schema_version";
    let row = client.query_one(version, &[]).await.map_err(failed)?;
    let found: i32 = row.try_get(0).map_err(failed)?;
    if found > SCHEMA {
        return Err(StoreError::NewerSchema {
            place: target.place.clone(),
            found: found.unsigned_abs(),
            known: SCHEMA.unsigned_abs(),
        });
    }
    Ok(found)
}

/// An administrator may have made the schema for us.
async fn is_empty(client: &impl GenericClient) -> Result<bool, Error> {
    let tables =
        "SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('swan'))";
    client.query_one(tables, &[]).await?.try_get(0)
}

fn refused(target: &Target, what: &str) -> StoreError {
    StoreError::Open {
        place: target.place.clone(),
        what: what.to_owned(),
        source: None,
    }
}
