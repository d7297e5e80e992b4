//! All configured endpoints, by the models that they serve.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use swan_core::health::HealthRules;
use swan_core::protocol::Operation;
use swan_core::{Clock, Modality, Model, ModelId, ModelPrice, Policy, ProviderId};

use super::config::ExternalConfig;
use super::error::ExternalError;
use super::served::{ExternalEndpoint, Offered};
use super::tier::{ByWeight, Tier};
use crate::providers::{Link, Outliers};

/// How often endpoints are judged, and asked whether they are there.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Endpoints of one model and tier, each with its weight.
type Weighed = Vec<(Arc<Link>, u32)>;

/// A model that endpoints serve.
#[derive(Debug)]
struct Known {
    model: Arc<Model>,
    tiers: Arc<[Tier]>,
}

/// The endpoints of a hub: one set for each configuration, so that a reload makes another one and requests under way keep theirs.
#[derive(Debug)]
pub(crate) struct Endpoints {
    all: Vec<Arc<ExternalEndpoint>>,
    /// Who serves a model, in the order in which they are asked.
    by_model: ArcSwap<HashMap<ModelId, Known>>,
    /// What describes and prices their models.
    policy: Arc<Policy>,
    outliers: Outliers,
    clock: Arc<dyn Clock>,
}

impl Endpoints {
    /// The endpoints of `configs`, which may name their models by any of the policy's names. Endpoints that `before` has with
    /// the same configuration are taken over; of those that have changed, what is known of their models' health is.
    ///
    /// # Errors
    /// [`ExternalError`] names the endpoint and what is wrong with it.
    pub(crate) fn new(
        configs: &[ExternalConfig],
        policy: &Arc<Policy>,
        clock: &Arc<dyn Clock>,
        rules: &Arc<HealthRules>,
        before: Option<&Self>,
    ) -> Result<Self, ExternalError> {
        let mut all: Vec<Arc<ExternalEndpoint>> = Vec::with_capacity(configs.len());
        for config in configs {
            let config = by_the_policys_names(config, policy)?;
            if all.iter().any(|other| **other.name() == *config.name) {
                return Err(ExternalError::Duplicate { name: config.name });
            }
            let known = before
                .and_then(|before| before.all.iter().find(|it| **it.name() == *config.name))
                .filter(|known| known.config().base_url == config.base_url);
            all.push(match known {
                Some(known) if *known.config() == config => Arc::clone(known),
                _ => {
                    let known = known.map(|known| &**known);
                    Arc::new(ExternalEndpoint::new(config, clock, rules, known)?)
                }
            });
        }
        let endpoints = Self {
            all,
            by_model: ArcSwap::default(),
            policy: Arc::clone(policy),
            outliers: Outliers::new(Arc::clone(rules)),
            clock: Arc::clone(clock),
        };
        endpoints.publish();
        Ok(endpoints)
    }

    /// Whether there is none at all.
    pub(crate) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The models that an endpoint serves, by their names.
    pub(crate) fn models(&self) -> Vec<Arc<Model>> {
        let known = self.by_model.load();
        let mut models: Vec<_> = known.values().map(|it| Arc::clone(&it.model)).collect();
        models.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        models
    }

    /// What `model` is and costs, if an endpoint serves it.
    pub(crate) fn model(&self, model: &ModelId) -> Option<Arc<Model>> {
        Some(Arc::clone(&self.by_model.load().get(model)?.model))
    }

    /// Whether an endpoint serves `model`.
    pub(crate) fn serves(&self, model: &ModelId) -> bool {
        !self.is_empty() && self.by_model.load().contains_key(model)
    }

    /// The endpoints of `model`, in the order in which they are asked.
    pub(crate) fn of(&self, model: &ModelId) -> Option<Arc<[Tier]>> {
        if self.is_empty() {
            return None;
        }
        Some(Arc::clone(&self.by_model.load().get(model)?.tiers))
    }

    /// The endpoint of this id or name.
    pub(crate) fn find(&self, id_or_name: &str) -> Option<&ExternalEndpoint> {
        let id = id_or_name.parse().ok();
        let named = |endpoint: &&Arc<ExternalEndpoint>| {
            id == Some(endpoint.provider()) || endpoint.name().eq_ignore_ascii_case(id_or_name)
        };
        self.all.iter().find(named).map(|endpoint| &**endpoint)
    }

    /// Host and port of the endpoint of this id.
    #[cfg(feature = "otel")]
    pub(crate) fn server(&self, id: ProviderId) -> Option<(String, u16)> {
        let endpoint = self.all.iter().find(|it| it.provider() == id)?;
        let uri: http::Uri = endpoint.config().base_url.parse().ok()?;
        let port = match uri.scheme_str() {
            Some("https") => 443,
            _ => 80,
        };
        Some((uri.host()?.to_owned(), uri.port_u16().unwrap_or(port)))
    }

    /// The prices that endpoints have of their own for `model`.
    pub(crate) fn prices(&self, model: &ModelId) -> Vec<(ProviderId, ModelPrice)> {
        let Some(tiers) = self.of(model) else {
            return Vec::new();
        };
        let links = tiers.iter().flat_map(|tier| &tier.links);
        let own = |link: &Arc<Link>| Some((link.provider, link.declared.price?));
        links.filter_map(own).collect()
    }

    /// Judges the endpoints of each model as providers are, and asks those that are due for their models or a sign of life.
    pub(crate) async fn look(&self) {
        let looks = self.all.iter().map(|endpoint| endpoint.look(&self.policy));
        let changed = futures::future::join_all(looks).await.contains(&true);
        if changed {
            self.publish();
        }
        let links = self.links();
        let models = links.iter().map(|(model, links)| (model, links.as_slice()));
        self.outliers.sweep(models, self.clock.now());
    }

    /// Who serves each model, in the order of their ids.
    fn links(&self) -> BTreeMap<ModelId, Vec<Arc<Link>>> {
        let mut links: BTreeMap<ModelId, Vec<Arc<Link>>> = BTreeMap::new();
        for (model, offered) in self.all.iter().flat_map(|it| (*it.links()).clone()) {
            links.entry(model).or_default().push(offered.link);
        }
        links
            .values_mut()
            .for_each(|links| links.sort_by_key(|link| link.provider));
        links
    }

    fn publish(&self) {
        // By model, and then in the order in which they are asked.
        let mut served: BTreeMap<(ModelId, bool, u16), Weighed> = BTreeMap::new();
        let mut models: HashMap<ModelId, Arc<Model>> = HashMap::new();
        for endpoint in &self.all {
            let place = &endpoint.config().place;
            for (model, Offered { link, kind }) in &*endpoint.links() {
                let Ok(described) = self.policy.classify_as(model.as_str(), *kind) else {
                    continue;
                };
                let (name, kind) = (endpoint.name(), described.modality);
                let known = models.entry(model.clone()).or_insert(Arc::new(described));
                if known.modality != kind {
                    let other = known.modality;
                    tracing::warn!(endpoint = %name, %model, %kind, %other, "left out: another endpoint has this model as one of another kind");
                    continue;
                }
                let at = (model.clone(), !endpoint.is_first(model), place.tier);
                let weighed = (Arc::clone(link), place.weight);
                served.entry(at).or_default().push(weighed);
            }
        }
        let mut tiers: HashMap<ModelId, Vec<Tier>> = HashMap::new();
        for ((model, is_after, _), weighed) in served {
            let Some(modality) = models.get(&model).map(|model| model.modality) else {
                continue;
            };
            let (links, weights): (Vec<_>, Vec<_>) = weighed.into_iter().unzip();
            tiers.entry(model).or_default().push(Tier {
                is_first: !is_after,
                operations: Operation::of(modality),
                links: links.into(),
                by_weight: ByWeight::new(&weights),
            });
        }
        let by_model = models.into_iter().filter_map(|(id, model)| {
            let tiers = tiers.remove(&id)?.into();
            Some((id, Known { model, tiers }))
        });
        self.by_model.store(Arc::new(by_model.collect()));
    }
}

/// The same configuration with the policy's names of its models, and prices in the units that these are priced in.
fn by_the_policys_names(
    config: &ExternalConfig,
    policy: &Policy,
) -> Result<ExternalConfig, ExternalError> {
    let wrong = |model: &str, why: String| ExternalError::Model {
        name: config.name.clone(),
        model: model.to_owned(),
        why,
    };
    let mut named = config.clone();
    named.models.clear();
    for (name, described) in &config.models {
        let model = policy
            .classify_as(name, described.said_kind())
            .map_err(|refusal| wrong(name, refusal.to_string()))?;
        if let Some(kind) = described.kind
            && kind != model.modality
        {
            let why = format!(
                "kind = \"{kind}\": the catalogue knows it as {}",
                model.modality
            );
            return Err(wrong(name, why));
        }
        if let Some(price) = &described.price
            && !is_priced_so(&model, price)
        {
            let why = format!("{} models are not priced in this unit", model.modality);
            return Err(wrong(name, why));
        }
        let twice = named.models.insert(model.id.to_string(), described.clone());
        if twice.is_some() {
            return Err(wrong(name, "described twice, under another name".into()));
        }
    }
    for name in &mut named.place.first_for {
        let model = policy
            .classify(name)
            .map_err(|refusal| wrong(name, refusal.to_string()))?;
        *name = model.id.to_string();
    }
    Ok(named)
}

const fn is_priced_so(model: &Model, price: &ModelPrice) -> bool {
    matches!(
        (model.modality, price),
        (Modality::Chat | Modality::Embedding, ModelPrice::Tokens(_))
            | (Modality::Audio, ModelPrice::PerMinute(_))
            | (Modality::Image, ModelPrice::PerImage(_))
    )
}
