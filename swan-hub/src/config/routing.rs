//! `[routing]`: who chooses among the providers of a model.

use std::collections::BTreeMap;

use serde::Deserialize;
use swan_core::routing::StrategyName;

/// Strategies by their names: `health-aware`, `round-robin`, `least-connections`, `price`, `latency`, `throughput`,
/// `prefix-affinity`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Routing {
    /// The strategy of models that have none of their own; without it the policy's.
    #[serde(default)]
    pub default: Option<StrategyName>,
    /// Strategies of single models, by any of their names.
    #[serde(default)]
    pub models: BTreeMap<String, StrategyName>,
}

impl Routing {
    /// Lays `over` over this: its default and its table, where it has them.
    pub(super) fn apply(&mut self, over: Self) {
        self.default = over.default.or(self.default);
        if !over.models.is_empty() {
            self.models = over.models;
        }
    }

    /// The same with this strategy for models that have none of their own.
    #[must_use]
    pub fn with_default(self, strategy: StrategyName) -> Self {
        Self {
            default: Some(strategy),
            ..self
        }
    }

    /// The same with this strategy for one model.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>, strategy: StrategyName) -> Self {
        self.models.insert(model.into(), strategy);
        self
    }
}
