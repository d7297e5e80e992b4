//! Puts a hub together.

mod parts;

use std::sync::Arc;

use parking_lot::Mutex;
use swan_core::{Clock, Policy, Pricing, RevenueSplit, RoutingStrategy};
use tokio::sync::watch;

use crate::admission::{Desk, KeyRules, QueueRules};
use crate::audio_length::AudioMeter;
use crate::beside;
use crate::collateral::Collateral;
use crate::config::{Hedging, Limits, Routing};
use crate::deposits::{ChainNode, DepositOptions, Deposits, Watched};
use crate::error::HubError;
use crate::events::{EventSink, TracingSink};
use crate::exchange::Exchanges;
use crate::external::ExternalConfig;
use crate::generations::{Generations, GenerationsOptions};
use crate::hub::{Hub, Rooms, Shared};
use crate::idempotency::{Idempotency, IdempotencyOptions};
use crate::ledger::BooksOptions;
use crate::market::{Market, MarketOptions};
use crate::metrics::Metrics;
use crate::payments::{PaymentGateway, PaymentOptions, Payments};
use crate::price_feed::PriceFeedOptions;
use crate::providers::Registry;
use crate::receipts::{self, ReceiptSigner};
use crate::seams::{Entropy, FixedPrice, PriceOracle, SystemClock};
use crate::settings::{Current, Overrides, Settings};
use crate::stages::{Authenticator, Gate, Spare, Streams};
use crate::store::{KeyRing, MemoryStore, Store, Watch};
#[cfg(feature = "otel")]
use crate::telemetry::TelemetryOptions;
#[cfg(feature = "otel")]
use parts::telemetry;
use parts::{open_books, sessions, system_entropy};

/// Every seam of a hub. What is not set has its default: memory as the store, the clock and randomness of the system, the
/// built-in policy `swan-2.0` with its prices and split, two random choices for routing, keys of the store for
/// authentication, `tracing` for events, and no price for SWAN.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct HubBuilder {
    store: Option<Arc<dyn Store>>,
    clock: Option<Arc<dyn Clock>>,
    entropy: Option<Arc<dyn Entropy>>,
    policy: Option<Arc<Policy>>,
    pricing: Option<Arc<dyn Pricing>>,
    split: Option<Arc<dyn RevenueSplit>>,
    routing: Option<Arc<dyn RoutingStrategy>>,
    oracle: Option<Arc<dyn PriceOracle>>,
    price_feed: Option<Arc<PriceFeedOptions>>,
    authenticator: Option<Arc<dyn Authenticator>>,
    events: Option<Arc<dyn EventSink>>,
    limits: Limits,
    key_rules: KeyRules,
    hedging: Hedging,
    queue: QueueRules,
    books: BooksOptions,
    idempotency: IdempotencyOptions,
    generations: GenerationsOptions,
    receipts: Option<ReceiptSigner>,
    payments: (Option<Arc<dyn PaymentGateway>>, PaymentOptions),
    deposits: Option<Watched>,
    external: Vec<ExternalConfig>,
    strategies: Routing,
    market: MarketOptions,
    public_metrics: bool,
    #[cfg(feature = "otel")]
    telemetry: Option<TelemetryOptions>,
}

impl HubBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Where keys, accounts and the journal are kept.
    pub fn with_store(self, store: Arc<dyn Store>) -> Self {
        Self {
            store: Some(store),
            ..self
        }
    }

    /// What time it is.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: Some(clock),
            ..self
        }
    }

    /// Randomness for request ids and routing.
    pub fn with_entropy(self, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            entropy: Some(entropy),
            ..self
        }
    }

    /// Catalogue, prices, split and metering.
    pub fn with_policy(self, policy: Policy) -> Self {
        Self {
            policy: Some(Arc::new(policy)),
            ..self
        }
    }

    /// How a request is priced.
    pub fn with_pricing(self, pricing: Arc<dyn Pricing>) -> Self {
        Self {
            pricing: Some(pricing),
            ..self
        }
    }

    /// How a charge is shared out, in the place of the policy's split. Models with a payout price go by that.
    pub fn with_split(self, split: Arc<dyn RevenueSplit>) -> Self {
        Self {
            split: Some(split),
            ..self
        }
    }

    /// Who gets a request, in the place of the policy's strategy. Models to which [`HubBuilder::with_strategies`] gives one keep it.
    pub fn with_routing(self, routing: Arc<dyn RoutingStrategy>) -> Self {
        Self {
            routing: Some(routing),
            ..self
        }
    }

    /// Who chooses among the providers of single models, and of those without a strategy of their own.
    pub fn with_strategies(self, strategies: Routing) -> Self {
        Self { strategies, ..self }
    }

    /// What a SWAN is worth.
    pub fn with_price_oracle(self, oracle: Arc<dyn PriceOracle>) -> Self {
        Self {
            oracle: Some(oracle),
            ..self
        }
    }

    /// Sources that are asked over HTTP what a SWAN is worth, in the place of a price oracle.
    pub fn with_price_feed(self, feed: PriceFeedOptions) -> Self {
        Self {
            price_feed: Some(Arc::new(feed)),
            ..self
        }
    }

    /// Whose request it is.
    pub fn with_authenticator(self, authenticator: Arc<dyn Authenticator>) -> Self {
        Self {
            authenticator: Some(authenticator),
            ..self
        }
    }

    /// Who is told about requests.
    pub fn with_event_sink(self, events: Arc<dyn EventSink>) -> Self {
        Self {
            events: Some(events),
            ..self
        }
    }

    /// The bounds that the hub keeps.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self {
            limits: limits.countable(),
            ..self
        }
    }

    /// How keys are treated: defaults of their limits, whose word on addresses counts, the free tier.
    pub fn with_key_rules(self, key_rules: KeyRules) -> Self {
        Self { key_rules, ..self }
    }

    /// How long and in what number requests wait for a place at a provider.
    pub fn with_queue(self, queue: QueueRules) -> Self {
        Self { queue, ..self }
    }

    /// How much is kept of requests with an `Idempotency-Key`, and for how long.
    pub fn with_idempotency(self, idempotency: IdempotencyOptions) -> Self {
        Self {
            idempotency,
            ..self
        }
    }

    /// How much is kept of requests that have ended, and for how long.
    pub fn with_generations(self, generations: GenerationsOptions) -> Self {
        Self {
            generations,
            ..self
        }
    }

    /// As whom receipts are signed; with a key that ends with the process, unless said.
    pub fn with_receipts(self, signer: ReceiptSigner) -> Self {
        Self {
            receipts: Some(signer),
            ..self
        }
    }

    /// Who takes payments by card, and what is decided about them; nobody does without it.
    pub fn with_payments(self, gateway: Arc<dyn PaymentGateway>, options: PaymentOptions) -> Self {
        Self {
            payments: (Some(gateway), options),
            ..self
        }
    }

    /// What is decided about deposits on a chain, and the nodes that tell of them; there are none without it.
    pub fn with_deposits(self, options: DepositOptions, nodes: Vec<Arc<dyn ChainNode>>) -> Self {
        Self {
            deposits: Some(Watched {
                options: Arc::new(options),
                nodes,
            }),
            ..self
        }
    }

    /// Whether a second provider is asked when the first takes long.
    pub fn with_hedging(self, hedging: Hedging) -> Self {
        Self { hedging, ..self }
    }

    /// How the books are kept.
    pub fn with_books(self, books: BooksOptions) -> Self {
        Self { books, ..self }
    }

    /// Who may open an account, and what else an operator decides about accounts.
    pub fn with_market(self, market: MarketOptions) -> Self {
        Self { market, ..self }
    }

    /// Where traces of requests go; nowhere without it.
    #[cfg(feature = "otel")]
    pub fn with_telemetry(self, telemetry: TelemetryOptions) -> Self {
        Self {
            telemetry: Some(telemetry),
            ..self
        }
    }

    /// An OpenAI-compatible server that serves what no provider can.
    pub fn with_external(mut self, external: ExternalConfig) -> Self {
        self.external.push(external);
        self
    }

    /// Everything at once that may change while the hub runs.
    pub fn with_settings(self, settings: Settings) -> Self {
        Self {
            policy: Some(settings.policy),
            oracle: Some(settings.oracle),
            price_feed: settings.price_feed,
            limits: settings.limits.countable(),
            external: settings.external,
            strategies: settings.routing,
            public_metrics: settings.public_metrics,
            key_rules: settings.keys,
            queue: settings.queue,
            hedging: settings.hedging,
            market: settings.market,
            ..self
        }
    }

    /// Opens the books, which replays the journal and gives back what a crash left on hold, and starts the hub.
    ///
    /// Must be called within a tokio runtime, in which the hub's own tasks then run.
    ///
    /// # Errors
    ///
    /// [`HubError`] when the store cannot serve or belongs to another hub, the journal breaks a rule, or an external
    /// endpoint is described wrongly.
    pub async fn build(self) -> Result<Hub, HubError> {
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let policy = self.policy.unwrap_or_else(|| Arc::new(Policy::swan_2_0()));
        let keys = KeyRing::with_defaults(self.key_rules.defaults);
        keys.refresh(&*store).await?;
        let books = open_books(&store, &clock, self.books, &keys).await?;
        // After the books, whose recovery has ended every hold that a crash left.
        let idempotency = Idempotency::open(&store, &clock, self.idempotency).await?;
        let health = Arc::new(*policy.health());
        let registry = Registry::new(Arc::clone(&clock), Arc::clone(&health));
        let collateral = Collateral::open(&*store).await?;
        let directory = (keys.clone(), Arc::clone(&store));
        let sessions = sessions(&registry, directory, &policy, &clock, &collateral);
        let (payouts, watch) = Watch::of_hub(&store, &books, &keys, &policy);
        let settings = Settings {
            policy,
            limits: self.limits,
            external: self.external,
            routing: self.strategies,
            oracle: self.oracle.unwrap_or_else(|| Arc::new(FixedPrice::none())),
            price_feed: self.price_feed,
            public_metrics: self.public_metrics,
            keys: self.key_rules,
            queue: self.queue,
            hedging: self.hedging,
            market: self.market,
        };
        let rooms = Arc::new(Rooms {
            overrides: Overrides {
                pricing: self.pricing,
                split: self.split,
                routing: self.routing,
            },
            health,
            reloading: Mutex::default(),
            authenticator: self.authenticator.unwrap_or_else(|| Arc::new(keys.clone())),
            events: self.events.unwrap_or_else(|| Arc::new(TracingSink)),
            audio: AudioMeter::default(),
            gate: Gate::new(settings.limits.in_flight),
            metrics: Metrics::default(),
            #[cfg(feature = "otel")]
            telemetry: telemetry(self.telemetry)?,
            streams: Streams::new(settings.limits.heartbeat),
            spare: Spare::new(&settings.limits, &settings.hedging),
            desk: Desk::new(),
            idempotency,
            market: Market::new(payouts),
            payments: Payments::new(self.payments.0, self.payments.1),
            collateral,
            deposits: Deposits::open(self.deposits).await?,
            exchange: Exchanges::default(),
            receipts: receipts::signer(self.receipts, &*clock)?,
            generations: Generations::new(&store, self.generations),
            registry,
            sessions: Arc::new(sessions),
            _watch: watch,
            phase: watch::Sender::default(),
            started: clock.now(),
            clock,
            entropy: self.entropy.map_or_else(system_entropy, Ok)?,
            store,
            keys,
            books,
        });
        let current = Current::new(Shared::new(Arc::clone(&rooms), settings, None)?);
        beside::begin(&current, &rooms);
        Ok(Hub { rooms, current })
    }
}
