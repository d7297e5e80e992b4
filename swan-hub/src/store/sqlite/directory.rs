use std::fmt;

use rusqlite::{Connection, Row};
use swan_core::{AccountId, KeyId, ProviderId, Timestamp};

use super::open::failed;
use crate::admission::KeyLimits;
use crate::store::{AccountRecord, KeyHash, KeyKind, KeyRecord, ProviderRecord, StoreError};

const PUT_KEY: &str = "INSERT INTO keys (id, hash, kind, owner, name, created_ms, revoked_ms, limits)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (id) DO UPDATE SET hash = ?2, kind = ?3, owner = ?4, name = ?5, created_ms = ?6, revoked_ms = ?7, limits = ?8";
const KEYS: &str = "SELECT id, hash, kind, owner, name, created_ms, revoked_ms, limits FROM keys ORDER BY created_ms, id";
const REVOKE: &str = "UPDATE keys SET revoked_ms = coalesce(revoked_ms, ?2) WHERE id = ?1";
const LIMIT_KEY: &str = "UPDATE keys SET limits = ?2 WHERE id = ?1";
const LIMIT_ACCOUNT: &str = "UPDATE accounts SET limits = ?2 WHERE id = ?1";
const PUT_ACCOUNT: &str =
    "INSERT INTO accounts (id, name, created_ms, limits) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO UPDATE SET name = ?2, created_ms = ?3, limits = ?4";
const ACCOUNTS: &str = "SELECT id, name, created_ms, limits FROM accounts ORDER BY created_ms, id";
const PUT_PROVIDER: &str =
    "INSERT INTO providers (id, name, created_ms, last_seen_ms) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO UPDATE SET name = ?2, created_ms = ?3, last_seen_ms = ?4";
const PROVIDERS: &str =
    "SELECT id, name, created_ms, last_seen_ms FROM providers ORDER BY created_ms, id";
const TOUCH: &str =
    "UPDATE providers SET last_seen_ms = max(coalesce(last_seen_ms, 0), ?2) WHERE id = ?1";

pub(super) fn put_key(
    connection: &Connection,
    hash: &KeyHash,
    record: &KeyRecord,
) -> Result<(), StoreError> {
    let owner = match record.kind {
        KeyKind::Consumer(id) => Some(blob(id.as_u128())),
        KeyKind::Provider(id) => Some(blob(id.as_u128())),
        KeyKind::Admin => None,
    };
    let done = connection.execute(
        PUT_KEY,
        (
            blob(record.id.as_u128()),
            *hash.as_bytes(),
            record.kind.as_str(),
            owner,
            &record.name,
            millis(record.created),
            record.revoked.map(millis),
            limits_text(&record.limits)?,
        ),
    );
    match done {
        Ok(_) => Ok(()),
        // The id is replaced, so only the hash can be taken.
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) =>
        {
            Err(StoreError::Conflict {
                what: "this secret belongs to another key".into(),
            })
        }
        Err(error) => Err(failed(error)),
    }
}

pub(super) fn keys(connection: &Connection) -> Result<Vec<(KeyHash, KeyRecord)>, StoreError> {
    let mut query = connection.prepare_cached(KEYS).map_err(failed)?;
    let rows = query.query_map([], key_row).map_err(failed)?;
    rows.map(|row| row.map_err(failed)?).collect()
}

pub(super) fn revoke_key(
    connection: &Connection,
    id: KeyId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = connection
        .execute(REVOKE, (blob(id.as_u128()), millis(at)))
        .map_err(failed)?;
    Ok(changed > 0)
}

pub(super) fn limit_key(
    connection: &Connection,
    id: KeyId,
    limits: &KeyLimits,
) -> Result<bool, StoreError> {
    limit(connection, LIMIT_KEY, id.as_u128(), limits)
}

pub(super) fn limit_account(
    connection: &Connection,
    id: AccountId,
    limits: &KeyLimits,
) -> Result<bool, StoreError> {
    limit(connection, LIMIT_ACCOUNT, id.as_u128(), limits)
}

fn limit(
    connection: &Connection,
    update: &str,
    id: u128,
    limits: &KeyLimits,
) -> Result<bool, StoreError> {
    let changed = connection
        .execute(update, (blob(id), limits_text(limits)?))
        .map_err(failed)?;
    Ok(changed > 0)
}

pub(super) fn put_account(
    connection: &Connection,
    record: &AccountRecord,
) -> Result<(), StoreError> {
    let row = (
        blob(record.id.as_u128()),
        &record.name,
        millis(record.created),
        limits_text(&record.limits)?,
    );
    connection
        .execute(PUT_ACCOUNT, row)
        .map(drop)
        .map_err(failed)
}

pub(super) fn accounts(connection: &Connection) -> Result<Vec<AccountRecord>, StoreError> {
    let mut query = connection.prepare_cached(ACCOUNTS).map_err(failed)?;
    let rows = query.query_map([], account_row).map_err(failed)?;
    rows.map(|row| row.map_err(failed)?).collect()
}

fn account_row(row: &Row<'_>) -> rusqlite::Result<Result<AccountRecord, StoreError>> {
    let account = AccountId::from_u128(id(row, 0)?);
    let limits = match limits(row.get(3)?, &account) {
        Ok(limits) => limits,
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(AccountRecord {
        id: account,
        name: row.get(1)?,
        created: time(row.get(2)?),
        limits,
    }))
}

pub(super) fn put_provider(
    connection: &Connection,
    record: &ProviderRecord,
) -> Result<(), StoreError> {
    let seen = record.last_seen.map(millis);
    let row = (
        blob(record.id.as_u128()),
        &record.name,
        millis(record.created),
        seen,
    );
    connection
        .execute(PUT_PROVIDER, row)
        .map(drop)
        .map_err(failed)
}

pub(super) fn providers(connection: &Connection) -> Result<Vec<ProviderRecord>, StoreError> {
    let mut query = connection.prepare_cached(PROVIDERS).map_err(failed)?;
    let rows = query.query_map([], |row| {
        Ok(ProviderRecord {
            id: ProviderId::from_u128(id(row, 0)?),
            name: row.get(1)?,
            created: time(row.get(2)?),
            last_seen: row.get::<_, Option<i64>>(3)?.map(time),
        })
    });
    rows.map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)
}

pub(super) fn touch_provider(
    connection: &Connection,
    id: ProviderId,
    at: Timestamp,
) -> Result<(), StoreError> {
    connection
        .execute(TOUCH, (blob(id.as_u128()), millis(at)))
        .map(drop)
        .map_err(failed)
}

fn key_row(row: &Row<'_>) -> rusqlite::Result<Result<(KeyHash, KeyRecord), StoreError>> {
    let key = KeyId::from_u128(id(row, 0)?);
    let hash = KeyHash::from_bytes(row.get(1)?);
    let kind: String = row.get(2)?;
    let owner: Option<[u8; 16]> = row.get(3)?;
    let kind = match (kind.as_str(), owner.map(u128::from_be_bytes)) {
        ("consumer", Some(owner)) => KeyKind::Consumer(AccountId::from_u128(owner)),
        ("provider", Some(owner)) => KeyKind::Provider(ProviderId::from_u128(owner)),
        ("admin", None) => KeyKind::Admin,
        _ => {
            return Ok(Err(StoreError::corrupt(format!(
                "{key} has no kind that makes sense"
            ))));
        }
    };
    let limits = match limits(row.get(7)?, &key) {
        Ok(limits) => limits,
        Err(error) => return Ok(Err(error)),
    };
    let record = KeyRecord {
        id: key,
        kind,
        name: row.get(4)?,
        created: time(row.get(5)?),
        revoked: row.get::<_, Option<i64>>(6)?.map(time),
        limits,
    };
    Ok(Ok((hash, record)))
}

/// No limits are no text, as in files of before there were any.
fn limits_text(limits: &KeyLimits) -> Result<Option<String>, StoreError> {
    if limits.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(limits);
    text.map(Some)
        .map_err(|error| StoreError::corrupt(format!("limits cannot be written: {error}")))
}

fn limits(text: Option<String>, whose: &dyn fmt::Display) -> Result<KeyLimits, StoreError> {
    let Some(text) = text else {
        return Ok(KeyLimits::default());
    };
    serde_json::from_str(&text).map_err(|error| {
        StoreError::corrupt(format!("the limits of {whose} make no sense: {error}"))
    })
}

/// Identifiers are 16 bytes, first byte first, so that their order in the file is their own.
pub(super) const fn blob(id: u128) -> [u8; 16] {
    id.to_be_bytes()
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<u128> {
    row.get::<_, [u8; 16]>(column).map(u128::from_be_bytes)
}

pub(super) fn optional_id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u128>> {
    let id = row.get::<_, Option<[u8; 16]>>(column)?;
    Ok(id.map(u128::from_be_bytes))
}

pub(super) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}
