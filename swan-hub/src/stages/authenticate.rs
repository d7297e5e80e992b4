//! Whose request it is. First, because everything after it costs the hub something.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::request::Parts;
use swan_core::{AccountId, KeyId};

use crate::admission::Access;
use crate::store::{AuthError, KeyKind, KeyRing};

/// A consumer whose key was found good.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Consumer {
    /// The account that pays.
    pub account: AccountId,
    /// The key that was shown, where there is one.
    pub key: Option<KeyId>,
    /// The limits that hold for it, where there are any.
    pub access: Option<Arc<Access>>,
}

impl Consumer {
    /// The consumer who pays from this account, however the authenticator knows.
    #[must_use]
    pub const fn new(account: AccountId) -> Self {
        Self {
            account,
            key: None,
            access: None,
        }
    }

    /// The same consumer, known by this key.
    #[must_use]
    pub fn with_key(self, key: KeyId) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// The same consumer within these limits, in which the hub counts what is used. Whoever has limits is the one to keep
    /// them: hand on the same [`Access`] for each of its requests.
    #[must_use]
    pub fn with_access(self, access: Arc<Access>) -> Self {
        Self {
            access: Some(access),
            ..self
        }
    }
}

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticateError {
    /// There is no key.
    #[error("no API key: send it as \"Authorization: Bearer sk-swan-…\"")]
    Missing,
    /// The header does not hold a bearer token.
    #[error("the Authorization header must be \"Bearer \" and a key")]
    Malformed,
    /// No such key.
    #[error("the API key is not known here")]
    Unknown,
    /// The key was revoked.
    #[error("the API key has been revoked")]
    Revoked,
    /// A provider's key earns; it cannot spend.
    #[error("this is a provider key (sk-prov-…): requests need a consumer key (sk-swan-…)")]
    ProviderKey,
    /// An administrator's key has no funds.
    #[error("this is an administrator key (sk-admin-…): requests need a consumer key (sk-swan-…)")]
    AdminKey,
    /// The consumer is known and may not do this; the text is shown to it.
    #[error("{0}")]
    Forbidden(String),
    /// It cannot be found out now; the text is shown to the consumer.
    #[error("keys cannot be checked now: {0}")]
    Unavailable(String),
}

/// Decides whose request it is; an embedder replaces it to let its own users in.
///
/// # Contract
///
/// * Called once a request, before its body is read. Headers and extensions are those that the router saw, so that a
///   middleware of the embedder may leave its own user in the extensions.
/// * Answers from memory or within a deadline of its own; the hub does not wait longer than for the body of a request.
/// * The future may be dropped at any point.
#[async_trait]
pub trait Authenticator: fmt::Debug + Send + Sync + 'static {
    /// The consumer behind the request.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`], which becomes 401, 403 or 503.
    async fn authenticate(&self, request: &Parts) -> Result<Consumer, AuthenticateError>;
}

const _: fn(&dyn Authenticator) = |_| {}; // Object safety is part of the contract.

#[async_trait]
impl Authenticator for KeyRing {
    async fn authenticate(&self, request: &Parts) -> Result<Consumer, AuthenticateError> {
        let secret = bearer(request)?;
        let opened = self.open(secret).map_err(|error| match error {
            AuthError::Revoked => AuthenticateError::Revoked,
            _ => AuthenticateError::Unknown,
        })?;
        let record = opened.record();
        match record.kind {
            KeyKind::Consumer(account) => Ok(Consumer::new(account)
                .with_key(record.id)
                .with_access(Arc::clone(opened.access()))),
            KeyKind::Provider(_) => Err(AuthenticateError::ProviderKey),
            KeyKind::Admin => Err(AuthenticateError::AdminKey),
        }
    }
}

/// The key of `Authorization: Bearer …`.
pub(crate) fn bearer(request: &Parts) -> Result<&str, AuthenticateError> {
    let mut headers = request.headers.get_all(AUTHORIZATION).iter();
    let header = headers.next().ok_or(AuthenticateError::Missing)?;
    if headers.next().is_some() {
        return Err(AuthenticateError::Malformed);
    }
    let text = header.to_str().map_err(|_| AuthenticateError::Malformed)?;
    let (scheme, key) = text.split_once(' ').ok_or(AuthenticateError::Malformed)?;
    let key = key.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || key.is_empty() {
        return Err(AuthenticateError::Malformed);
    }
    Ok(key)
}
