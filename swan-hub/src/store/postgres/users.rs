use async_trait::async_trait;
use swan_core::{AccountId, ProviderId, UserId};
use tokio_postgres::Row;

use super::PostgresStore;
use super::failures::is_taken;
use super::rows::{blob, get, id, millis, optional_id, optional_time, time};
use crate::store::users::{SESSIONS_PER_USER, email_taken};
use crate::store::{KeyHash, ProfileRecord, SessionRecord, StoreError, UserRecord, Users};

const PUT_USER: &str = "INSERT INTO users (id, email, display_name, password, account, provider, created_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id) DO UPDATE SET email = $2, display_name = $3, password = $4, account = $5, provider = $6, created_ms = $7";
const USER: &str = "SELECT id, email, display_name, password, account, provider, created_ms FROM users WHERE id = $1";
const USER_BY_PROVIDER: &str = "SELECT id, email, display_name, password, account, provider, created_ms FROM users WHERE provider = $1";
const USER_BY_EMAIL: &str = "SELECT id, email, display_name, password, account, provider, created_ms FROM users WHERE email = $1";
/// The parts see the table as it was before, so each leaves the rows of the others alone: the new login, those that have
/// ended, and the oldest of those that have not.
const PUT_SESSION: &str = "WITH ended AS (DELETE FROM sessions WHERE expires_ms <= $3 AND token <> $1),
    put AS (INSERT INTO sessions (token, user_id, created_ms, expires_ms) VALUES ($1, $2, $3, $4)
        ON CONFLICT (token) DO UPDATE SET user_id = $2, created_ms = $3, expires_ms = $4)
    DELETE FROM sessions WHERE token IN (SELECT token FROM sessions
        WHERE user_id = $2 AND token <> $1 AND expires_ms > $3 ORDER BY created_ms DESC, token DESC OFFSET $5)";
const SESSION: &str = "SELECT user_id, created_ms, expires_ms FROM sessions WHERE token = $1";
const END_SESSION: &str = "DELETE FROM sessions WHERE token = $1 RETURNING true";
const END_SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
const PUT_PROFILE: &str = "INSERT INTO profiles
    (provider, owner, worker, beneficiary, description, contact, hardware, review_requested_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (provider) DO UPDATE SET owner = $2, worker = $3, beneficiary = $4, description = $5,
        contact = $6, hardware = $7, review_requested_ms = $8";
const PROFILE: &str =
    "SELECT owner, worker, beneficiary, description, contact, hardware, review_requested_ms
    FROM profiles WHERE provider = $1";

#[async_trait]
impl Users for PostgresStore {
    async fn put_user(&self, record: &UserRecord) -> Result<(), StoreError> {
        let provider = record.provider.map(|provider| blob(provider.as_u128()));
        let put = self
            .writer
            .query(
                PUT_USER,
                &[
                    &&blob(record.id.as_u128())[..],
                    &record.email,
                    &record.display_name,
                    &record.password,
                    &&blob(record.account.as_u128())[..],
                    &provider.as_ref().map(|provider| &provider[..]),
                    &millis(record.created),
                ],
            )
            .await;
        match put {
            Ok(_) => Ok(()),
            // The id is replaced, so what is taken is the address or the provider.
            Err(error) if is_taken(&error) => Err(email_taken()),
            Err(error) => Err(error),
        }
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        let rows = self.reader.query(USER, &[&&blob(id.as_u128())[..]]).await?;
        rows.first().map(user_row).transpose()
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<UserRecord>, StoreError> {
        let rows = self.reader.query(USER_BY_EMAIL, &[&email]).await?;
        rows.first().map(user_row).transpose()
    }

    async fn user_by_provider(
        &self,
        provider: ProviderId,
    ) -> Result<Option<UserRecord>, StoreError> {
        let provider = blob(provider.as_u128());
        let rows = self
            .reader
            .query(USER_BY_PROVIDER, &[&&provider[..]])
            .await?;
        rows.first().map(user_row).transpose()
    }

    async fn put_session(&self, token: &KeyHash, record: &SessionRecord) -> Result<(), StoreError> {
        let others = i64::from(SESSIONS_PER_USER) - 1;
        let put = self
            .writer
            .query(
                PUT_SESSION,
                &[
                    &&token.as_bytes()[..],
                    &&blob(record.user.as_u128())[..],
                    &millis(record.created),
                    &millis(record.expires),
                    &others,
                ],
            )
            .await;
        put.map(drop)
    }

    async fn session(&self, token: &KeyHash) -> Result<Option<SessionRecord>, StoreError> {
        let rows = self
            .reader
            .query(SESSION, &[&&token.as_bytes()[..]])
            .await?;
        let session = |row: &Row| {
            Ok(SessionRecord {
                user: UserId::from_u128(id(row, 0)?),
                created: time(row, 1)?,
                expires: time(row, 2)?,
            })
        };
        rows.first().map(session).transpose()
    }

    async fn end_session(&self, token: &KeyHash) -> Result<bool, StoreError> {
        let ended = self
            .writer
            .query(END_SESSION, &[&&token.as_bytes()[..]])
            .await;
        Ok(!ended?.is_empty())
    }

    async fn end_sessions(&self, user: UserId) -> Result<(), StoreError> {
        let ended = self
            .writer
            .query(END_SESSIONS, &[&&blob(user.as_u128())[..]])
            .await;
        ended.map(drop)
    }

    async fn put_profile(&self, record: &ProfileRecord) -> Result<(), StoreError> {
        let put = self
            .writer
            .query(
                PUT_PROFILE,
                &[
                    &&blob(record.provider.as_u128())[..],
                    &record.owner,
                    &record.worker,
                    &record.beneficiary,
                    &record.description,
                    &record.contact,
                    &record.hardware,
                    &record.review_requested.map(millis),
                ],
            )
            .await;
        put.map(drop)
    }

    async fn profile(&self, provider: ProviderId) -> Result<Option<ProfileRecord>, StoreError> {
        let own = blob(provider.as_u128());
        let rows = self.reader.query(PROFILE, &[&&own[..]]).await?;
        let profile = |row: &Row| {
            Ok(ProfileRecord {
                provider,
                owner: get(row, 0)?,
                worker: get(row, 1)?,
                beneficiary: get(row, 2)?,
                description: get(row, 3)?,
                contact: get(row, 4)?,
                hardware: get(row, 5)?,
                review_requested: optional_time(row, 6)?,
            })
        };
        rows.first().map(profile).transpose()
    }
}

fn user_row(row: &Row) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        id: UserId::from_u128(id(row, 0)?),
        email: get(row, 1)?,
        display_name: get(row, 2)?,
        password: get(row, 3)?,
        account: AccountId::from_u128(id(row, 4)?),
        provider: optional_id(row, 5)?.map(ProviderId::from_u128),
        created: time(row, 6)?,
    })
}
