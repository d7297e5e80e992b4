//! `GET /v1/receipts/{id}`: the signed receipt of a request; and the keys with which receipts are signed.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use swan_core::AccountId;
use swan_core::receipt::{ProviderKeys, SignedReceipt};

use super::records::{answer, told, written};
use super::respond;
use crate::hub::Shared;
use crate::receipts;
use crate::stages::RequestError;

/// A receipt under the signature of its hub.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct Signed {
    /// The bytes that are signed.
    receipt: String,
    /// The hub's key: 64 hexadecimal digits.
    key: String,
    /// The hub's signature by Ed25519: 128 hexadecimal digits.
    signature: String,
    /// What whoever served has signed; `null` where `receipt` says why there is nothing.
    provider_signature: Option<ProviderSigned>,
}

/// A statement of a provider under its signature.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ProviderSigned {
    /// The bytes that are signed.
    statement: String,
    /// The provider's key: 64 hexadecimal digits.
    key: String,
    /// The provider's signature by Ed25519: 128 hexadecimal digits.
    signature: String,
}

/// The keys of a provider.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct KeysOfProvider {
    /// The provider's id.
    provider: String,
    /// The keys with which its nodes sign or have signed, the latest first.
    keys: Vec<Key>,
}

/// The keys of a hub.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct Keys {
    /// The hub's name, as it stands in receipts.
    hub: String,
    /// The key in use, and those before it.
    keys: Vec<Key>,
}

/// One key.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Key {
    /// The public key of Ed25519: 64 hexadecimal digits.
    key: String,
    /// Since when it signs, in milliseconds since 1970.
    from_ms: u64,
    /// Receipts of requests after that are not signed with it.
    until_ms: Option<u64>,
}

/// `GET /v1/receipts/{id}`.
pub(super) async fn one(
    State(hub): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let id = id.ok().map(|Path(id)| id);
    told(&hub, request, |reader| find(&hub, id, reader)).await
}

async fn find(
    hub: &Shared,
    id: Option<String>,
    reader: Option<AccountId>,
) -> Result<SignedReceipt, RequestError> {
    let id = id.and_then(|id| id.parse().ok());
    let id = id.ok_or(RequestError::NothingKnown)?;
    written(hub).await?;
    let kept = receipts::Kept {
        store: &*hub.store,
        generations: &hub.generations,
        signers: hub.sessions.signers(),
    };
    let found = receipts::issue(kept, &hub.receipts, (id, reader)).await;
    let found = found.map_err(|_| RequestError::StoreAway)?;
    found.ok_or(RequestError::NothingKnown)
}

/// `GET /v1/receipt-keys` and `GET /.well-known/swan-keys`.
pub(super) async fn keys(State(hub): State<Arc<Shared>>) -> Response {
    // Texts and numbers always serialise.
    let body = serde_json::to_vec(hub.receipts.published()).unwrap_or_default();
    respond::json(StatusCode::OK, body, hub.request_id())
}

/// `GET /v1/provider-keys/{id}`: for anybody, so that consumers can compare with what the provider itself says.
pub(super) async fn of_provider(
    State(hub): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let found = keys_of(&hub, id.ok().map(|Path(id)| id)).await;
    answer(&hub, hub.request_id(), found, None)
}

async fn keys_of(hub: &Shared, id: Option<String>) -> Result<ProviderKeys, RequestError> {
    let provider = id.and_then(|id| id.parse().ok());
    let provider = provider.ok_or(RequestError::NothingKnown)?;
    let found = hub.sessions.signers().told(provider).await;
    let keys = found.ok_or(RequestError::StoreAway)?;
    let keys = keys.map_err(|_| RequestError::StoreAway)?;
    Ok(ProviderKeys { provider, keys })
}
