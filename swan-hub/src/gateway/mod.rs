//! The HTTP surface: routes, headers, and the one table from errors to answers.

mod answer;
mod bodies;
mod body;
mod crowd;
mod described;
mod described_money;
mod explain;
mod generation;
mod headers;
mod health;
mod inference;
mod invoice;
mod key;
mod metrics;
mod models;
mod once;
mod query;
mod quote;
mod receipt;
mod records;
mod respond;
mod server;
mod socket;
mod span;
mod statement;
mod usage;
mod words;

use std::sync::Arc;

use axum::Router;
use http::HeaderMap;

pub(crate) use answer::Answer;
pub(crate) use body::linger;
pub(crate) use described::keyed;
pub(crate) use described_money::paged as paged_movements;
pub(crate) use explain::explained;
pub(crate) use headers::stamp as stamp_headers;
pub(crate) use query::iso;
pub(crate) use respond::{
    error as error_answer, json as json_answer, replay, with_body as answer_with,
};
pub(crate) use server::{Front, Phase, serve};
pub(crate) use span::{all_of as span_of, within as read_within};
pub(crate) use statement::{Told as StatementPage, check_paging, page as statement_of};
pub(crate) use words::{ExplainedId, GroupName, ModelName, MonthText};

use crate::market;
use crate::openapi::{Routes, Stamp};
use crate::providers;
use crate::settings::Current;

/// Every route of the hub, without answers to paths that do not exist.
pub(crate) fn routes(hub: &Current) -> Routes {
    Routes::new()
        .add(described::chat(), inference::chat)
        .add(described::completions(), inference::completions)
        .add(described::embeddings(), inference::embeddings)
        .add(described::images(), inference::images)
        .add(described::transcriptions(), inference::transcriptions)
        .add(described::quote(), quote::quote)
        .add(described::generation(), generation::one)
        .add(described::generations(), generation::list)
        .add(described::explain(), explain::explain)
        .add(described::receipt(), receipt::one)
        .add(described_money::statement(), statement::statement)
        .add(described_money::usage(), usage::export)
        .add(described_money::invoices(), invoice::list)
        .add(described_money::invoice(), invoice::one)
        .add(described::receipt_keys(), receipt::keys)
        .add(described::well_known_keys(), receipt::keys)
        .add(described::provider_keys(), receipt::of_provider)
        .add(described::key(), key::show)
        .add(described::models(), models::list)
        .add(described::model(), models::one)
        .add(described::available_models(), models::available)
        .add(described::live(), health::live)
        .add(described::ready(), health::ready)
        .add(described::metrics(), metrics::guarded)
        .merge(market::routes(hub))
        .with_state(hub.clone())
        .merge(provider_routes(hub))
}

/// The routes that providers use.
pub(crate) fn provider_routes(hub: &Current) -> Routes {
    let routes = providers::routes().with_state(Arc::clone(&hub.load().sessions));
    routes.stamped(stamp(hub))
}

/// Every route of the hub and the document of them.
pub(crate) fn documented(hub: &Current) -> Router {
    routes(hub).documented(stamp(hub))
}

/// Puts on what every answer has.
fn stamp(hub: &Current) -> impl Stamp + use<> {
    let hub = hub.clone();
    move |headers: &mut HeaderMap| headers::stamp(headers, hub.load().request_id())
}

/// Figures alone, for a socket that only those reach who may read them.
pub(crate) fn metrics_routes(hub: &Current) -> Routes {
    Routes::new()
        .add(described::metrics(), metrics::open)
        .with_state(hub.clone())
}

/// The routes, and an answer of the one shape to everything else.
pub(crate) fn with_fallbacks(routes: Router, hub: &Current) -> Router {
    let (unknown, method) = (hub.clone(), hub.clone());
    routes
        .fallback(move |request| respond::unknown_url(unknown.load(), request))
        .method_not_allowed_fallback(move |request| {
            respond::method_not_allowed(method.load(), request)
        })
}
