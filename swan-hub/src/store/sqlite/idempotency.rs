use rusqlite::{Connection, TransactionBehavior};

use super::directory::{millis, time};
use super::open::failed;
use crate::store::{IdempotencyRecord, StoreError};

const PUT: &str = "INSERT INTO idempotency (key, expires_ms, body) VALUES (?1, ?2, ?3)
    ON CONFLICT (key) DO UPDATE SET expires_ms = ?2, body = ?3";
const FORGET: &str = "DELETE FROM idempotency WHERE key = ?1";
const ALL: &str = "SELECT key, expires_ms, body FROM idempotency ORDER BY expires_ms, key";

/// Writes and forgets in one transaction, in this order.
pub(super) fn change(
    connection: &mut Connection,
    put: &[IdempotencyRecord],
    forget: &[[u8; 32]],
) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    for record in put {
        let row = (record.key, millis(record.expires), &record.body);
        transaction
            .prepare_cached(PUT)
            .and_then(|mut put| put.execute(row))
            .map_err(failed)?;
    }
    for key in forget {
        transaction
            .prepare_cached(FORGET)
            .and_then(|mut forget| forget.execute([key]))
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

pub(super) fn all(connection: &Connection) -> Result<Vec<IdempotencyRecord>, StoreError> {
    let mut query = connection.prepare_cached(ALL).map_err(failed)?;
    let rows = query.query_map([], |row| {
        Ok(IdempotencyRecord {
            key: row.get(0)?,
            expires: time(row.get(1)?),
            body: row.get(2)?,
        })
    });
    rows.map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)
}
