//! The handle to a running hub.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use swan_core::health::HealthRules;
use swan_core::{
    Clock, ModelId, Policy, Pricing, ProviderId, RequestId, RevenueSplit, SeededRng, Timestamp,
};
use tokio::sync::watch;

use crate::admission::{Desk, QueueCounts, RefusedCounts};
use crate::audio_length::AudioMeter;
use crate::builder::HubBuilder;
use crate::collateral::Collateral;
use crate::config::Limits;
use crate::deposits::Deposits;
use crate::error::HubError;
use crate::events::EventSink;
use crate::exchange::Exchanges;
use crate::external::Endpoints;
use crate::gateway::{self, Phase};
use crate::generations::{Generations, Totals};
use crate::idempotency::Idempotency;
use crate::ledger::{Books, Explanation, Subject, explain_anything};
use crate::market::Market;
use crate::metrics::Metrics;
use crate::payments::Payments;
use crate::price_feed::PriceFeed;
use crate::providers::{Registry, Sessions};
use crate::receipts::ReceiptSigner;
use crate::seams::{Entropy, PriceOracle};
use crate::settings::{Current, Overrides, Settings};
use crate::stages::{Authenticator, Gate, Spare, Streams};
use crate::store::{KeyRing, Store, StoreError, Watch};
use crate::strategies::Strategies;
#[cfg(feature = "otel")]
use crate::telemetry::Telemetry;

/// A market hub. Clones are handles to the same hub; two hubs in one process share nothing.
#[derive(Debug, Clone)]
pub struct Hub {
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) current: Current,
}

/// The hub as one request works with it: its rooms, and the settings that were in force when the request came.
///
/// A request loads it once and keeps it to its end, so it is priced, served and settled by one policy however often the hub
/// is reloaded meanwhile.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) rooms: Arc<Rooms>,
    /// Of which the rest is made.
    pub(crate) settings: Settings,
    pub(crate) policy: Arc<Policy>,
    pub(crate) pricing: Arc<dyn Pricing>,
    pub(crate) split: Arc<dyn RevenueSplit>,
    pub(crate) strategies: Arc<Strategies>,
    pub(crate) oracle: Arc<dyn PriceOracle>,
    /// The oracle, where it asks sources over HTTP.
    pub(crate) feed: Option<Arc<PriceFeed>>,
    pub(crate) external: Arc<Endpoints>,
    pub(crate) limits: Limits,
}

/// What lasts as long as the hub, whatever is reloaded.
#[derive(Debug)]
pub(crate) struct Rooms {
    /// What the embedder has put in the place of the policy's rules.
    pub(crate) overrides: Overrides,
    /// When providers and endpoints are left alone: by the policy that the hub was started with.
    pub(crate) health: Arc<HealthRules>,
    /// Taken by one reload after the other.
    pub(crate) reloading: Mutex<()>,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: KeyRing,
    pub(crate) books: Books,
    pub(crate) registry: Registry,
    pub(crate) sessions: Arc<Sessions>,
    /// Keeps keys fresh and carries out what the command line asks for; ends with the hub.
    pub(crate) _watch: Watch,
    pub(crate) audio: AudioMeter,
    pub(crate) gate: Arc<Gate>,
    /// Limits of keys and accounts, the free tier.
    pub(crate) desk: Desk,
    pub(crate) metrics: Metrics,
    #[cfg(feature = "otel")]
    pub(crate) telemetry: Option<Telemetry>,
    pub(crate) streams: Streams,
    /// Requests that may be sent twice.
    pub(crate) idempotency: Idempotency,
    /// How often providers may be asked beyond what consumers ask.
    pub(crate) spare: Spare,
    /// What is known of requests that have ended.
    pub(crate) generations: Generations,
    pub(crate) market: Market,
    /// Orders to pay in by card.
    pub(crate) payments: Payments,
    /// What providers have put in as a pledge.
    pub(crate) collateral: Arc<Collateral>,
    /// Deposits on a chain.
    pub(crate) deposits: Arc<Deposits>,
    /// What providers are paid in the currency that they prefer.
    pub(crate) exchange: Exchanges,
    /// As whom receipts are signed.
    pub(crate) receipts: ReceiptSigner,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) started: Timestamp,
}

impl Shared {
    /// A new id for a request: the time and 74 random bits, as a UUID of version 7.
    pub(crate) fn request_id(&self) -> RequestId {
        let millis = u128::from(self.clock.now().as_millis()) & 0xffff_ffff_ffff;
        let high = u128::from(self.entropy.next_u64()) & 0xfff;
        let low = u128::from(self.entropy.next_u64()) & 0x3fff_ffff_ffff_ffff;
        RequestId::from_u128(millis << 80 | 7 << 76 | high << 64 | 2 << 62 | low)
    }

    /// Randomness for one routing decision.
    pub(crate) fn rng(&self) -> SeededRng {
        SeededRng::new(self.entropy.next_u64())
    }

    /// Whether somebody serves `model` now, a provider or an endpoint of the hub.
    pub(crate) fn serves(&self, model: &ModelId) -> bool {
        self.registry.serves(model) || self.external.serves(model)
    }
}

impl Hub {
    /// Starts to put a hub together. Everything has a default, and every seam can be replaced.
    pub fn builder() -> HubBuilder {
        HubBuilder::new()
    }

    /// The whole HTTP surface: the OpenAI API under `/v1`, `/healthz`, `/readyz`, the provider socket at `/ws`, and at
    /// `/openapi.json` the OpenAPI 3.1 document of all of it.
    ///
    /// It nests under any path of another router and runs behind that router's own middleware. Every other path under it
    /// gets a 404 in the shape that OpenAI clients read; to merge the routes into a router that has a fallback of its own,
    /// take [`Hub::routes`].
    pub fn router(&self) -> axum::Router {
        gateway::with_fallbacks(self.routes(), &self.current)
    }

    /// The routes of [`Hub::router`] without an answer to paths and methods that do not exist.
    pub fn routes(&self) -> axum::Router {
        gateway::documented(&self.current)
    }

    /// The provider side alone: the socket at `/ws` and the status route that the public agent asks first.
    pub fn provider_router(&self) -> axum::Router {
        let routes = gateway::provider_routes(&self.current).into_router();
        gateway::with_fallbacks(routes, &self.current)
    }

    /// `/metrics` alone, without a key: for a socket that only those reach who may read figures.
    pub fn metrics_router(&self) -> axum::Router {
        let routes = gateway::metrics_routes(&self.current).into_router();
        gateway::with_fallbacks(routes, &self.current)
    }

    /// The books, for embedders who grant credit or show balances.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.rooms.books
    }

    /// The chain of facts that led to a charge, a transfer or a balance; `None` when nothing is known of it.
    ///
    /// What happened within the last 100 ms may not be in the journal yet; [`Books::flush`] waits for it.
    ///
    /// # Errors
    ///
    /// When the store cannot serve, or its journal is damaged.
    pub async fn explain(&self, subject: Subject) -> Result<Option<Explanation>, StoreError> {
        let rooms = &self.rooms;
        explain_anything(&*rooms.store, &rooms.generations, subject).await
    }

    /// The keys that open this hub, for embedders who issue them.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.rooms.keys
    }

    /// The store behind the hub.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.rooms.store
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.current.load().policy)
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.current.load().settings.clone()
    }

    /// Puts other settings in force for requests that come from now on; those that are under way end by theirs.
    ///
    /// Providers that are here stay. Endpoints whose configuration is the same keep their connections and what is known of
    /// their health. What the builder was given in the place of the policy's pricing, split or routing stays.
    ///
    /// # Errors
    ///
    /// [`HubError::Build`] when an endpoint is described wrongly; then nothing has changed.
    pub fn reload(&self, settings: Settings) -> Result<(), HubError> {
        self.current.reload(settings)
    }

    /// Requests in the hub at this moment.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.rooms.gate.in_flight()
    }

    /// How many requests limits have refused since the hub was started, and which.
    #[must_use]
    pub fn refused(&self) -> RefusedCounts {
        self.rooms.desk.refused()
    }

    /// What became of requests that found every provider full.
    #[must_use]
    pub fn queue(&self) -> QueueCounts {
        self.rooms.registry.queue().counts()
    }

    /// How many providers offer `model` at this moment.
    #[must_use]
    pub fn providers_online(&self, model: &str) -> usize {
        let models = self.rooms.registry.models();
        models
            .iter()
            .find(|online| online.model.id.as_str() == model)
            .map_or(0, |online| online.providers)
    }

    /// What `model`, which somebody offers now, is and costs.
    #[cfg(feature = "cli")]
    pub(crate) fn model(&self, model: &str) -> Option<Arc<swan_core::Model>> {
        let model = ModelId::new(model).ok()?;
        self.rooms.registry.model(&model)
    }

    /// What the whole hub did in the last `hours`, 24 at most, the hour that has begun included.
    #[must_use]
    pub fn totals(&self, hours: u64) -> Totals {
        let shared = &self.rooms;
        shared.generations.network(shared.clock.now(), hours)
    }

    /// The same for every model that was asked for.
    #[must_use]
    pub fn model_totals(&self, hours: u64) -> HashMap<ModelId, Totals> {
        let shared = &self.rooms;
        shared.generations.models(shared.clock.now(), hours)
    }

    /// The same for every provider that was asked, by model; endpoints of the hub have ids, too.
    #[must_use]
    pub fn provider_totals(&self, hours: u64) -> HashMap<(ProviderId, ModelId), Totals> {
        let shared = &self.rooms;
        shared.generations.providers(shared.clock.now(), hours)
    }

    /// Records of requests that were dropped because more came than could be kept; their money is in the books.
    #[must_use]
    pub fn records_lost(&self) -> u64 {
        self.rooms.generations.lost()
    }
}
