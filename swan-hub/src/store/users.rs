//! People who sign up by themselves: their accounts, logins, and what a provider says about itself.

use std::fmt;

use async_trait::async_trait;
use swan_core::{AccountId, ProviderId, Timestamp, UserId};

use super::{KeyHash, StoreError};

/// Somebody with an e-mail address and a password.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct UserRecord {
    /// The user.
    pub id: UserId,
    /// The address in lower case; one user has it.
    pub email: String,
    /// What the user wants to be called.
    pub display_name: String,
    /// The password's hash, as a PHC string with its own parameters and salt.
    pub password: String,
    /// The account that the user pays from.
    pub account: AccountId,
    /// The provider that the user has become.
    pub provider: Option<ProviderId>,
    /// When the user signed up.
    pub created: Timestamp,
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// A login that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct SessionRecord {
    /// Who logged in.
    pub user: UserId,
    /// When.
    pub created: Timestamp,
    /// When the login ends by itself.
    pub expires: Timestamp,
}

/// What a provider says about itself. Addresses are as their owner wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct ProfileRecord {
    /// The provider.
    pub provider: ProviderId,
    /// The wallet that owns it, by its own word: others may name the same.
    pub owner: Option<String>,
    /// The wallet that its machines sign with.
    pub worker: Option<String>,
    /// The wallet that is paid.
    pub beneficiary: Option<String>,
    /// What it is, for consumers.
    pub description: String,
    /// Where its operator can be reached.
    pub contact: String,
    /// What it says of its hardware, for who decides about it.
    pub hardware: String,
    /// When it asked for approval.
    pub review_requested: Option<Timestamp>,
}

/// Durable storage of users; part of every [`Store`](super::Store), under the same contract.
///
/// What is written here does not change [`Store::version`](super::Store::version).
#[async_trait]
pub trait Users: fmt::Debug + Send + Sync + 'static {
    /// Adds a user or replaces the one with the same id.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another user has this address or this provider.
    async fn put_user(&self, record: &UserRecord) -> Result<(), StoreError>;

    /// The user with this id.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError>;

    /// The user with this address, in lower case.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn user_by_email(&self, email: &str) -> Result<Option<UserRecord>, StoreError>;

    /// The user who has become this provider.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn user_by_provider(
        &self,
        provider: ProviderId,
    ) -> Result<Option<UserRecord>, StoreError>;

    /// Adds a login. Logins that had ended when it began are forgotten, and the oldest of this user beyond
    /// [`SESSIONS_PER_USER`].
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn put_session(&self, token: &KeyHash, record: &SessionRecord) -> Result<(), StoreError>;

    /// The login with this token, whether or not it has ended by itself.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn session(&self, token: &KeyHash) -> Result<Option<SessionRecord>, StoreError>;

    /// Ends a login; answers whether there was one.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn end_session(&self, token: &KeyHash) -> Result<bool, StoreError>;

    /// Ends every login of a user.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn end_sessions(&self, user: UserId) -> Result<(), StoreError>;

    /// Adds what a provider says about itself, or replaces it. Several providers may name one wallet, since nobody has to
    /// prove that it is theirs.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn put_profile(&self, record: &ProfileRecord) -> Result<(), StoreError>;

    /// What this provider says about itself.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn profile(&self, provider: ProviderId) -> Result<Option<ProfileRecord>, StoreError>;
}

/// How many logins one user has at once.
pub const SESSIONS_PER_USER: u32 = 16;

pub(super) fn email_taken() -> StoreError {
    StoreError::Conflict {
        what: "another user has this address or provider".into(),
    }
}
