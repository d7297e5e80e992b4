//! What is counted of requests that have the same labels.

use std::sync::atomic::AtomicU64;

use swan_core::ModelId;
use swan_core::protocol::Operation;

use super::Histogram;
use super::money::Money;
use crate::events::{Outcome, RequestRecord};
use crate::providers::ConnectionMode;

/// The labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) operation: Operation,
    pub(super) model: Option<ModelId>,
    pub(super) mode: Option<ConnectionMode>,
    pub(super) streaming: bool,
    pub(super) outcome: Outcome,
    pub(super) code: Option<String>,
}

impl Key {
    pub(super) fn of(record: &RequestRecord) -> Self {
        Self {
            operation: record.operation.clone(),
            model: record.model.clone(),
            mode: record.mode(),
            streaming: record.streaming,
            outcome: record.outcome,
            code: record.error.clone(),
        }
    }

    /// The same without the labels that others choose, so that there is an end to keys.
    pub(super) fn bounded(self) -> Self {
        Self {
            model: None,
            code: self.code.map(|_| "other".to_owned()),
            ..self
        }
    }
}

/// The figures.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) requests: AtomicU64,
    pub(super) prompt_tokens: AtomicU64,
    pub(super) completion_tokens: AtomicU64,
    pub(super) charged_usd: Money,
    pub(super) charged_swan: Money,
    pub(super) retries: AtomicU64,
    pub(super) hedges: AtomicU64,
    pub(super) duration: Histogram,
    pub(super) overhead: Histogram,
    pub(super) upstream: Histogram,
    pub(super) first_content: Histogram,
}
