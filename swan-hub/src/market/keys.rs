//! The keys of users: their own consumer keys, and the keys of the provider that they are.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use swan_core::KeyId;

use super::catalogue::Id;
use super::fields::Fields;
use super::once::shows_secret;
use super::reply::{conflict, not_found, ok, refusal, refused, reply, unavailable, with_status};
use super::{accounts, chosen, derived, identity};
use crate::admission::KeyLimits;
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::store::{KeyKind, KeyRecord, Secret};

/// Keys that one owner may have at once, and may have had in all.
const ACTIVE_MAX: usize = 32;
const EVER_MAX: usize = 512;

/// Whose keys they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner(pub(super) KeyKind);

/// A sentence for people.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Said {
    /// What was done.
    message: &'static str,
}

impl Said {
    pub(super) const fn new(message: &'static str) -> Self {
        Self { message }
    }
}

/// A key as it is listed; never its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Key {
    /// Names the key without opening anything.
    id: String,
    /// What its owner calls it.
    name: String,
    /// When it was made, in seconds of the epoch.
    created_at: u64,
    /// When it stopped working.
    revoked_at: Option<u64>,
    /// What it may do, as far as that is limited for this key.
    limits: Map<String, Value>,
}

impl Key {
    fn of(record: &KeyRecord) -> Self {
        Self {
            id: record.id.to_string(),
            name: record.name.clone(),
            created_at: record.created.as_secs(),
            revoked_at: record.revoked.map(swan_core::Timestamp::as_secs),
            limits: match serde_json::to_value(&record.limits) {
                Ok(Value::Object(limits)) => limits,
                _ => Map::new(),
            },
        }
    }
}

/// All keys of a user's account.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Keys {
    /// The oldest first.
    keys: Vec<Key>,
}

/// A new consumer key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NewKey {
    /// The secret, shown once.
    api_key: String,
    /// The key.
    key: Key,
}

/// A new provider key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NewProviderKey {
    /// The secret, shown once.
    api_key: String,
    /// The provider that it lets in.
    provider_id: String,
    /// What to do with it.
    message: &'static str,
}

/// Makes a key, within the bounds on its owner's.
pub(super) async fn issue(
    hub: &Shared,
    kind: KeyKind,
    name: &str,
    limits: KeyLimits,
) -> Result<(String, KeyRecord), Answer> {
    // Counted and added in one turn, so that two at once do not both take the last place.
    let _turn = hub.market.issuing.lock().await;
    let known = hub.keys.of_owner(kind);
    let active = known
        .iter()
        .filter(|record| record.revoked.is_none())
        .count();
    if active >= ACTIVE_MAX || known.len() >= EVER_MAX {
        let words = format!("at most {ACTIVE_MAX} keys at once, and {EVER_MAX} in all: revoke one");
        return Err(conflict("too_many_keys", words));
    }
    let secret = Secret::generate(kind).map_err(|_| {
        let failed = refusal(503, "server_error", "no_randomness").retry(5);
        failed.saying("the system has no randomness to give")
    })?;
    let record = KeyRecord {
        id: KeyId::from_u128(derived::random(hub)),
        kind,
        name: name.to_owned(),
        created: hub.clock.now(),
        revoked: None,
        limits,
    };
    let stored = hub.keys.insert(&*hub.store, &secret, record.clone()).await;
    stored.map_err(|_| unavailable())?;
    Ok((secret.expose().to_owned(), record))
}

/// `GET /api/v1/user/me/keys`
pub(super) async fn list(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match identity::user(&hub, &headers).await {
        Ok(user) => {
            let Owner(kind) = accounts::consumer(user.account);
            let known = hub.keys.of_owner(kind);
            let keys = known.iter().map(|record| Key::of(record)).collect();
            ok(&hub, &Keys { keys })
        }
        Err(refusal) => refused(&hub, &refusal, Errors::Account),
    }
}

/// `POST /api/v1/user/me/keys`
pub(super) async fn create(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let created = async {
        let user = identity::user(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        let name = fields.optional("name", 0, 64)?.unwrap_or_default();
        let Owner(kind) = accounts::consumer(user.account);
        let limits = chosen::read(&hub, fields.object("limits")?)?;
        let (api_key, record) = issue(&hub, kind, name, limits).await?;
        let key = Key::of(&record);
        Ok(NewKey { api_key, key })
    };
    match created.await {
        Ok(created) => {
            let made = format!("{} was made", created.key.id);
            shows_secret(with_status(&hub, StatusCode::CREATED, &created), made)
        }
        Err(refusal) => refused(&hub, &refusal, Errors::Account),
    }
}

/// `DELETE /api/v1/user/me/keys/{id}`
pub(super) async fn revoke(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let revoked = async {
        let user = identity::user(&hub, &headers).await?;
        let id = id.ok().and_then(|Path(id)| id.parse::<KeyId>().ok());
        let owner = accounts::consumer(user.account);
        let own = hub.keys.of_owner(owner.0);
        // The key of somebody else looks like none.
        let known = own.iter().find(|record| Some(record.id) == id);
        let known = known.ok_or_else(|| not_found("key_not_found", "you have no such key"))?;
        let done = hub
            .keys
            .revoke(&*hub.store, known.id, hub.clock.now())
            .await;
        done.map_err(|_| unavailable())?;
        Ok(Said::new("the key is revoked"))
    };
    reply(&hub, revoked.await, Errors::Account)
}

/// `POST /api/v1/user/me/provider-keys`
pub(super) async fn create_for_provider(
    State(hub): State<Arc<Shared>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let created = async {
        let user = identity::user(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        let name = fields.optional("name", 0, 64)?.unwrap_or_default();
        let provider = user.provider.ok_or_else(|| {
            let not_yet = refusal(403, "permission_error", "not_a_provider");
            not_yet.saying("this user is not a provider yet: upgrade first")
        })?;
        let (api_key, record) = issue(
            &hub,
            KeyKind::Provider(provider),
            name,
            KeyLimits::default(),
        )
        .await?;
        let created = NewProviderKey {
            api_key,
            provider_id: provider.to_string(),
            message: "keep this key; it is not shown again",
        };
        Ok((created, record.id))
    };
    match created.await {
        Ok((created, id)) => {
            let made = format!("{id} was made");
            shows_secret(with_status(&hub, StatusCode::CREATED, &created), made)
        }
        Err(refusal) => refused(&hub, &refusal, Errors::Account),
    }
}
