//! Who chooses among the providers of a model: the embedder's strategy, the configuration's, or the policy's.

use std::collections::HashMap;
use std::sync::Arc;

use swan_core::routing::StrategyName;
use swan_core::{ModelId, Policy, RoutingStrategy};

use crate::config::Routing;
use crate::error::HubError;

/// The strategies of a hub.
#[derive(Debug)]
pub(crate) struct Strategies {
    usual: Arc<dyn RoutingStrategy>,
    by_model: HashMap<ModelId, Arc<dyn RoutingStrategy>>,
    /// For requests that name a session; an embedder's own strategy sees to these itself.
    sticky: Option<Arc<dyn RoutingStrategy>>,
}

impl Strategies {
    /// Those of `routing` with the policy's numbers; `own` takes the place of the one that models usually have.
    pub(crate) fn new(
        routing: &Routing,
        own: Option<&Arc<dyn RoutingStrategy>>,
        policy: &Policy,
    ) -> Result<Self, HubError> {
        let rules = policy.routing();
        let name = routing.default.unwrap_or(rules.strategy_name());
        let usual = own.map_or_else(|| rules.strategy_of(name), Arc::clone);
        let mut by_model = HashMap::with_capacity(routing.models.len());
        for (model, name) in &routing.models {
            let model = policy.classify(model).map_err(|refusal| {
                HubError::Build(format!("routing.models: {model:?}: {refusal}"))
            })?;
            by_model.insert(model.id, rules.strategy_of(*name));
        }
        let sticky = own.is_none();
        Ok(Self {
            usual,
            by_model,
            sticky: sticky.then(|| rules.strategy_of(StrategyName::PrefixAffinity)),
        })
    }

    /// Who chooses for `model`; a request that names its session stays where the session is, up to a bound on the load there.
    pub(crate) fn of(&self, model: &ModelId, names_session: bool) -> &dyn RoutingStrategy {
        match &self.sticky {
            Some(sticky) if names_session => &**sticky,
            _ if self.by_model.is_empty() => &*self.usual,
            _ => &**self.by_model.get(model).unwrap_or(&self.usual),
        }
    }
}
