#![doc = include_str!("../README.md")]

mod backend;
mod builder;
#[cfg(feature = "cli")]
mod cli;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
mod conversation;
mod error;
mod event;
mod hardware;
mod health;
mod http_client;
mod hub_url;
mod jobs;
mod models_file;
mod node_id;
mod preflight;
mod provider;
mod reconnect;
mod roster;
mod signing;

// The public interface.
pub use backend::{
    Backend, BackendError, BackendModel, Call, DiscoveredServer, Discovery, EchoBackend, Engine,
    HttpBackend, HttpBackendBuilder, Reply, ReplyBody, discover_local,
};
pub use builder::ProviderBuilder;
#[cfg(feature = "cli")]
pub use cli::run_command;
pub use error::ProviderError;
pub use event::{Event, Observer, TracingObserver};
pub use provider::Provider;
