//! `/api/v1/admin/keys`: keys of everybody, for administrators. Fields are named as `swan-hub key --json` names them.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{AccountId, Amount, KeyId, ProviderId, Timestamp};

use super::admin::{LimitsShape, administrator, refresh, set_limits};
use super::catalogue::Id;
use super::derived;
use super::fields::Fields;
use super::once::shows_secret;
use super::query::Query;
use super::reply::{
    Page, conflict, invalid, not_found, refusal, refused, reply, unavailable, with_status,
};
use crate::admission::KeyLimits;
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::store::{AccountRecord, KeyKind, KeyRecord, ProviderRecord, Secret};

const TARGET: &str = "swan_hub::admin";

/// A key, without its secret.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct AdminKey {
    id: String,
    /// `consumer`, `provider` or `admin`.
    kind: &'static str,
    /// The account or provider that it belongs to.
    owner: Option<String>,
    name: String,
    /// Milliseconds since 1970.
    created_ms: u64,
    /// When it stopped working, in milliseconds since 1970.
    revoked_ms: Option<u64>,
    #[schemars(with = "LimitsShape")]
    limits: KeyLimits,
    /// What was charged to it in all, in US dollars.
    spent_usd: String,
}

/// A new key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MadeKey {
    /// The secret, shown once.
    key: String,
    id: String,
    /// `consumer`, `provider` or `admin`.
    kind: &'static str,
    /// The account or provider that it belongs to.
    owner: Option<String>,
    name: String,
    #[schemars(with = "LimitsShape")]
    limits: KeyLimits,
}

/// The limits of a key from now on.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LimitedKey {
    id: String,
    #[schemars(with = "LimitsShape")]
    limits: KeyLimits,
}

/// A key that opens nothing any more.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RevokedKey {
    id: String,
    /// `true`.
    revoked: bool,
}

impl AdminKey {
    fn of(hub: &Shared, record: &KeyRecord) -> Self {
        let opened = hub.keys.get(record.id);
        let own = opened.as_ref().and_then(|opened| opened.access().key());
        let spent = own.map_or(Amount::ZERO, |own| own.spent_in_all());
        Self {
            id: record.id.to_string(),
            kind: record.kind.as_str(),
            owner: record.kind.owner(),
            name: record.name.clone(),
            created_ms: record.created.as_millis(),
            revoked_ms: record.revoked.map(Timestamp::as_millis),
            limits: record.limits.clone(),
            spent_usd: spent.to_string(),
        }
    }
}

/// The key that a path names.
async fn find(hub: &Shared, id: Id) -> Result<KeyRecord, Answer> {
    let unknown = || not_found("key_not_found", "there is no such key");
    let id = id.ok().and_then(|Path(id)| id.parse::<KeyId>().ok());
    let id = id.ok_or_else(unknown)?;
    let known = hub.store.keys().await.map_err(|_| unavailable())?;
    let mut records = known.into_iter().map(|(_, record)| record);
    records.find(|record| record.id == id).ok_or_else(unknown)
}

/// `GET /api/v1/admin/keys`
pub(super) async fn list(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed: Result<Page<AdminKey>, Answer> = async {
        administrator(&hub, &headers)?;
        let query = Query::parse(query.as_deref())?;
        let owner = query.text("owner");
        let known = hub.store.keys().await.map_err(|_| unavailable())?;
        let records = known.into_iter().map(|(_, record)| record);
        let of_owner =
            |record: &KeyRecord| owner.is_none() || record.kind.owner().as_deref() == owner;
        let records: Vec<_> = records.filter(of_owner).collect();
        let page = query.page(&records)?;
        Ok(page.map(|record| AdminKey::of(&hub, &record)))
    }
    .await;
    reply(&hub, listed, Errors::OpenAi)
}

/// `GET /api/v1/admin/keys/{id}`
pub(super) async fn show(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let shown = async {
        administrator(&hub, &headers)?;
        let record = find(&hub, id).await?;
        Ok(AdminKey::of(&hub, &record))
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `POST /api/v1/admin/keys`
pub(super) async fn create(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let created = async {
        let by = administrator(&hub, &parts.headers)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["kind", "name", "owner", "limits"])?;
        let name = fields.text("name", 1, 100)?;
        if name.trim().is_empty() {
            return Err(invalid("name", "name must be more than spaces"));
        }
        let now = hub.clock.now();
        let mut limits = KeyLimits::default();
        set_limits(&mut limits, &fields, now)?;
        let kind = fields.text("kind", 1, 20)?;
        if kind != "consumer" && !limits.is_empty() {
            return Err(invalid("limits", "only consumers' keys have limits"));
        }
        let kind = owner(&hub, kind, fields.optional("owner", 1, 100)?, name).await?;
        let secret = Secret::generate(kind).map_err(|_| {
            let failed = refusal(503, "server_error", "no_randomness").retry(5);
            failed.saying("the system has no randomness to give")
        })?;
        let record = KeyRecord {
            id: KeyId::from_u128(derived::random(&hub)),
            kind,
            name: name.to_owned(),
            created: now,
            revoked: None,
            limits,
        };
        let stored = hub.keys.insert(&*hub.store, &secret, record.clone()).await;
        stored.map_err(|_| unavailable())?;
        tracing::info!(target: TARGET, %by, key = %record.id, kind = kind.as_str(), owner = kind.owner(), "a key was made");
        Ok(MadeKey {
            key: secret.expose().to_owned(),
            id: record.id.to_string(),
            kind: kind.as_str(),
            owner: kind.owner(),
            name: record.name,
            limits: record.limits,
        })
    };
    match created.await {
        Ok(made) => {
            let said = match &made.owner {
                Some(owner) => format!("{} was made for {owner}", made.id),
                None => format!("{} was made", made.id),
            };
            shows_secret(with_status(&hub, StatusCode::CREATED, &made), said)
        }
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

/// The account or provider of a new key: the one that was named, or a new one.
async fn owner(
    hub: &Shared,
    kind: &str,
    owner: Option<&str>,
    name: &str,
) -> Result<KeyKind, Answer> {
    let unknown = || {
        invalid(
            "owner",
            "owner must be the id of an account or provider that exists",
        )
    };
    let (name, created) = (name.to_owned(), hub.clock.now());
    match (kind, owner) {
        ("admin", None) => Ok(KeyKind::Admin),
        ("admin", Some(_)) => Err(invalid(
            "owner",
            "an administrator's key belongs to nobody else",
        )),
        ("consumer", None) => {
            let id = AccountId::from_u128(derived::random(hub));
            let record = AccountRecord {
                id,
                name,
                created,
                limits: KeyLimits::default(),
            };
            let stored = hub.store.put_account(&record).await;
            stored.map_err(|_| unavailable())?;
            Ok(KeyKind::Consumer(id))
        }
        ("consumer", Some(text)) => {
            let id: AccountId = text.parse().map_err(|_| unknown())?;
            let known = hub.store.accounts().await.map_err(|_| unavailable())?;
            let is_known = known.iter().any(|record| record.id == id);
            is_known
                .then_some(KeyKind::Consumer(id))
                .ok_or_else(|| not_found("owner_not_found", "there is no such account"))
        }
        ("provider", None) => {
            let id = ProviderId::from_u128(derived::random(hub));
            let record = ProviderRecord {
                id,
                name,
                created,
                last_seen: None,
            };
            let stored = hub.store.put_provider(&record).await;
            stored.map_err(|_| unavailable())?;
            Ok(KeyKind::Provider(id))
        }
        ("provider", Some(text)) => {
            let id: ProviderId = text.parse().map_err(|_| unknown())?;
            let known = hub.store.providers().await.map_err(|_| unavailable())?;
            let is_known = known.iter().any(|record| record.id == id);
            is_known
                .then_some(KeyKind::Provider(id))
                .ok_or_else(|| not_found("owner_not_found", "there is no such provider"))
        }
        _ => Err(invalid("kind", "kind must be consumer, provider or admin")),
    }
}

/// `PATCH /api/v1/admin/keys/{id}`
pub(super) async fn change(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let changed = async {
        let by = administrator(&hub, &parts.headers)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["limits"])?;
        // Of two who change different limits of a key at once both do.
        let _turn = hub.market.changing.lock().await;
        let record = find(&hub, id).await?;
        if !matches!(record.kind, KeyKind::Consumer(_)) {
            return Err(conflict("no_limits", "only consumers' keys have limits"));
        }
        let mut limits = record.limits;
        set_limits(&mut limits, &fields, hub.clock.now())?;
        let written = hub.store.limit_key(record.id, &limits).await;
        written.map_err(|_| unavailable())?;
        refresh(&hub).await?;
        tracing::info!(target: TARGET, %by, key = %record.id, "the limits of a key were changed");
        let id = record.id.to_string();
        Ok(LimitedKey { id, limits })
    };
    reply(&hub, changed.await, Errors::OpenAi)
}

/// `DELETE /api/v1/admin/keys/{id}`
pub(super) async fn revoke(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let revoked = async {
        let by = administrator(&hub, &headers)?;
        let record = find(&hub, id).await?;
        let now = hub.clock.now();
        let done = hub.keys.revoke(&*hub.store, record.id, now).await;
        done.map_err(|_| unavailable())?;
        tracing::info!(target: TARGET, %by, key = %record.id, "a key was revoked");
        Ok(RevokedKey {
            id: record.id.to_string(),
            revoked: true,
        })
    };
    reply(&hub, revoked.await, Errors::OpenAi)
}
