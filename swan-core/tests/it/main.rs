//! The integration tests of this crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    reason = "tests"
)]

mod api;
mod auction;
mod benchmark;
mod claims;
mod collateral;
mod economy;
mod free_tier;
mod governance;
mod hardware;
mod health;
mod leaderboard;
mod ledger;
mod money;
mod openai;
mod policy;
mod protocol_document;
#[cfg(feature = "testkit")]
mod protocol_fuzz;
mod protocol_golden;
mod protocol_limits;
#[cfg(feature = "testkit")]
mod protocol_pair;
mod purity;
mod request_fuzz;
mod routing;
#[cfg(feature = "simulation")]
mod simulation;
mod split;
mod sse;
mod standing;
mod tokenomics;
mod tokens;
mod ubi;
