//! The models of one endpoint: how the stages see it, with slots and replies like those of providers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use swan_core::health::{Backoff, HealthRules};
use swan_core::{Clock, Modality, Model, ModelId, Policy, ProviderId, Timestamp};

use super::config::{ExternalConfig, ExternalModel};
use super::endpoint::Endpoint;
use super::error::ExternalError;
use super::upstream::Upstream;
use crate::providers::{AttemptError, Declared, Link, Vitals, Way};

/// How often an endpoint that is well is asked for its models.
const LIST_EVERY: Duration = Duration::from_secs(30);
/// How often one that does not answer is asked whether it is there again.
const PROBE: Backoff = Backoff {
    base: Duration::from_secs(5),
    cap: Duration::from_secs(300),
};
/// Unanswered questions in a row after which an endpoint gets no requests until it answers one.
const UNANSWERED: u32 = 2;

/// The models of an endpoint, by the hub's names.
type Links = BTreeMap<ModelId, Offered>;

/// A model that an endpoint offers.
#[derive(Debug, Clone)]
pub(super) struct Offered {
    pub(super) link: Arc<Link>,
    /// What it does, as far as configuration or endpoint say so.
    pub(super) kind: Option<Modality>,
}

/// A configured endpoint and the models that it serves.
#[derive(Debug)]
pub(crate) struct ExternalEndpoint {
    config: ExternalConfig,
    endpoint: Arc<Endpoint>,
    links: ArcSwap<Links>,
    clock: Arc<dyn Clock>,
    rules: Arc<HealthRules>,
    probe: Mutex<Probe>,
}

/// When it is asked next whether it is there.
#[derive(Debug, Default)]
struct Probe {
    due: Timestamp,
    unanswered: u32,
}

impl ExternalEndpoint {
    /// The endpoint that `config` describes, judged by `rules`; what was known of it `before` is kept. Nothing is sent before the
    /// first request or [`ExternalEndpoint::look`].
    ///
    /// # Errors
    /// [`ExternalError`] names what is wrong with the configuration.
    pub(super) fn new(
        config: ExternalConfig,
        clock: &Arc<dyn Clock>,
        rules: &Arc<HealthRules>,
        before: Option<&Self>,
    ) -> Result<Self, ExternalError> {
        let external = Self {
            endpoint: Arc::new(Endpoint::new(&config)?),
            links: ArcSwap::default(),
            clock: Arc::clone(clock),
            rules: Arc::clone(rules),
            probe: Mutex::default(),
            config,
        };
        let config = &external.config;
        let zero = |key| ExternalError::Zero {
            name: config.name.clone(),
            key,
        };
        let mut links = Links::new();
        for (name, described) in &config.models {
            if described.capacity == Some(0) {
                return Err(zero("models.capacity"));
            }
            let model: ModelId = name.parse().map_err(|error| ExternalError::Model {
                name: config.name.clone(),
                model: name.clone(),
                why: format!("{error}"),
            })?;
            let known = before.map(|before| before.links());
            links.insert(model.clone(), external.offer_as(model, described, known));
        }
        for (key, value) in [
            ("capacity", Some(u64::from(config.limits.capacity))),
            (
                "total_capacity",
                config.limits.total_capacity.map(u64::from),
            ),
            (
                "requests_per_minute",
                config.limits.requests_per_minute.map(u64::from),
            ),
            ("tokens_per_minute", config.limits.tokens_per_minute),
            ("weight", Some(u64::from(config.place.weight))),
        ] {
            if value == Some(0) {
                return Err(zero(key));
            }
        }
        if let Some(before) = before.filter(|before| external.discovers() && before.discovers()) {
            for (model, offered) in &*before.links() {
                let described = discovered(&offered.link.upstream, offered.kind);
                let offered = external.offer_as(model.clone(), &described, Some(before.links()));
                links.insert(model.clone(), offered);
            }
        }
        external.links.store(Arc::new(links));
        Ok(external)
    }

    /// The configuration, with the hub's names of its models.
    pub(super) const fn config(&self) -> &ExternalConfig {
        &self.config
    }

    /// The configured name.
    pub(crate) fn name(&self) -> &Arc<str> {
        self.endpoint.name()
    }

    /// The id that stands for it.
    pub(crate) fn provider(&self) -> ProviderId {
        self.endpoint.provider()
    }

    /// The models it serves.
    pub(super) fn links(&self) -> Arc<Links> {
        self.links.load_full()
    }

    /// Whether it comes before the providers for `model`.
    pub(super) fn is_first(&self, model: &ModelId) -> bool {
        let place = &self.config.place;
        place.first || place.first_for.iter().any(|name| name == model.as_str())
    }

    /// Asks it for its models when that is due, or whether it is there when it was not; says whether something has changed.
    pub(super) async fn look(&self, policy: &Policy) -> bool {
        self.endpoint.look_after_connections();
        let now = self.clock.now();
        let is_due = now >= self.probe.lock().due;
        if !is_due || !self.discovers() && !self.is_unwell(now) {
            return false;
        }
        let listed = self.endpoint.list().await;
        let answered = match &listed {
            Ok(_) | Err(AttemptError::Malformed(_)) => true,
            // Whoever refuses to list its models is there.
            Err(error) => error.status().is_some_and(|status| status < 500),
        };
        self.answered(answered, now);
        match listed {
            Ok(listed) => self.discovers() && self.adopt(&listed, policy),
            Err(error) => {
                if self.discovers() || !answered {
                    tracing::warn!(endpoint = %self.name(), %error, "an endpoint does not list its models");
                }
                false
            }
        }
    }

    fn answered(&self, answered: bool, now: Timestamp) {
        let mut probe = self.probe.lock();
        probe.unanswered = match answered {
            true => 0,
            false => probe.unanswered.saturating_add(1),
        };
        let wait = match probe.unanswered {
            0 => LIST_EVERY,
            failures => PROBE.ceiling(failures),
        };
        probe.due = now.after(wait);
        let is_gone = probe.unanswered >= UNANSWERED;
        for offered in self.links().values() {
            offered.link.set_unhealthy(is_gone);
        }
    }

    /// Whether something is known to be wrong with it.
    fn is_unwell(&self, now: Timestamp) -> bool {
        let is_open = |offered: &Offered| offered.link.candidate(now).breaker_open;
        self.probe.lock().unanswered > 0 || self.links().values().any(is_open)
    }

    /// Whether its models are those that it lists.
    fn discovers(&self) -> bool {
        self.config.models.is_empty()
    }

    /// Keeps of the models that it lists those that the policy allows; says whether that changes anything.
    fn adopt(&self, listed: &[(String, Option<Modality>)], policy: &Policy) -> bool {
        let known = self.links();
        let mut links = Links::new();
        for (upstream, kind) in listed {
            let Ok(Model { id: model, .. }) = policy.classify_as(upstream, *kind) else {
                continue;
            };
            let offered = match known.get(&model) {
                Some(offered) if *offered.link.upstream == **upstream => Offered {
                    kind: *kind,
                    ..offered.clone()
                },
                _ => self.offer_as(model.clone(), &discovered(upstream, *kind), None),
            };
            links.entry(model).or_insert(offered);
        }
        let same = |(one, other): (&Offered, &Offered)| {
            Arc::ptr_eq(&one.link, &other.link) && one.kind == other.kind
        };
        let is_same = links.len() == known.len() && links.values().zip(known.values()).all(same);
        if !is_same {
            self.links.store(Arc::new(links));
        }
        !is_same
    }

    fn offer_as(
        &self,
        model: ModelId,
        described: &ExternalModel,
        before: Option<Arc<Links>>,
    ) -> Offered {
        let before = before.and_then(|links| Some(Arc::clone(&links.get(&model)?.link)));
        let vitals = before
            .filter(|link| *link.upstream == *described.upstream)
            .map(|link| Arc::clone(&link.vitals));
        let declared = Declared {
            data: self.config.data,
            price: described.price,
            ..Declared::default()
        };
        let upstream = Upstream::new(Arc::clone(&self.endpoint), Arc::clone(&self.clock));
        let link = Arc::new(Link::new(
            (self.endpoint.provider(), Arc::clone(self.endpoint.name())),
            (model, described.upstream.as_str().into(), declared),
            Way::Endpoint(Arc::new(upstream)),
            vitals.unwrap_or_else(|| Arc::new(Vitals::new(Arc::clone(&self.rules)))),
            described.capacity.unwrap_or(self.config.limits.capacity),
        ));
        let kind = described.said_kind();
        Offered { link, kind }
    }
}

/// A model that an endpoint lists under this name, and perhaps with its kind.
fn discovered(upstream: &str, kind: Option<Modality>) -> ExternalModel {
    ExternalModel {
        kind,
        ..ExternalModel::named(upstream)
    }
}
