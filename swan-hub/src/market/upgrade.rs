//! How somebody becomes a provider.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{ProviderId, Timestamp};

use super::fields::{Fields, missing};
use super::once::shows_secret;
use super::reply::{conflict, refused, reply, unavailable, with_status};
use super::{accounts, attempts, derived, identity, keys};
use crate::admission::KeyLimits;
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::store::{KeyKind, ProfileRecord, ProviderRecord, Secret, UserRecord};

const NEXT_STEPS: [&str; 2] = [
    "set the key in your agent's configuration and start it",
    "see GET /api/v1/provider/status with the key",
];

/// A user who has become a provider.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Upgraded {
    /// The provider.
    provider_id: String,
    /// Its key, shown once.
    provider_api_key: String,
    /// How the key begins, to tell it from others.
    provider_key_prefix: String,
    /// As `/api/v1/provider/status` says it.
    status: &'static str,
    /// Whether it may connect now.
    can_connect: bool,
    /// In words.
    message: &'static str,
    /// What to do now.
    next_steps: [&'static str; 2],
}

/// A provider that was made without a user.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SignedUp {
    /// The provider.
    provider_id: String,
    /// Its key, shown once.
    api_key: String,
    /// How the key begins.
    key_prefix: String,
    /// As `/api/v1/provider/status` says it.
    status: &'static str,
    /// Whether it may connect now.
    can_connect: bool,
    /// In words.
    message: &'static str,
    /// What might be wrong.
    warning: &'static str,
    /// What to do now.
    next_steps: [&'static str; 2],
}

/// A request to be approved.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Requested {
    /// Who asks.
    provider_id: String,
    /// As `/api/v1/provider/status` says it.
    status: &'static str,
    /// In words.
    message: &'static str,
    /// When it was asked first, in seconds of the epoch.
    requested_at: u64,
}

/// `POST /api/v1/consumer/upgrade-to-provider` and `/api/v1/user/upgrade-to-provider`
pub(super) async fn upgrade(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let upgraded = async {
        identity::user(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        // Read again where nobody else changes it.
        let _turn = hub.market.changing.lock().await;
        let user = identity::user(&hub, &parts.headers).await?;
        become_provider(&hub, user, &fields).await
    };
    match upgraded.await {
        Ok(upgraded) => {
            let made = format!("{} was made, with a key", upgraded.provider_id);
            shows_secret(with_status(&hub, StatusCode::CREATED, &upgraded), made)
        }
        Err(refusal) => refused(&hub, &refusal, Errors::Account),
    }
}

async fn become_provider(
    hub: &Shared,
    user: UserRecord,
    fields: &Fields,
) -> Result<Upgraded, Answer> {
    let name = fields.text("name", 1, 64)?.to_owned();
    // The words are part of the contract with the public agent (public-swan.md 2.3).
    if user.provider.is_some() {
        return Err(conflict(
            "already_a_provider",
            "this user is already a provider",
        ));
    }
    // From the user's id, so that an upgrade that broke off half-way is finished by the next.
    let provider = ProviderId::from_u128(derived::from(user.id.as_u128(), "provider"));
    let wallet = fields.address("wallet_address")?;
    let profile = ProfileRecord {
        provider,
        owner: wallet.clone(),
        worker: fields.address("worker_address")?.or_else(|| wallet.clone()),
        beneficiary: fields.address("beneficiary_address")?.or(wallet),
        description: fields
            .optional("description", 0, 500)?
            .unwrap_or_default()
            .to_owned(),
        contact: user.email.clone(),
        hardware: String::new(),
        review_requested: None,
    };
    put_profile(hub, &profile).await?;
    put_provider(hub, provider, name.clone()).await?;
    let upgraded = UserRecord {
        provider: Some(provider),
        ..user
    };
    hub.store
        .users()
        .put_user(&upgraded)
        .await
        .map_err(|_| unavailable())?;
    let (key, _) = keys::issue(
        hub,
        KeyKind::Provider(provider),
        &name,
        KeyLimits::default(),
    )
    .await?;
    Ok(Upgraded {
        provider_id: provider.to_string(),
        provider_key_prefix: prefix(&key),
        provider_api_key: key,
        status: "active",
        can_connect: true,
        message: "you are a provider now; keep the key, it is not shown again",
        next_steps: NEXT_STEPS,
    })
}

/// `POST /api/v1/provider/signup`
pub(super) async fn signup(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    match sign_up(&hub, request).await {
        Ok(answer) => {
            let made = format!("{} was made, with a key", answer.provider_id);
            shows_secret(with_status(&hub, StatusCode::CREATED, &answer), made)
        }
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}

async fn sign_up(hub: &Arc<Shared>, request: Request) -> Result<SignedUp, Answer> {
    let (parts, body) = request.into_parts();
    let from = accounts::caller(hub, &parts);
    accounts::may_sign_up(hub)?;
    let fields = Fields::read(hub, &parts.headers, body).await?;
    let name = fields.text("name", 1, 64)?.to_owned();
    let owner = fields.address("owner_address")?;
    let owner = owner.ok_or_else(|| missing("owner_address"))?;
    attempts::sign_up(hub, from)?;
    let provider = ProviderId::from_u128(derived::random(hub));
    let profile = ProfileRecord {
        provider,
        owner: Some(owner.clone()),
        worker: Some(owner.clone()),
        beneficiary: Some(owner),
        description: String::new(),
        contact: String::new(),
        hardware: String::new(),
        review_requested: None,
    };
    put_profile(hub, &profile).await?;
    put_provider(hub, provider, name.clone()).await?;
    let (api_key, _) = keys::issue(
        hub,
        KeyKind::Provider(provider),
        &name,
        KeyLimits::default(),
    )
    .await?;
    Ok(SignedUp {
        provider_id: provider.to_string(),
        key_prefix: prefix(&api_key),
        api_key,
        status: "active",
        can_connect: true,
        message: "you are a provider now",
        warning: "keep the key: it is not shown again, and without a login it cannot be replaced",
        next_steps: NEXT_STEPS,
    })
}

/// `POST /api/v1/provider/request-approval`
pub(super) async fn request_approval(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let requested = async {
        let provider = identity::provider(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        let _turn = hub.market.changing.lock().await;
        let mut profile = profile(&hub, provider).await?;
        let text = |name| {
            fields
                .optional(name, 0, 500)
                .map(|text| text.map(str::to_owned))
        };
        // What it is called comes from its agent; here it is only checked.
        fields.optional("provider_name", 0, 64)?;
        profile.hardware = text("hardware_summary")?.unwrap_or(profile.hardware);
        if fields.optional("contact_email", 1, 254)?.is_some() {
            profile.contact = fields.email("contact_email")?;
        }
        let now = hub.clock.now();
        let first: Timestamp = *profile.review_requested.get_or_insert(now);
        put_profile(&hub, &profile).await?;
        Ok(Requested {
            provider_id: provider.to_string(),
            status: "active",
            message: "the request is noted; this hub lets providers serve without waiting for it",
            requested_at: first.as_secs(),
        })
    };
    reply(&hub, requested.await, Errors::OpenAi)
}

/// What a provider says about itself; nothing yet of one whose key the operator made.
pub(super) async fn profile(hub: &Shared, provider: ProviderId) -> Result<ProfileRecord, Answer> {
    let known = hub
        .store
        .users()
        .profile(provider)
        .await
        .map_err(|_| unavailable())?;
    Ok(known.unwrap_or(ProfileRecord {
        provider,
        owner: None,
        worker: None,
        beneficiary: None,
        description: String::new(),
        contact: String::new(),
        hardware: String::new(),
        review_requested: None,
    }))
}

/// Writes down what a provider says about itself. Whose the wallets are that it names is not asked, since the public protocol
/// has no signature that would prove it: so naming one gives nothing. Nobody is kept from naming it too, what is earned
/// belongs to the provider that earned it, and goes to the wallet that this provider itself has named.
pub(super) async fn put_profile(hub: &Shared, profile: &ProfileRecord) -> Result<(), Answer> {
    let stored = hub.store.users().put_profile(profile).await;
    stored.map_err(|_| unavailable())
}

async fn put_provider(hub: &Shared, id: ProviderId, name: String) -> Result<(), Answer> {
    let record = ProviderRecord {
        id,
        name,
        created: hub.clock.now(),
        last_seen: None,
    };
    hub.store
        .put_provider(&record)
        .await
        .map_err(|_| unavailable())
}

/// The beginning of a key: enough to tell it from others, and too little to use it.
fn prefix(key: &str) -> String {
    let shown = Secret::prefix(KeyKind::Admin).len() + 7;
    key.chars().take(shown).collect()
}
