//! What can be configured: defaults, then a TOML file, then `SWAN_*` variables, then flags.

mod chain;
#[cfg(all(test, feature = "chain"))]
mod chain_tests;
mod external;
mod external_models;
mod hedging;
mod key_file;
mod keys;
mod layers;
mod market;
pub(crate) mod nodes;
mod otel;
mod price_feed;
mod queue;
mod receipts;
mod rooms;
mod routing;
mod stripe;
mod variables;

use std::path::PathBuf;
use std::time::Duration;

use swan_core::ExchangeRate;

use crate::admission::{KeyRules, QueueRules};
use crate::generations::GenerationsOptions;
use crate::idempotency::IdempotencyOptions;
use crate::ledger::BooksOptions;
use crate::market::MarketOptions;
use crate::store::Durability;
pub use chain::{ChainSettings, ChainToken};
pub use external::{DataCollection, External, ExternalHeader};
pub use external_models::{ExternalEntry, ExternalModels, ExternalPrice};
pub use hedging::Hedging;
pub use nodes::Nodes;
pub use otel::Otel;
pub use price_feed::{PriceFeedSettings, PriceFeedSource};
pub use receipts::Receipts;
pub use routing::Routing;
pub use stripe::StripeSettings;

/// Everything that `swan-hub serve` can be told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where consumers are served. Default `0.0.0.0:8100`.
    pub listen: String,
    /// Where providers connect. Default `0.0.0.0:8081`.
    pub provider_listen: String,
    /// The folder of the embedded store. Default `./swan-data`.
    pub data_dir: PathBuf,
    /// Another store, as a URL; it takes the place of [`Config::data_dir`].
    pub store: Option<String>,
    /// A policy document: the name of a built-in one or a file; the built-in `swan-2.0` when there is none.
    pub policy: Option<PathBuf>,
    /// US dollars for one SWAN; without it nobody can pay in SWAN.
    pub usd_per_swan: Option<ExchangeRate>,
    /// Who is asked what a SWAN is worth, in the place of a fixed price: the table `[price_feed]`.
    pub price_feed: PriceFeedSettings,
    /// Whether the end of a charge waits for the disk.
    pub durability: Durability,
    /// After how many entries of the journal a snapshot of the books is written, at least 1,000: a start replays about as many at
    /// most. Default 500,000.
    pub snapshot_entries: u64,
    /// How long requests may go on after the hub was told to stop. Default 600 s, which is as long as a stream may take.
    pub drain: Duration,
    /// How much of [`Config::drain`] is kept, at least, for ending what runs once new requests are no longer taken. Default 30 s.
    pub drain_pause: Duration,
    /// What is logged, in the syntax of `RUST_LOG`; the variable `SWAN_LOG` wins. Default `warn`.
    pub log: Option<String>,
    /// Where figures about the hub are served.
    pub metrics: Metrics,
    /// Where traces of requests go: the table `[otel]`, of a hub that was built with them.
    pub otel: Otel,
    /// As whom receipts are signed: the table `[receipts]`.
    pub receipts: Receipts,
    /// Whether the store is shared with other hubs: the table `[nodes]`.
    pub nodes: Nodes,
    /// The bounds that the hub keeps.
    pub limits: Limits,
    /// What holds for keys.
    pub keys: KeyRules,
    /// How requests wait for a place at a provider: the table `[queue]`.
    pub queue: QueueRules,
    /// What is kept of requests with an `Idempotency-Key`: the table `[idempotency]`.
    pub idempotency: IdempotencyOptions,
    /// What is kept of requests that have ended: the table `[generations]`.
    pub generations: GenerationsOptions,
    /// Whether a second provider is asked when the first takes long. Default: no.
    pub hedging: Hedging,
    /// OpenAI-compatible servers that serve what no provider can.
    pub external: Vec<External>,
    /// Who may open an account, and what else is decided about accounts: the table `[market]`.
    pub market: MarketOptions,
    /// Who chooses among the providers of a model.
    pub routing: Routing,
    /// Payments by card: the table `[stripe]`.
    pub stripe: StripeSettings,
    /// Deposits on a chain: the table `[chain]`.
    pub chain: ChainSettings,
}

/// Who may read the figures at `/metrics`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// An address of its own at which `/metrics` needs no key, such as `127.0.0.1:9100`. None by default.
    pub listen: Option<String>,
    /// Whether `/metrics` needs no key beside the API either; otherwise it asks for an administrator's. Default no.
    pub public: bool,
}

/// The bounds of DESIGN section 11 that an operator may move.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest request body in bytes. Default 10 MiB.
    pub body_bytes: usize,
    /// The largest audio file in bytes, in place of [`Limits::body_bytes`]. Default 25 MiB.
    pub audio_bytes: usize,
    /// The largest answer that is not a stream, in bytes: 2,048 long vectors in decimal digits fit. Default 64 MiB.
    pub reply_bytes: usize,
    /// Requests in the hub at once; the next one gets 503. Default 1,000.
    pub in_flight: usize,
    /// Connections of consumers at once; the next one is told 503 and closed. Default 10,000.
    pub connections: usize,
    /// How long a connection may be idle, or take to send the head of a request. Default 75 s.
    pub head_deadline: Duration,
    /// How long a consumer is waited for who takes less of its answer than 1 KiB a second. Default 60 s.
    pub stall: Duration,
    /// Connections of providers at once, in all states; the next one is told 503 and to come again. Default 20,000.
    pub provider_connections: usize,
    /// How long a consumer may take to send its body. Default 30 s.
    pub body_deadline: Duration,
    /// How long a request without streaming may take. Default 120 s.
    pub request_deadline: Duration,
    /// How long a request with streaming may take. Default 600 s.
    pub stream_deadline: Duration,
    /// How many tokens of its answer a stream has set aside at a time: one that may have more is paid for in slices, and ends where the
    /// money does. Zero for all that it may have, at once. Default 2,048.
    pub stream_slice_tokens: u64,
    /// How long one provider may take to show the first content of a stream; then another one is tried. Default 60 s.
    pub first_token: Duration,
    /// How long an answer that has begun may be silent. Default 60 s.
    pub idle: Duration,
    /// After how long a silence the consumer of a stream is told with a comment (`: ping`) that it lives, from the moment at which it was
    /// accepted; zero for never. Default 15 s.
    pub heartbeat: Duration,
    /// How long the end of an answer waits for its charge to be on the disk. Default 15 s.
    pub settle_deadline: Duration,
    /// How often a request that failed before its first byte of content is tried on another provider. Default 2.
    pub further_attempts: u32,
    /// Further attempts for each hundred requests, whatever [`Limits::further_attempts`] allows one of them: in an outage the hub
    /// must not ask three times as much of those that still serve. Default 20.
    pub retry_percent: u32,
    /// Further attempts a second that are allowed in any case. Default 10.
    pub retries_per_sec: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 10 << 20,
            audio_bytes: 25 << 20,
            reply_bytes: 64 << 20,
            in_flight: 1_000,
            connections: 10_000,
            head_deadline: Duration::from_secs(75),
            stall: Duration::from_secs(60),
            provider_connections: 20_000,
            body_deadline: Duration::from_secs(30),
            request_deadline: Duration::from_secs(120),
            stream_deadline: Duration::from_secs(600),
            stream_slice_tokens: 2_048,
            first_token: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            heartbeat: Duration::from_secs(15),
            settle_deadline: Duration::from_secs(15),
            further_attempts: 2,
            retry_percent: 20,
            retries_per_sec: 10,
        }
    }
}

impl Limits {
    /// Longer than anybody waits, and short enough for every clock to count to.
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 3_600);

    /// The same limits with a year in the place of longer times: `Duration::MAX` means no limit, and not a panic.
    pub(crate) fn countable(self) -> Self {
        Self {
            head_deadline: self.head_deadline.min(Self::LONGEST),
            stall: self.stall.min(Self::LONGEST),
            body_deadline: self.body_deadline.min(Self::LONGEST),
            request_deadline: self.request_deadline.min(Self::LONGEST),
            stream_deadline: self.stream_deadline.min(Self::LONGEST),
            first_token: self.first_token.min(Self::LONGEST),
            idle: self.idle.min(Self::LONGEST),
            heartbeat: self.heartbeat.min(Self::LONGEST),
            ..self
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8100".into(),
            provider_listen: "0.0.0.0:8081".into(),
            data_dir: PathBuf::from("./swan-data"),
            store: None,
            policy: None,
            usd_per_swan: None,
            price_feed: PriceFeedSettings::default(),
            durability: Durability::Strict,
            snapshot_entries: BooksOptions::default().snapshot_entries,
            drain: Duration::from_secs(600),
            drain_pause: Duration::from_secs(30),
            log: None,
            metrics: Metrics::default(),
            otel: Otel::default(),
            receipts: Receipts::default(),
            nodes: Nodes::default(),
            limits: Limits::default(),
            keys: KeyRules::default(),
            queue: QueueRules::default(),
            idempotency: IdempotencyOptions::default(),
            generations: GenerationsOptions::default(),
            hedging: Hedging::default(),
            external: Vec::new(),
            market: MarketOptions::default(),
            routing: Routing::default(),
            stripe: StripeSettings::default(),
            chain: ChainSettings::default(),
        }
    }
}
