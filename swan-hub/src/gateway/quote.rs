//! `POST /v1/quote`: what a request would cost, by the very steps by which it would be held and charged. Nothing is held.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::protocol::Operation;
use swan_core::{Amount, ModelPrice, RequestId, StampedRate, Usage};

use super::body::linger;
use super::generation::{Policy, policy};
use super::query::{self, iso, percent};
use super::{Answer, respond};
use crate::admission::headers::write as limits_left;
use crate::header_text::HeaderText;
use crate::hub::Shared;
use crate::idempotency::{Asked, Begun, Outcome, Owner};
use crate::stages::{self, Bill, Opened, Priced, RequestError};

/// What a request would cost. Money is in decimal strings.
#[derive(Serialize, JsonSchema)]
pub(super) struct Quoted {
    object: &'static str,
    operation: String,
    /// The model by its canonical name; of several that the request allows, the first.
    model: String,
    currency: &'static str,
    /// The most that it can cost, whoever serves it: exactly what would be held, of a long stream slice by slice.
    worst: Cost,
    /// What it will cost, about.
    expected: Expected,
    pricing: Pricing,
    discount_percent: String,
    policy: Policy,
    /// Of a price in SWAN only.
    exchange_rate: Option<Rate>,
    /// Until when the exchange rate holds at most; without one the price holds as long as its policy.
    valid_until: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Cost {
    cost: String,
    usage: Counts,
}

#[derive(Serialize, JsonSchema)]
struct Expected {
    cost: String,
    usage: Counts,
    /// Where the length of the answer comes from: `typical` of the model in the last day, `max`, or `exact`.
    output: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Counts {
    prompt_tokens: u64,
    completion_tokens: u64,
    images: u64,
    audio_ms: u64,
}

/// US dollars for one unit, without the discount.
#[derive(Serialize, JsonSchema)]
struct Pricing {
    /// `million_tokens`, `minute` or `image`.
    unit: &'static str,
    input: Option<String>,
    cached_input: Option<String>,
    output: Option<String>,
    price: Option<String>,
}

/// What a SWAN was worth, by whom and when.
#[derive(Serialize, JsonSchema)]
pub(super) struct Rate {
    usd_per_swan: String,
    feed: String,
    at: String,
}

impl Rate {
    pub(super) fn of(rate: &StampedRate) -> Self {
        Self {
            usd_per_swan: rate.rate().usd().to_string(),
            feed: rate.feed().to_owned(),
            at: iso(rate.at()),
        }
    }
}

/// The handler.
pub(super) async fn quote(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let id = hub.request_id();
    let mut bill = Bill::open(&hub, id);
    let (parts, mut body) = request.into_parts();
    let quoted = async {
        let operation = match operation(query.as_deref()) {
            Ok(operation) => operation,
            Err(error) => {
                // Who has no key is told so first, as everywhere.
                hub.authenticator.authenticate(&parts).await?;
                return Err(error);
            }
        };
        let opened = stages::open(&hub, operation, &parts, &mut body, &mut bill).await?;
        once(&hub, opened, &parts.headers, id).await
    };
    let mut is_shut = false;
    let mut response = match quoted.await {
        Ok(Once::First(response)) => {
            bill.quoted();
            response
        }
        Ok(Once::Again(response)) => {
            bill.replayed();
            response
        }
        Err(error) => {
            let answer = Answer::of(&error);
            bill.answered(&answer);
            linger(&parts.headers, body);
            is_shut = error.is_shut();
            respond::error(&answer, id)
        }
    };
    if let Some(access) = bill.access().filter(|_| !is_shut) {
        let mut text = HeaderText::new();
        limits_left(response.headers_mut(), &mut text, access, hub.clock.now());
    }
    response
}

/// A quote, and whether it was given before.
enum Once {
    First(Response),
    Again(Response),
}

/// The same quote to the same key, as with a request: a refusal leaves the key free.
async fn once(
    hub: &Shared,
    opened: Opened,
    headers: &HeaderMap,
    id: RequestId,
) -> Result<Once, RequestError> {
    let operation = format!("quote of {}", opened.operation.as_str());
    let asked = Asked {
        owner: Owner::account(opened.consumer.account),
        operation: &operation,
        headers,
        body: &opened.body,
        request: id,
        is_marked: false,
    };
    let claim = match hub.idempotency.begin(asked).await? {
        Begun::Unkeyed => None,
        Begun::First(claim) => Some(claim),
        Begun::Replay(outcome) => {
            stages::check_steering(headers)?;
            return Ok(Once::Again(respond::replay(&outcome)));
        }
    };
    let priced = stages::price(hub, opened, headers).await?;
    // Strings and numbers always serialise.
    let body = serde_json::to_vec(&answer(hub, &priced)).unwrap_or_default();
    let body = Bytes::from(body);
    let response = respond::json(StatusCode::OK, body.clone(), id);
    if let Some(mut claim) = claim {
        claim.record(&body);
        let outcome = Outcome::new(response.status(), response.headers(), Vec::new());
        claim.finish(outcome, true);
    }
    Ok(Once::First(response))
}

fn operation(query: Option<&str>) -> Result<Operation, RequestError> {
    let Some(name) = query::get(query, "operation") else {
        return Ok(Operation::ChatCompletions);
    };
    match Operation::parse(name.trim_start_matches("/v1/")) {
        Some(Operation::Other(_)) | None => Err(RequestError::Query {
            name: "operation",
            expected: "the path of an endpoint below /v1, such as chat/completions",
        }),
        Some(operation) => Ok(operation),
    }
}

fn answer(hub: &Shared, priced: &Priced) -> Quoted {
    let quoted = &priced.quoted;
    let terms = quoted.quote.terms();
    let (expected, output) = quoted.expected(&priced.asked, hub);
    let cost = terms.price(&expected).unwrap_or(quoted.quote.amount());
    let rate = terms.rate();
    let by_policy = hub.policy.payment().rate_max_age();
    let max_age = hub.oracle.max_age().unwrap_or(by_policy).min(by_policy);
    Quoted {
        object: "quote",
        operation: priced.asked.operation.as_str().to_owned(),
        model: quoted.model.to_string(),
        currency: terms.currency().code(),
        worst: Cost {
            cost: quoted.amount().to_string(),
            usage: counts(quoted.quote.worst()),
        },
        expected: Expected {
            cost: cost.to_string(),
            usage: counts(&expected),
            output,
        },
        pricing: pricing(terms.listed()),
        discount_percent: percent(terms.discount().get()),
        policy: policy(terms.policy()),
        exchange_rate: rate.map(Rate::of),
        valid_until: rate.map(|rate| iso(rate.at().after(max_age))),
    }
}

const fn counts(usage: &Usage) -> Counts {
    Counts {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        images: usage.images,
        audio_ms: usage.audio_ms,
    }
}

fn pricing(price: &ModelPrice) -> Pricing {
    let of_unit = |unit, usd: Amount| Pricing {
        unit,
        input: None,
        cached_input: None,
        output: None,
        price: Some(usd.to_string()),
    };
    match price {
        ModelPrice::Tokens(price) => Pricing {
            unit: "million_tokens",
            input: Some(price.input_per_million().to_string()),
            cached_input: Some(price.cached_per_million().to_string()),
            output: Some(price.output_per_million().to_string()),
            price: None,
        },
        ModelPrice::PerMinute(price) => of_unit("minute", price.usd()),
        ModelPrice::PerImage(price) => of_unit("image", price.usd()),
        _ => of_unit("unknown", Amount::ZERO),
    }
}
