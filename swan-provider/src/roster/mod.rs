//! What is served now: models, the backends behind each, and how they are.

mod probe;
mod registration;
mod replica;
mod sources;
mod supervisor;

pub(crate) use probe::ask;
#[cfg(feature = "cli")]
pub(crate) use probe::probe;
pub(crate) use registration::Introduction;
pub(crate) use replica::{Replica, Slot};
pub(crate) use supervisor::{Plan, Supervisor};

use crate::models_file::Category;
use std::{collections::BTreeMap, sync::Arc};
use swan_core::protocol;
use swan_core::routing::DataPolicy;

/// A picture of all models, by the names that the hub is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    offers: BTreeMap<String, Offer>,
}

/// One model and whatever serves it.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) category: Category,
    pub(crate) format: Option<String>,
    pub(crate) quantization: Option<String>,
    /// What the models file says of prompts and answers.
    pub(crate) data: Option<DataPolicy>,
    /// The operator's own figure, where there is one.
    pub(crate) context_override: Option<u64>,
    pub(crate) replicas: Vec<Arc<Replica>>,
}

/// Why a request finds no place here (public-swan.md 1.4, statuses of the agent).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    NotDeployed,
    Unhealthy,
    Full,
}

impl NoPlace {
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::NotDeployed => 404,
            Self::Unhealthy => 503,
            Self::Full => 429,
        }
    }

    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::NotDeployed => "this provider does not serve that model",
            Self::Unhealthy => "this provider's model server does not answer at the moment",
            Self::Full => "this provider serves as many requests as it can",
        }
    }
}

impl Roster {
    /// Adds what serves `model`; several backends with the same model share its requests.
    pub(crate) fn add(&mut self, model: &str, offer: Offer) {
        match self.offers.get_mut(model) {
            Some(known) => {
                // Of two that promise different things, neither promise holds for both.
                if known.data != offer.data {
                    known.data = Some(DataPolicy::Undeclared);
                }
                known.replicas.extend(offer.replicas);
            }
            None => {
                self.offers.insert(model.to_owned(), offer);
            }
        }
    }

    /// A place on the least busy backend that answers.
    pub(crate) fn place(&self, model: &str) -> Result<Slot, NoPlace> {
        let offer = self.offers.get(model).ok_or(NoPlace::NotDeployed)?;
        let mut serving: Vec<_> = offer
            .replicas
            .iter()
            .filter(|r| r.health().is_serving())
            .collect();
        if serving.is_empty() {
            return Err(NoPlace::Unhealthy);
        }
        serving.sort_by_key(|replica| std::cmp::Reverse(replica.free()));
        serving
            .into_iter()
            .find_map(Replica::take)
            .ok_or(NoPlace::Full)
    }

    /// Any backend of a model, healthy or not, for a task of the hub.
    pub(crate) fn any(&self, model: &str) -> Option<(Category, Arc<Replica>)> {
        let offer = self.offers.get(model)?;
        let best = offer
            .replicas
            .iter()
            .max_by_key(|r| (r.health().is_serving(), r.free()))?;
        Some((offer.category, Arc::clone(best)))
    }

    /// The models that a request may be sent to.
    pub(crate) fn serving(&self) -> impl Iterator<Item = (&str, &Offer)> {
        self.offers
            .iter()
            .filter(|(_, offer)| offer.is_serving())
            .map(|(id, o)| (id.as_str(), o))
    }

    /// How each model is, in the protocol's words.
    pub(crate) fn health(&self) -> Vec<(String, protocol::Health)> {
        self.offers
            .iter()
            .map(|(id, offer)| (id.clone(), offer.health()))
            .collect()
    }

    /// Requests that run now.
    pub(crate) fn active(&self) -> u64 {
        let replicas = self.offers.values().flat_map(|offer| &offer.replicas);
        replicas
            .map(|replica| u64::from(replica.limit()) - replica.free() as u64)
            .sum()
    }
}

impl Offer {
    pub(crate) fn is_serving(&self) -> bool {
        self.replicas
            .iter()
            .any(|replica| replica.health().is_serving())
    }

    /// Requests at once over all backends that answer.
    pub(crate) fn capacity(&self) -> u32 {
        let serving = self
            .replicas
            .iter()
            .filter(|replica| replica.health().is_serving());
        serving.fold(0, |sum, replica| sum.saturating_add(replica.limit()))
    }

    /// The window that holds on every backend, and whether the operator or the servers said so.
    pub(crate) fn context_length(&self) -> Option<(u64, &'static str)> {
        let detected = self
            .replicas
            .iter()
            .map(|replica| replica.context_length())
            .min()
            .flatten();
        let stated = self.context_override.map(|tokens| (tokens, "override"));
        stated.or_else(|| detected.map(|tokens| (tokens, "detected")))
    }

    fn health(&self) -> protocol::Health {
        let best = self
            .replicas
            .iter()
            .map(|replica| replica.health().on_the_wire())
            .min();
        best.unwrap_or_default()
    }
}
