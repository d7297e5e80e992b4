//! The market as its users meet it: real binaries, a real llama.cpp server, the official OpenAI SDKs. `docs/TESTING.md` says
//! how these parts are installed and built; a missing one is a failure, never a skip.

mod agreeable;
mod endpoint;
mod hub;
mod idempotency;
mod model_server;
mod operations;
mod part;
mod provider;
mod stand_in;
pub(crate) mod tools;
mod wire;

mod admin;
#[cfg(feature = "chain")]
mod chain;
#[cfg(feature = "chain")]
mod chain_collateral;
#[cfg(feature = "chain")]
mod chain_till;
mod continued;
mod crash;
mod dev;
mod document;
mod drain;
mod external;
mod figures;
mod handover;
mod hang_up;
mod kills;
mod kinds;
mod logs;
#[cfg(feature = "postgres")]
mod nodes;
#[cfg(feature = "postgres")]
mod nodes_cards;
#[cfg(all(feature = "postgres", feature = "chain"))]
mod nodes_chain;
#[cfg(feature = "postgres")]
mod nodes_payouts;
mod payments;
mod price_feed;
mod receipts;
mod restart;
mod sdks;
mod swan_payment;
#[cfg(feature = "otel")]
mod traces;
