use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use swan_core::{AccountId, ProviderId, UserId};

use super::SqliteStore;
use super::directory::{blob, id, millis, time};
use super::open::failed;
use crate::store::users::{SESSIONS_PER_USER, email_taken};
use crate::store::{KeyHash, ProfileRecord, SessionRecord, StoreError, UserRecord, Users};

const PUT_USER: &str = "INSERT INTO users (id, email, display_name, password, account, provider, created_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (id) DO UPDATE SET email = ?2, display_name = ?3, password = ?4, account = ?5, provider = ?6, created_ms = ?7";
const USER: &str = "SELECT id, email, display_name, password, account, provider, created_ms FROM users WHERE id = ?1";
const USER_BY_PROVIDER: &str = "SELECT id, email, display_name, password, account, provider, created_ms FROM users WHERE provider = ?1";
const USER_BY_EMAIL: &str = "SELECT id, email, display_name, password, account, provider, created_ms FROM users WHERE email = ?1";
const FORGET_ENDED: &str = "DELETE FROM sessions WHERE expires_ms <= ?1";
const PUT_SESSION: &str =
    "INSERT OR REPLACE INTO sessions (token, user, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4)";
const FORGET_OLDEST: &str = "DELETE FROM sessions WHERE token IN (
    SELECT token FROM sessions WHERE user = ?1 ORDER BY created_ms DESC, token DESC LIMIT -1 OFFSET ?2)";
const SESSION: &str = "SELECT user, created_ms, expires_ms FROM sessions WHERE token = ?1";
const END_SESSION: &str = "DELETE FROM sessions WHERE token = ?1";
const END_SESSIONS: &str = "DELETE FROM sessions WHERE user = ?1";
const PUT_PROFILE: &str = "INSERT INTO profiles
    (provider, owner, worker, beneficiary, description, contact, hardware, review_requested_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (provider) DO UPDATE SET owner = ?2, worker = ?3, beneficiary = ?4, description = ?5,
        contact = ?6, hardware = ?7, review_requested_ms = ?8";
const PROFILE: &str =
    "SELECT owner, worker, beneficiary, description, contact, hardware, review_requested_ms
    FROM profiles WHERE provider = ?1";

#[async_trait]
impl Users for SqliteStore {
    async fn put_user(&self, record: &UserRecord) -> Result<(), StoreError> {
        let record = record.clone();
        self.writer
            .run(move |connection| put_user(connection, &record))
            .await
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.reader
            .run(move |connection| one_user(connection, USER, (blob(id.as_u128()),)))
            .await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<UserRecord>, StoreError> {
        let email = email.to_owned();
        self.reader
            .run(move |connection| one_user(connection, USER_BY_EMAIL, (email,)))
            .await
    }

    async fn user_by_provider(
        &self,
        provider: ProviderId,
    ) -> Result<Option<UserRecord>, StoreError> {
        let provider = blob(provider.as_u128());
        self.reader
            .run(move |connection| one_user(connection, USER_BY_PROVIDER, (provider,)))
            .await
    }

    async fn put_session(&self, token: &KeyHash, record: &SessionRecord) -> Result<(), StoreError> {
        let (token, record) = (*token, *record);
        self.writer
            .run(move |connection| put_session(connection, &token, &record))
            .await
    }

    async fn session(&self, token: &KeyHash) -> Result<Option<SessionRecord>, StoreError> {
        let token = *token;
        let read = move |connection: &mut Connection| {
            let mut query = connection.prepare_cached(SESSION).map_err(failed)?;
            let found = query.query_row((token.as_bytes(),), |row| {
                Ok(SessionRecord {
                    user: UserId::from_u128(id(row, 0)?),
                    created: time(row.get(1)?),
                    expires: time(row.get(2)?),
                })
            });
            found.optional().map_err(failed)
        };
        self.reader.run(read).await
    }

    async fn end_session(&self, token: &KeyHash) -> Result<bool, StoreError> {
        let token = *token;
        let end = move |connection: &mut Connection| {
            let ended = connection.execute(END_SESSION, (token.as_bytes(),));
            ended.map(|ended| ended > 0).map_err(failed)
        };
        self.writer.run(end).await
    }

    async fn end_sessions(&self, user: UserId) -> Result<(), StoreError> {
        let end = move |connection: &mut Connection| {
            let ended = connection.execute(END_SESSIONS, (blob(user.as_u128()),));
            ended.map(|_| ()).map_err(failed)
        };
        self.writer.run(end).await
    }

    async fn put_profile(&self, record: &ProfileRecord) -> Result<(), StoreError> {
        let record = record.clone();
        self.writer
            .run(move |connection| put_profile(connection, &record))
            .await
    }

    async fn profile(&self, provider: ProviderId) -> Result<Option<ProfileRecord>, StoreError> {
        let read = move |connection: &mut Connection| {
            let mut query = connection.prepare_cached(PROFILE).map_err(failed)?;
            let found = query.query_row((blob(provider.as_u128()),), |row| {
                Ok(ProfileRecord {
                    provider,
                    owner: row.get(0)?,
                    worker: row.get(1)?,
                    beneficiary: row.get(2)?,
                    description: row.get(3)?,
                    contact: row.get(4)?,
                    hardware: row.get(5)?,
                    review_requested: row.get::<_, Option<i64>>(6)?.map(time),
                })
            });
            found.optional().map_err(failed)
        };
        self.reader.run(read).await
    }
}

fn put_user(connection: &Connection, record: &UserRecord) -> Result<(), StoreError> {
    let done = connection.execute(
        PUT_USER,
        (
            blob(record.id.as_u128()),
            &record.email,
            &record.display_name,
            &record.password,
            blob(record.account.as_u128()),
            record.provider.map(|provider| blob(provider.as_u128())),
            millis(record.created),
        ),
    );
    unless_taken(done, email_taken)
}

fn one_user(
    connection: &Connection,
    query: &str,
    by: impl Params,
) -> Result<Option<UserRecord>, StoreError> {
    let mut query = connection.prepare_cached(query).map_err(failed)?;
    query.query_row(by, user_row).optional().map_err(failed)
}

fn user_row(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    let provider: Option<[u8; 16]> = row.get(5)?;
    Ok(UserRecord {
        id: UserId::from_u128(id(row, 0)?),
        email: row.get(1)?,
        display_name: row.get(2)?,
        password: row.get(3)?,
        account: AccountId::from_u128(id(row, 4)?),
        provider: provider.map(|id| ProviderId::from_u128(u128::from_be_bytes(id))),
        created: time(row.get(6)?),
    })
}

fn put_session(
    connection: &mut Connection,
    token: &KeyHash,
    record: &SessionRecord,
) -> Result<(), StoreError> {
    let user = blob(record.user.as_u128());
    let transaction = connection.transaction().map_err(failed)?;
    let created = millis(record.created);
    transaction
        .execute(FORGET_ENDED, (created,))
        .map_err(failed)?;
    let row = (token.as_bytes(), user, created, millis(record.expires));
    transaction.execute(PUT_SESSION, row).map_err(failed)?;
    transaction
        .execute(FORGET_OLDEST, (user, SESSIONS_PER_USER))
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn put_profile(connection: &Connection, record: &ProfileRecord) -> Result<(), StoreError> {
    let done = connection.execute(
        PUT_PROFILE,
        (
            blob(record.provider.as_u128()),
            &record.owner,
            &record.worker,
            &record.beneficiary,
            &record.description,
            &record.contact,
            &record.hardware,
            record.review_requested.map(millis),
        ),
    );
    done.map(drop).map_err(failed)
}

/// The id is replaced, so a constraint can only be that of another row.
fn unless_taken(
    done: rusqlite::Result<usize>,
    taken: fn() -> StoreError,
) -> Result<(), StoreError> {
    match done {
        Ok(_) => Ok(()),
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) =>
        {
            Err(taken())
        }
        Err(error) => Err(failed(error)),
    }
}
