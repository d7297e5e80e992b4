//! Signing up, logging in, and out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{AccountId, UserId};

use super::attempts::{From, Guess};
use super::fields::Fields;
use super::keys::{self, Owner};
use super::once::shows_secret;
use super::options::Signup;
use super::reply::{conflict, refusal, refused, unavailable, with_status};
use super::throttle::network;
use super::{attempts, derived, identity};
use crate::admission::{KeyLimits, origin};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::store::{AccountRecord, KeyKind, StoreError, UserRecord};

/// The shortest password, in characters.
pub(super) const PASSWORD_LEAST: usize = 10;

/// A user as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct User {
    /// The user.
    id: String,
    /// Its e-mail address.
    email: String,
    /// What it is called.
    display_name: String,
    /// `consumer` or `provider`.
    account_type: &'static str,
    /// The provider that it has become.
    provider_id: Option<String>,
}

impl User {
    pub(super) fn of(user: &UserRecord) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.clone(),
            display_name: user.display_name.clone(),
            account_type: match user.provider {
                Some(_) => "provider",
                None => "consumer",
            },
            provider_id: user.provider.map(|provider| provider.to_string()),
        }
    }
}

/// A login that has begun.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LoggedIn {
    /// To be sent as `Authorization: Bearer …`.
    token: String,
    /// Seconds until it ends by itself.
    expires_in: u64,
    /// Who logged in.
    user: User,
    /// A consumer's key, shown once: at sign-up. Later ones are made at `/api/v1/user/me/keys`.
    api_key: Option<String>,
}

/// `POST /api/v1/user/signup`
pub(super) async fn signup(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    match sign_up(&hub, request).await {
        Ok(answer) => {
            let made = format!("{} signed up, and can log in", answer.user.id);
            shows_secret(with_status(&hub, StatusCode::CREATED, &answer), made)
        }
        Err(refusal) => refused(&hub, &refusal, Errors::Account),
    }
}

async fn sign_up(hub: &Arc<Shared>, request: Request) -> Result<LoggedIn, Answer> {
    let (parts, body) = request.into_parts();
    let from = caller(hub, &parts);
    may_sign_up(hub)?;
    let fields = Fields::read(hub, &parts.headers, body).await?;
    let email = fields.email("email")?;
    let password = fields.text("password", PASSWORD_LEAST, 256)?;
    let display_name = fields.optional("display_name", 0, 64)?.unwrap_or_default();
    attempts::sign_up(hub, from)?;
    // Hashed before it is looked whether the address is taken, so that the time does not tell.
    let hash = hub.market.passwords.hash(password).await?;
    let id = UserId::from_u128(derived::random(hub));
    let account = AccountId::from_u128(derived::from(id.as_u128(), "account"));
    let now = hub.clock.now();
    let user = UserRecord {
        id,
        email,
        display_name: display_name.to_owned(),
        password: hash,
        account,
        provider: None,
        created: now,
    };
    match hub.store.users().put_user(&user).await {
        Ok(()) => {}
        Err(StoreError::Conflict { .. }) => {
            let words = "no account can be opened with this e-mail address; log in if it is yours";
            return Err(conflict("email_unavailable", words));
        }
        Err(_) => return Err(unavailable()),
    }
    let opened = AccountRecord {
        id: account,
        name: user.id.to_string(),
        created: now,
        limits: KeyLimits::default(),
    };
    hub.store
        .put_account(&opened)
        .await
        .map_err(|_| unavailable())?;
    let (secret, _) = keys::issue(
        hub,
        KeyKind::Consumer(account),
        "first key",
        KeyLimits::default(),
    )
    .await?;
    logged_in(hub, &user, Some(secret)).await
}

/// Refuses where the operator makes all keys.
pub(super) fn may_sign_up(hub: &Shared) -> Result<(), Answer> {
    match hub.settings.market.signup {
        Signup::Open => Ok(()),
        Signup::Closed => Err(refusal(403, "permission_error", "signup_closed")
            .saying("this hub opens no accounts by itself; ask whoever runs it for a key")),
    }
}

/// `POST /api/v1/user/login`
pub(super) async fn login(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    match verify(&hub, request).await {
        Ok(answer) => {
            let made = format!("{} logged in", answer.user.id);
            shows_secret(with_status(&hub, StatusCode::OK, &answer), made)
        }
        Err(refusal) => refused(&hub, &refusal, Errors::Account),
    }
}

async fn verify(hub: &Arc<Shared>, request: Request) -> Result<LoggedIn, Answer> {
    let (parts, body) = request.into_parts();
    let from = caller(hub, &parts);
    let fields = Fields::read(hub, &parts.headers, body).await?;
    let email = fields.email("email")?;
    // What is too short to be a password is a wrong one, and nothing is said about which rule it breaks.
    let password = fields.text("password", 1, 256)?;
    let guess = Guess::of(hub, from, &email)?;
    let known = hub
        .store
        .users()
        .user_by_email(&email)
        .await
        .map_err(|_| unavailable())?;
    let hash = known.as_ref().map(|user| user.password.as_str());
    let is_right = guess.check(password, hash).await?;
    match known.filter(|_| is_right) {
        Some(user) => logged_in(hub, &user, None).await,
        None => {
            let wrong = refusal(401, "authentication_error", "wrong_credentials");
            Err(wrong.saying("the e-mail address or the password is wrong"))
        }
    }
}

pub(super) async fn logged_in(
    hub: &Shared,
    user: &UserRecord,
    api_key: Option<String>,
) -> Result<LoggedIn, Answer> {
    Ok(LoggedIn {
        token: identity::log_in(hub, user).await?,
        expires_in: hub.settings.market.session.as_secs(),
        user: User::of(user),
        api_key,
    })
}

/// `POST /api/v1/user/logout`
pub(super) async fn logout(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let ended = async {
        let token = identity::token(&headers)?;
        let ended = hub.store.users().end_session(&token).await;
        let ended = ended.map_err(|_| unavailable())?;
        Ok(keys::Said::new(if ended {
            "logged out"
        } else {
            "there was no such login"
        }))
    };
    match ended.await {
        Ok(said) => with_status(&hub, StatusCode::OK, &said),
        Err(refusal) => refused(&hub, &refusal, Errors::Account),
    }
}

/// The network that a request comes from, where the server says so.
pub(super) fn caller(hub: &Shared, request: &Parts) -> From {
    network(origin::of(request, &hub.settings.keys.trusted_proxies))
}

/// The owner of the keys of an account.
pub(super) const fn consumer(account: AccountId) -> Owner {
    Owner(KeyKind::Consumer(account))
}
