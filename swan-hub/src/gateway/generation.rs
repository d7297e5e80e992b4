//! `GET /v1/generation` and `GET /v1/generations`: what is known of requests that have ended.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{AccountId, RequestId};

use super::query::{self, iso};
use super::quote::Rate;
use super::records::told;
use crate::generations::{Attempt, Generation, began};
use crate::hub::Shared;
use crate::stages::RequestError;

/// Requests of one page, at most and unless said.
const PAGE_MAX: usize = 100;
const PAGE: usize = 20;

/// One request. Times are in milliseconds from its first byte, unless they say otherwise; money is in decimal strings.
#[derive(Serialize, JsonSchema)]
pub(super) struct Data {
    id: String,
    operation: String,
    /// `completions` or `embeddings`, as OpenRouter names them.
    api_type: &'static str,
    model: Option<String>,
    /// Seconds since 1970.
    created: u64,
    created_at: String,
    streamed: bool,
    cancelled: bool,
    /// `completed`, `broken`, `abandoned` or `failed`.
    outcome: &'static str,
    error: Option<String>,
    tokens_prompt: Option<u64>,
    tokens_completion: Option<u64>,
    tokens_cached: Option<u64>,
    native_tokens_prompt: Option<u64>,
    native_tokens_completion: Option<u64>,
    native_tokens_cached: Option<u64>,
    images: Option<u64>,
    audio_ms: Option<u64>,
    /// Where the counts come from: `reported`, `bounded`, `estimated` or `measured`.
    basis: Option<&'static str>,
    total_cost: String,
    /// The same.
    usage: String,
    currency: &'static str,
    discount_percent: String,
    /// The rate that was stamped on its quote; of a price in SWAN only.
    exchange_rate: Option<Rate>,
    policy: Option<Policy>,
    key_id: Option<String>,
    provider_id: Option<String>,
    provider_name: Option<String>,
    connection_mode: Option<&'static str>,
    /// From the first byte of the request to the first content.
    latency: Option<u64>,
    /// From the first content to the end.
    generation_time: Option<u64>,
    duration: u64,
    attempts: Vec<Tried>,
}

/// The policy that priced a request.
#[derive(Serialize, JsonSchema)]
pub(super) struct Policy {
    version: String,
    hash: Option<String>,
}

/// One attempt at one provider.
#[derive(Serialize, JsonSchema)]
struct Tried {
    provider_id: String,
    provider_name: String,
    connection_mode: &'static str,
    started: u64,
    first_byte: Option<u64>,
    first_content: Option<u64>,
    ended: u64,
    ending: &'static str,
    /// `consumer`, `provider`, `hub`, or nobody.
    blame: Option<&'static str>,
    status: Option<u16>,
    hedge: bool,
    chosen: bool,
}

/// One request.
#[derive(Serialize, JsonSchema)]
pub(super) struct One {
    data: Data,
}

/// The requests of an account, the youngest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Many {
    object: &'static str,
    data: Vec<Data>,
    has_more: bool,
    /// What to send as `before` for the next page.
    next: Option<String>,
}

/// `GET /v1/generation?id=`.
pub(super) async fn one(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let find = async |reader| {
        let record = find(&hub, query.as_deref(), reader).await?;
        let data = data(&record);
        Ok(One { data })
    };
    told(&hub, request, find).await
}

/// `GET /v1/generations`.
pub(super) async fn list(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    told(&hub, request, |reader| page(&hub, query.as_deref(), reader)).await
}

async fn find(
    hub: &Shared,
    query: Option<&str>,
    reader: Option<AccountId>,
) -> Result<Arc<Generation>, RequestError> {
    let name = "id";
    let id = query::get(query, name).and_then(|id| id.parse().ok());
    let expected = "the request id of an answer: the header X-Request-ID";
    let id: RequestId = id.ok_or(RequestError::Query { name, expected })?;
    let found = hub.generations.find(id, reader).await;
    let found = found.map_err(|_| RequestError::StoreAway)?;
    // Somebody else's request is unknown, so that ids tell nothing.
    let own = found.filter(|record| reader.is_none() || record.account == reader);
    own.ok_or(RequestError::UnknownGeneration { id })
}

async fn page(
    hub: &Shared,
    query: Option<&str>,
    reader: Option<AccountId>,
) -> Result<Many, RequestError> {
    let wrong = |name, expected| RequestError::Query { name, expected };
    let limit = match query::get(query, "limit") {
        None => PAGE,
        Some(limit) => {
            let limit = limit.parse().ok();
            let limit = limit.filter(|limit| (1..=PAGE_MAX).contains(limit));
            limit.ok_or_else(|| wrong("limit", "a number from 1 to 100"))?
        }
    };
    let before = match query::get(query, "before") {
        None => RequestId::from_u128(u128::MAX),
        Some(id) => {
            let id = id.parse().ok();
            id.ok_or_else(|| wrong("before", "the value of next in the page before"))?
        }
    };
    let account = match reader {
        Some(account) => account,
        None => {
            let account = query::get(query, "account").and_then(|id| id.parse().ok());
            account.ok_or_else(|| wrong("account", "the id of an account: acc-…"))?
        }
    };
    let page = hub.generations.list(account, before, limit).await;
    let page = page.map_err(|_| RequestError::StoreAway)?;
    Ok(Many {
        object: "list",
        data: page.records.iter().map(|record| data(record)).collect(),
        has_more: page.next.is_some(),
        next: page.next.map(|id| id.to_string()),
    })
}

fn data(record: &Generation) -> Data {
    let usage = record.usage.map(|_| record.usage());
    let tokens = |count: fn(&swan_core::Usage) -> u64| usage.as_ref().map(count);
    let served = record.decisive();
    let outcome = record.outcome.get();
    let at = began(record.request);
    let latency = record.first_content_us;
    let flowed = |first| record.duration_us.saturating_sub(first) / 1_000;
    let embeds = record.operation == "embeddings";
    Data {
        id: record.request.to_string(),
        operation: record.operation.clone(),
        api_type: if embeds { "embeddings" } else { "completions" },
        model: record.model.as_ref().map(ToString::to_string),
        created: at.as_secs(),
        created_at: iso(at),
        streamed: record.streaming,
        cancelled: outcome == crate::events::Outcome::Abandoned,
        outcome: outcome.as_str(),
        error: record.error.clone(),
        tokens_prompt: tokens(|usage| usage.prompt_tokens),
        tokens_completion: tokens(|usage| usage.completion_tokens),
        tokens_cached: tokens(|usage| usage.cached_tokens),
        native_tokens_prompt: tokens(|usage| usage.prompt_tokens),
        native_tokens_completion: tokens(|usage| usage.completion_tokens),
        native_tokens_cached: tokens(|usage| usage.cached_tokens),
        images: tokens(|usage| usage.images),
        audio_ms: tokens(|usage| usage.audio_ms),
        basis: record.basis.map(crate::generations::KeptBasis::as_str),
        total_cost: record.charge.to_string(),
        usage: record.charge.to_string(),
        currency: record.currency().code(),
        discount_percent: query::percent(record.discount),
        exchange_rate: record.priced.rate().as_ref().map(Rate::of),
        policy: record.policy.as_ref().map(policy),
        key_id: record.key.map(|key| key.to_string()),
        provider_id: served.map(|attempt| attempt.provider.to_string()),
        provider_name: served.map(|attempt| attempt.name.clone()),
        connection_mode: served.map(Attempt::mode),
        latency: latency.map(|us| us / 1_000),
        generation_time: latency.map(flowed),
        duration: record.duration_us / 1_000,
        attempts: record.attempts.iter().map(tried).collect(),
    }
}

pub(super) fn policy(stamp: &swan_core::PolicyStamp) -> Policy {
    Policy {
        version: stamp.version().to_string(),
        hash: stamp.hash().map(ToString::to_string),
    }
}

fn tried(attempt: &Attempt) -> Tried {
    let millis = |us: u64| us / 1_000;
    Tried {
        provider_id: attempt.provider.to_string(),
        provider_name: attempt.name.clone(),
        connection_mode: attempt.mode(),
        started: millis(attempt.started_us),
        first_byte: attempt.first_byte_us.map(millis),
        first_content: attempt.first_content_us.map(millis),
        ended: millis(attempt.ended_us),
        ending: attempt.ending(),
        blame: attempt.blame(),
        status: attempt.status,
        hedge: attempt.is_hedge,
        chosen: attempt.is_chosen,
    }
}
