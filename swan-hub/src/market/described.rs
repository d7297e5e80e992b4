//! What the OpenAPI document says of the routes that anybody may read.

use schemars::JsonSchema;

use super::catalogue::{Catalogue, Files, Providers};
use super::demand::DemandRow;
use super::figures::{Busy, Chains, Health, Summary};
use super::reply::{Envelope, Page};
use super::rows::ModelRow;
use super::statistics::{Gpus, Leader, Network};
use crate::gateway::ModelName;
use crate::openapi::Operation;

const MARKET: &str = "Market";

/// A page's number.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct PageNumber(#[schemars(range(min = 1, max = 1_000_000))] u32);

/// Entries on a page.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct PageSize(#[schemars(range(min = 1, max = 500))] u32);

fn read<T: JsonSchema>(path: &'static str, summary: &'static str) -> Operation {
    Operation::get(path, summary)
        .tag(MARKET)
        .answers::<Envelope<T>>(200, "At most a second old")
}

fn paged(operation: Operation) -> Operation {
    operation
        .query::<PageNumber>("page", "The page, from 1")
        .query::<PageSize>("page_size", "Entries on a page, 20 unless said")
        .fails([400])
}

fn of_model(operation: Operation) -> Operation {
    operation
        .segment::<ModelName>("id", "The model's name or an alias, with its slash as %2F")
        .fails([400, 404])
}

pub(super) fn models() -> Operation {
    paged(read::<Page<ModelRow>>(
        "/api/v1/models",
        "Models, their prices, and who is there",
    ))
    .query::<String>("category", "text-generation, embedding, image or audio")
    .query::<String>("active", "`true`: only those that somebody serves now")
}

pub(super) fn catalog() -> Operation {
    read::<Catalogue>(
        "/api/v1/models/catalog",
        "Where the weights of the policy's models are",
    )
}

pub(super) fn model() -> Operation {
    of_model(read::<ModelRow>("/api/v1/models/{id}", "A model"))
}

pub(super) fn model_providers() -> Operation {
    of_model(read::<Providers>(
        "/api/v1/models/{id}/providers",
        "Who serves a model now, and how well",
    ))
}

pub(super) fn files() -> Operation {
    of_model(read::<Files>(
        "/api/v1/models/{id}/files",
        "The files of a model's weights",
    ))
    .query::<String>("format", "The format of the weights")
}

pub(super) fn network() -> Operation {
    read::<Network>(
        "/api/v1/stats/network",
        "The whole market in the last 24 hours",
    )
}

pub(super) fn leaderboard() -> Operation {
    paged(read::<Page<Leader>>(
        "/api/v1/stats/leaderboard",
        "Providers by the policy's score",
    ))
}

pub(super) fn gpu() -> Operation {
    read::<Gpus>("/api/v1/stats/gpu", "The hardware that providers declare")
}

pub(super) fn utilization() -> Operation {
    read::<Busy>("/api/v1/stats/utilization", "How busy the market is")
}

pub(super) fn demand() -> Operation {
    paged(read::<Page<DemandRow>>(
        "/api/v1/stats/model-demand",
        "Which models are asked for",
    ))
}

pub(super) fn summary() -> Operation {
    read::<Summary>("/api/v1/dashboard/summary", "What a front page shows")
}

pub(super) fn health() -> Operation {
    read::<Health>("/api/v1/health", "How the hub is")
}

pub(super) fn contract() -> Operation {
    read::<Chains>(
        "/api/v1/provider/collateral/contract",
        "Where collateral can be deposited",
    )
}
