//! Configured OpenAI-compatible servers: asked when no provider can serve, or before them where the configuration says so.
//!
//! What is dialled is what the operator has configured and nothing else: redirects are not followed, names that a server lists
//! never become URLs, and a public name may not lead to a private address. What a server answers is as little trusted as what
//! a provider does.

mod address;
pub(crate) mod client;
mod config;
pub(crate) mod connect;
mod discreet;
mod endpoint;
mod endpoints;
mod error;
mod exchange;
mod opening;
mod pace;
mod refusals;
mod resolve;
mod served;
#[cfg(test)]
mod tests;
mod tier;
mod upstream;
mod wire;

pub(crate) use address::Address;
pub use config::{ExternalConfig, ExternalLimits, ExternalModel, ExternalPlace, ExternalTrust};
pub(crate) use endpoints::{Endpoints, LOOK_EVERY};
pub use error::ExternalError;
pub(crate) use exchange::Exchange;
pub(crate) use refusals::is_refusal;
pub(crate) use tier::{Tier, TierNow};
pub(crate) use upstream::Upstream;
