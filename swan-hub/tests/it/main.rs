//! The integration tests of this crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    reason = "tests"
)]

mod admin;
mod admin_collateral;
mod admin_exchange;
mod admin_payouts;
mod api;
mod backup;
mod benchmark;
mod config;
mod documents;
mod dump;
mod e2e;
mod errors_document;
mod external_config;
mod gateway;
mod ledger;
#[cfg(feature = "parquet")]
mod parquet;
mod policy;
#[cfg(feature = "postgres")]
mod postgres;
mod price_feed_config;
mod receipt;
mod serve;
mod statement;
mod store;
mod tabulate;
