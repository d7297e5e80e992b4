#![doc = include_str!("../README.md")]

mod admission;
mod audio_length;
mod beside;
mod builder;
mod collateral;
mod config;
mod departure;
pub mod deposits;
pub mod documents;
#[cfg(doctest)]
mod embedding_document;
mod error;
mod events;
mod exchange;
mod external;
mod gateway;
mod generations;
mod header_text;
mod hub;
mod idempotency;
pub mod ledger;
mod market;
mod metrics;
mod openapi;
pub mod payments;
mod payouts;
mod price_feed;
mod providers;
mod quick_map;
mod receipts;
mod seams;
mod segments;
mod serving;
mod settings;
mod stages;
pub mod store;
mod strategies;
#[cfg(feature = "otel")]
mod telemetry;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "grading")]
pub mod grading;

// The public interface.
pub use admission::{
    Access, Allowance, EndpointScope, KeyDefaults, KeyLimits, KeyRules, LimitError, ModelPattern,
    PatternError, QueueCounts, QueueRules, RefusedCounts, SpendPeriod,
};
pub use builder::HubBuilder;
pub use collateral::{CollateralEvent, CollateralNews};
pub use config::{
    ChainSettings, ChainToken, Config, DataCollection, External, ExternalEntry, ExternalHeader,
    ExternalModels, ExternalPrice, Hedging, Limits, Metrics, Nodes, Otel, PriceFeedSettings,
    PriceFeedSource, Receipts, Routing, StripeSettings,
};
pub use departure::Departure;
pub use error::{ConfigError, HubError};
pub use events::{AttemptRecord, EventSink, Outcome, RequestRecord, TracingSink};
pub use exchange::{ExchangeEvent, ExchangeNews};
pub use external::{
    ExternalConfig, ExternalError, ExternalLimits, ExternalModel, ExternalPlace, ExternalTrust,
};
pub use generations::{GenerationsOptions, Totals};
pub use hub::Hub;
pub use idempotency::IdempotencyOptions;
pub use market::{MarketOptions, Signup};
pub use price_feed::{
    FeedSource, Pointer as JsonPointer, PointerError as JsonPointerError, PriceFeedError,
    PriceFeedEvent, PriceFeedNews, PriceFeedOptions,
};
pub use providers::ConnectionMode;
pub use receipts::{ReceiptKeyError, ReceiptSigner};
pub use seams::{Entropy, FixedPrice, PriceOracle, SystemClock, SystemEntropy};
pub use serving::Sockets;
pub use settings::Settings;
pub use stages::{AuthenticateError, Authenticator, Consumer};
pub use store::Durability;
#[cfg(feature = "otel")]
pub use telemetry::{TelemetryError, TelemetryOptions, TraceContext};
