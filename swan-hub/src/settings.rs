//! What may change while a hub runs, and how it changes: all of it at once, for requests that come afterwards.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use swan_core::{Policy, Pricing, RevenueSplit, RoutingStrategy, SeedPricing};

use crate::admission::{KeyRules, QueueRules};
use crate::config::{Hedging, Limits, Routing};
use crate::error::HubError;
use crate::external::{Endpoints, ExternalConfig};
use crate::hub::{Rooms, Shared};
use crate::market::MarketOptions;
use crate::price_feed::{PriceFeed, PriceFeedOptions};
use crate::seams::{FixedPrice, PriceOracle};
use crate::strategies::Strategies;

/// What may change while a hub runs: [`Hub::settings`](crate::Hub::settings) gives what is in force,
/// [`Hub::reload`](crate::Hub::reload) puts something else in its place.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hub = swan_hub::Hub::builder().build().await?;
/// let policy = swan_core::Policy::swan_1_0();
/// hub.reload(hub.settings().with_policy(policy))?;
/// assert_eq!(hub.policy().version().as_str(), "swan-1.0");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Catalogue, prices, split, metering and routing. Its rules of health are those of the hub's start.
    pub policy: Arc<Policy>,
    /// The bounds that the hub keeps.
    pub limits: Limits,
    /// The OpenAI-compatible servers behind the hub.
    pub external: Vec<ExternalConfig>,
    /// Who chooses among the providers of a model.
    pub routing: Routing,
    /// What a SWAN is worth.
    pub oracle: Arc<dyn PriceOracle>,
    /// The sources that are asked over HTTP what a SWAN is worth, in the place of [`Settings::oracle`].
    pub price_feed: Option<Arc<PriceFeedOptions>>,
    /// Whether `/metrics` needs no administrator's key. Default no.
    pub public_metrics: bool,
    /// How keys are treated: defaults of their limits, whose word on addresses counts, the free tier.
    pub keys: KeyRules,
    /// How long and in what number requests wait for a place at a provider.
    pub queue: QueueRules,
    /// Whether a second provider is asked when the first takes long.
    pub hedging: Hedging,
    /// Who may open an account, and what else is decided about accounts.
    pub market: MarketOptions,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Arc::new(Policy::swan_2_0()),
            limits: Limits::default(),
            external: Vec::new(),
            routing: Routing::default(),
            oracle: Arc::new(FixedPrice::none()),
            price_feed: None,
            public_metrics: false,
            keys: KeyRules::default(),
            queue: QueueRules::default(),
            hedging: Hedging::default(),
            market: MarketOptions::default(),
        }
    }
}

impl Settings {
    /// The same with this policy.
    #[must_use]
    pub fn with_policy(self, policy: impl Into<Arc<Policy>>) -> Self {
        Self {
            policy: policy.into(),
            ..self
        }
    }

    /// The same with these limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self {
            limits: limits.countable(),
            ..self
        }
    }

    /// The same with these endpoints and no others.
    #[must_use]
    pub fn with_external(self, external: Vec<ExternalConfig>) -> Self {
        Self { external, ..self }
    }

    /// The same with these strategies.
    #[must_use]
    pub fn with_strategies(self, routing: Routing) -> Self {
        Self { routing, ..self }
    }

    /// The same with these rules for keys.
    #[must_use]
    pub fn with_key_rules(self, keys: KeyRules) -> Self {
        Self { keys, ..self }
    }

    /// The same with these bounds on waiting.
    #[must_use]
    pub fn with_queue(self, queue: QueueRules) -> Self {
        Self { queue, ..self }
    }

    /// The same with these rules for asking a second provider.
    #[must_use]
    pub fn with_hedging(self, hedging: Hedging) -> Self {
        Self { hedging, ..self }
    }

    /// The same with this source of the price of SWAN.
    #[must_use]
    pub fn with_price_oracle(self, oracle: Arc<dyn PriceOracle>) -> Self {
        Self { oracle, ..self }
    }

    /// The same with these sources of the price of SWAN.
    #[must_use]
    pub fn with_price_feed(self, feed: PriceFeedOptions) -> Self {
        Self {
            price_feed: Some(Arc::new(feed)),
            ..self
        }
    }

    /// The same with these decisions about accounts.
    #[must_use]
    pub fn with_market(self, market: MarketOptions) -> Self {
        Self { market, ..self }
    }

    /// The same, saying whether `/metrics` needs no key.
    #[must_use]
    pub fn with_public_metrics(self, public_metrics: bool) -> Self {
        Self {
            public_metrics,
            ..self
        }
    }
}

/// What the embedder has put in the place of the policy's rules, whichever policy is in force.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) pricing: Option<Arc<dyn Pricing>>,
    pub(crate) split: Option<Arc<dyn RevenueSplit>>,
    pub(crate) routing: Option<Arc<dyn RoutingStrategy>>,
}

/// The hub as requests find it that come now. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub(crate) struct Current(Arc<ArcSwap<Shared>>);

/// As [`Current`], for tasks that end with the hub.
#[derive(Debug)]
pub(crate) struct WeakCurrent(Weak<ArcSwap<Shared>>);

impl Current {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(shared)))
    }

    /// What a request that comes now works with, to its end.
    pub(crate) fn load(&self) -> Arc<Shared> {
        self.0.load_full()
    }

    pub(crate) fn downgrade(&self) -> WeakCurrent {
        WeakCurrent(Arc::downgrade(&self.0))
    }

    /// Puts `settings` in force for requests that come from now on.
    pub(crate) fn reload(&self, settings: Settings) -> Result<(), HubError> {
        let before = self.load();
        // One after the other, so that each starts from what the last one left.
        let _turn = before.reloading.lock();
        let before = self.load();
        let rooms = Arc::clone(before.rooms());
        let shared = Shared::new(rooms, settings, Some(&before))?;
        shared.gate.set_limit(shared.limits.in_flight);
        shared
            .sessions
            .set_max_connected(shared.limits.provider_connections);
        shared.streams.set_heartbeat(shared.limits.heartbeat);
        shared.spare.set(&shared.limits, &shared.settings.hedging);
        shared.sessions.set_policy(&shared.policy);
        shared.market.payouts.set_policy(&shared.policy);
        shared.keys.set_defaults(shared.settings.keys.defaults);
        let queue = Arc::clone(shared.registry.queue());
        self.0.store(Arc::new(shared));
        // Another endpoint may have room for those who wait.
        queue.look();
        Ok(())
    }
}

impl WeakCurrent {
    /// `None` when the hub is gone.
    pub(crate) fn load(&self) -> Option<Arc<Shared>> {
        Some(self.0.upgrade()?.load_full())
    }
}

impl FromRef<Current> for Arc<Shared> {
    fn from_ref(current: &Current) -> Self {
        current.load()
    }
}

impl Shared {
    /// The rooms under these settings; endpoints that `known` has with the same configuration are kept, and so is its price feed.
    pub(crate) fn new(
        rooms: Arc<Rooms>,
        settings: Settings,
        known: Option<&Self>,
    ) -> Result<Self, HubError> {
        let policy = Arc::clone(&settings.policy);
        let (overrides, rules) = (&rooms.overrides, &rooms.health);
        let served = known.map(|known| &*known.external);
        let external = Endpoints::new(&settings.external, &policy, &rooms.clock, rules, served)
            .map_err(|error| HubError::Build(error.to_string()))?;
        let feed = feed(&settings, known)?;
        let pricing = overrides.pricing.clone();
        let split = overrides.split.clone();
        let strategies = Strategies::new(&settings.routing, overrides.routing.as_ref(), &policy)?;
        Ok(Self {
            pricing: pricing.unwrap_or_else(|| Arc::new(SeedPricing::new())),
            split: split.unwrap_or_else(|| Arc::new(*policy.split())),
            strategies: Arc::new(strategies),
            oracle: match &feed {
                Some(feed) => Arc::clone(feed) as Arc<dyn PriceOracle>,
                None => Arc::clone(&settings.oracle),
            },
            feed,
            limits: settings.limits.clone(),
            external: Arc::new(external),
            policy,
            settings,
            rooms,
        })
    }

    /// What lasts as long as the hub.
    pub(crate) const fn rooms(&self) -> &Arc<Rooms> {
        &self.rooms
    }
}

/// The price feed of these settings: the one that is known already, if it is the same.
fn feed(settings: &Settings, known: Option<&Shared>) -> Result<Option<Arc<PriceFeed>>, HubError> {
    let Some(options) = &settings.price_feed else {
        return Ok(None);
    };
    let known = known.and_then(|known| known.feed.as_ref());
    if let Some(same) = known.filter(|known| *known.options() == **options) {
        return Ok(Some(Arc::clone(same)));
    }
    let feed = PriceFeed::new((**options).clone(), known.map(|known| &**known));
    let feed = feed.map_err(|error| HubError::Build(error.to_string()))?;
    Ok(Some(Arc::new(feed)))
}

impl Deref for Shared {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.rooms
    }
}
