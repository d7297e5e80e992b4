use std::fmt;

use swan_core::{AccountId, KeyId, ProviderId, Timestamp};
use tokio_postgres::Row;

use super::failures::is_taken;
use super::link::Link;
use super::rows::{blob, bytes, get, id, millis, optional_id, optional_time, time};
use crate::admission::KeyLimits;
use crate::store::{AccountRecord, KeyHash, KeyKind, KeyRecord, ProviderRecord, StoreError};

// Each change counts itself in the same statement, so that whoever sees the count sees the change.
const PUT_KEY: &str = "WITH counted AS (UPDATE changes SET number = number + 1)
    INSERT INTO keys (id, hash, kind, owner, name, created_ms, revoked_ms, limits) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET hash = $2, kind = $3, owner = $4, name = $5, created_ms = $6, revoked_ms = $7, limits = $8";
const KEYS: &str = "SELECT id, hash, kind, owner, name, created_ms, revoked_ms, limits FROM keys ORDER BY created_ms, id";
const REVOKE: &str = "WITH counted AS (UPDATE changes SET number = number + 1)
    UPDATE keys SET revoked_ms = coalesce(revoked_ms, $2) WHERE id = $1 RETURNING true";
const LIMIT_KEY: &str = "WITH counted AS (UPDATE changes SET number = number + 1)
    UPDATE keys SET limits = $2 WHERE id = $1 RETURNING true";
const LIMIT_ACCOUNT: &str = "WITH counted AS (UPDATE changes SET number = number + 1)
    UPDATE accounts SET limits = $2 WHERE id = $1 RETURNING true";
const PUT_ACCOUNT: &str = "WITH counted AS (UPDATE changes SET number = number + 1)
    INSERT INTO accounts (id, name, created_ms, limits) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET name = $2, created_ms = $3, limits = $4";
const ACCOUNTS: &str = "SELECT id, name, created_ms, limits FROM accounts ORDER BY created_ms, id";
const PUT_PROVIDER: &str = "WITH counted AS (UPDATE changes SET number = number + 1)
    INSERT INTO providers (id, name, created_ms, last_seen_ms) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET name = $2, created_ms = $3, last_seen_ms = $4";
const PROVIDERS: &str =
    "SELECT id, name, created_ms, last_seen_ms FROM providers ORDER BY created_ms, id";
const TOUCH: &str =
    "UPDATE providers SET last_seen_ms = greatest(coalesce(last_seen_ms, 0), $2) WHERE id = $1";

pub(super) async fn put_key(
    link: &Link,
    hash: &KeyHash,
    record: &KeyRecord,
) -> Result<(), StoreError> {
    let owner = match record.kind {
        KeyKind::Consumer(id) => Some(blob(id.as_u128())),
        KeyKind::Provider(id) => Some(blob(id.as_u128())),
        KeyKind::Admin => None,
    };
    let done = link
        .query(
            PUT_KEY,
            &[
                &&blob(record.id.as_u128())[..],
                &&hash.as_bytes()[..],
                &record.kind.as_str(),
                &owner.as_ref().map(|owner| &owner[..]),
                &record.name,
                &millis(record.created),
                &record.revoked.map(millis),
                &limits_text(&record.limits)?,
            ],
        )
        .await;
    match done {
        Ok(_) => Ok(()),
        // The id is replaced, so only the hash can be taken.
        Err(error) if is_taken(&error) => Err(StoreError::Conflict {
            what: "this secret belongs to another key".into(),
        }),
        Err(error) => Err(error),
    }
}

pub(super) async fn keys(link: &Link) -> Result<Vec<(KeyHash, KeyRecord)>, StoreError> {
    link.query(KEYS, &[]).await?.iter().map(key_row).collect()
}

pub(super) async fn revoke_key(link: &Link, id: KeyId, at: Timestamp) -> Result<bool, StoreError> {
    let revoked = link
        .query(REVOKE, &[&&blob(id.as_u128())[..], &millis(at)])
        .await;
    Ok(!revoked?.is_empty())
}

pub(super) async fn limit_key(
    link: &Link,
    id: KeyId,
    limits: &KeyLimits,
) -> Result<bool, StoreError> {
    limit(link, LIMIT_KEY, id.as_u128(), limits).await
}

pub(super) async fn limit_account(
    link: &Link,
    id: AccountId,
    limits: &KeyLimits,
) -> Result<bool, StoreError> {
    limit(link, LIMIT_ACCOUNT, id.as_u128(), limits).await
}

async fn limit(
    link: &Link,
    update: &'static str,
    id: u128,
    limits: &KeyLimits,
) -> Result<bool, StoreError> {
    let changed = link
        .query(update, &[&&blob(id)[..], &limits_text(limits)?])
        .await;
    Ok(!changed?.is_empty())
}

pub(super) async fn put_account(link: &Link, record: &AccountRecord) -> Result<(), StoreError> {
    let put = link
        .query(
            PUT_ACCOUNT,
            &[
                &&blob(record.id.as_u128())[..],
                &record.name,
                &millis(record.created),
                &limits_text(&record.limits)?,
            ],
        )
        .await;
    put.map(drop)
}

pub(super) async fn accounts(link: &Link) -> Result<Vec<AccountRecord>, StoreError> {
    let rows = link.query(ACCOUNTS, &[]).await?;
    rows.iter().map(account_row).collect()
}

fn account_row(row: &Row) -> Result<AccountRecord, StoreError> {
    let account = AccountId::from_u128(id(row, 0)?);
    Ok(AccountRecord {
        id: account,
        name: get(row, 1)?,
        created: time(row, 2)?,
        limits: limits(get(row, 3)?, &account)?,
    })
}

pub(super) async fn put_provider(link: &Link, record: &ProviderRecord) -> Result<(), StoreError> {
    let put = link
        .query(
            PUT_PROVIDER,
            &[
                &&blob(record.id.as_u128())[..],
                &record.name,
                &millis(record.created),
                &record.last_seen.map(millis),
            ],
        )
        .await;
    put.map(drop)
}

pub(super) async fn providers(link: &Link) -> Result<Vec<ProviderRecord>, StoreError> {
    let rows = link.query(PROVIDERS, &[]).await?;
    let provider = |row: &Row| {
        Ok(ProviderRecord {
            id: ProviderId::from_u128(id(row, 0)?),
            name: get(row, 1)?,
            created: time(row, 2)?,
            last_seen: optional_time(row, 3)?,
        })
    };
    rows.iter().map(provider).collect()
}

pub(super) async fn touch_provider(
    link: &Link,
    id: ProviderId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let touch = link
        .query(TOUCH, &[&&blob(id.as_u128())[..], &millis(at)])
        .await;
    touch.map(drop)
}

fn key_row(row: &Row) -> Result<(KeyHash, KeyRecord), StoreError> {
    let key = KeyId::from_u128(id(row, 0)?);
    let kind: &str = get(row, 2)?;
    let kind = match (kind, optional_id(row, 3)?) {
        ("consumer", Some(owner)) => KeyKind::Consumer(AccountId::from_u128(owner)),
        ("provider", Some(owner)) => KeyKind::Provider(ProviderId::from_u128(owner)),
        ("admin", None) => KeyKind::Admin,
        _ => {
            let what = format!("{key} has no kind that makes sense");
            return Err(StoreError::corrupt(what));
        }
    };
    let record = KeyRecord {
        id: key,
        kind,
        name: get(row, 4)?,
        created: time(row, 5)?,
        revoked: optional_time(row, 6)?,
        limits: limits(get(row, 7)?, &key)?,
    };
    Ok((KeyHash::from_bytes(bytes(row, 1)?), record))
}

/// No limits are no text.
fn limits_text(limits: &KeyLimits) -> Result<Option<String>, StoreError> {
    if limits.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(limits);
    text.map(Some)
        .map_err(|error| StoreError::corrupt(format!("limits cannot be written: {error}")))
}

fn limits(text: Option<&str>, whose: &dyn fmt::Display) -> Result<KeyLimits, StoreError> {
    let Some(text) = text else {
        return Ok(KeyLimits::default());
    };
    serde_json::from_str(text).map_err(|error| {
        StoreError::corrupt(format!("the limits of {whose} make no sense: {error}"))
    })
}
