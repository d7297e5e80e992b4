//! Who calls a route for accounts: a user by the token of a login, a provider or a consumer by a key.

use data_encoding::HEXLOWER;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use swan_core::{AccountId, KeyId, ProviderId, Timestamp};

use super::reply::{refusal, unavailable};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::store::{KeyHash, KeyKind, SessionRecord, UserRecord};

/// How the tokens of logins begin; 64 hexadecimal digits follow.
const PREFIX: &str = "st-swan-";
const DIGITS: usize = 64;

/// A new token for a login of `user`, which is stored hashed.
pub(super) async fn log_in(hub: &Shared, user: &UserRecord) -> Result<String, Answer> {
    let mut random = [0_u8; DIGITS / 2];
    getrandom::fill(&mut random).map_err(|_| {
        let failed = refusal(503, "server_error", "no_randomness").retry(5);
        failed.saying("the system has no randomness to give")
    })?;
    let mut token = String::from(PREFIX);
    HEXLOWER.encode_append(&random, &mut token);
    let now = hub.clock.now();
    let record = SessionRecord {
        user: user.id,
        created: now,
        expires: now.after(hub.settings.market.session),
    };
    let stored = hub
        .store
        .users()
        .put_session(&KeyHash::of(&token), &record)
        .await;
    stored.map_err(|_| unavailable())?;
    Ok(token)
}

/// The token or key of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Answer> {
    let missing = || unauthorized("no token or key: send it as \"Authorization: Bearer …\"");
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let value = all.next().ok_or_else(missing)?;
    if all.next().is_some() {
        return Err(unauthorized("there is more than one Authorization header"));
    }
    let text = value.to_str().map_err(|_| missing())?;
    let (scheme, secret) = text.split_once(' ').ok_or_else(missing)?;
    let secret = secret.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || secret.is_empty() {
        return Err(missing());
    }
    Ok(secret)
}

fn unauthorized(message: &str) -> Answer {
    refusal(401, "authentication_error", "invalid_token").saying(message)
}

/// What the public agent searches its text for, so the words do not change.
fn wrong_kind(message: &str) -> Answer {
    refusal(403, "permission_error", "wrong_kind_of_key").saying(message)
}

/// Whether this could be the token of a login, so that garbage is refused before the store is asked.
fn is_token(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// The hash of the token of this request, if it is one.
pub(super) fn token(headers: &HeaderMap) -> Result<KeyHash, Answer> {
    let secret = bearer(headers)?;
    if is_token(secret) {
        Ok(KeyHash::of(secret))
    } else if secret.starts_with("sk-") {
        Err(wrong_kind("this needs the token of a login, not a key"))
    } else {
        Err(unauthorized(
            "the token is not known here, or its login has ended",
        ))
    }
}

/// The user who calls.
pub(super) async fn user(hub: &Shared, headers: &HeaderMap) -> Result<UserRecord, Answer> {
    let ended = || unauthorized("the token is not known here, or its login has ended");
    let token = token(headers)?;
    let session = hub
        .store
        .users()
        .session(&token)
        .await
        .map_err(|_| unavailable())?;
    let now: Timestamp = hub.clock.now();
    let session = session
        .filter(|session| session.expires > now)
        .ok_or_else(ended)?;
    let user = hub
        .store
        .users()
        .user(session.user)
        .await
        .map_err(|_| unavailable())?;
    user.ok_or_else(ended)
}

/// The account of the user or the consumer's key that calls, and the user.
pub(super) async fn payer(
    hub: &Shared,
    headers: &HeaderMap,
) -> Result<(AccountId, Option<UserRecord>), Answer> {
    let secret = bearer(headers)?;
    if !secret.starts_with("sk-") {
        let user = user(hub, headers).await?;
        return Ok((user.account, Some(user)));
    }
    match key(hub, secret)? {
        KeyKind::Consumer(account) => Ok((account, None)),
        _ => Err(wrong_kind(
            "this needs a consumer key (sk-swan-…) or the token of a login",
        )),
    }
}

/// The provider whose key or user calls.
pub(super) async fn provider(hub: &Shared, headers: &HeaderMap) -> Result<ProviderId, Answer> {
    let secret = bearer(headers)?;
    if !secret.starts_with("sk-") {
        let user = user(hub, headers).await?;
        let none = || wrong_kind("this user is not a provider yet: upgrade first");
        return user.provider.ok_or_else(none);
    }
    match key(hub, secret)? {
        KeyKind::Provider(provider) => Ok(provider),
        _ => Err(wrong_kind("this needs a provider key (sk-prov-…)")),
    }
}

/// The administrator's key that calls.
pub(super) fn administrator(hub: &Shared, headers: &HeaderMap) -> Result<KeyId, Answer> {
    let known = hub.keys.authenticate(bearer(headers)?);
    let record = known.map_err(|error| {
        refusal(401, "authentication_error", "invalid_api_key").saying(error.to_string())
    })?;
    match record.kind {
        KeyKind::Admin => Ok(record.id),
        _ => Err(wrong_kind("this needs an administrator's key (sk-admin-…)")),
    }
}

/// Whose key calls; `None` when it is no key, but perhaps the token of a login.
pub(super) fn keyed(hub: &Shared, headers: &HeaderMap) -> Result<Option<KeyKind>, Answer> {
    let secret = bearer(headers)?;
    if !secret.starts_with("sk-") {
        return Ok(None);
    }
    key(hub, secret).map(Some)
}

fn key(hub: &Shared, secret: &str) -> Result<KeyKind, Answer> {
    let known = hub.keys.authenticate(secret);
    known.map(|record| record.kind).map_err(|error| {
        refusal(401, "authentication_error", "invalid_api_key").saying(error.to_string())
    })
}
