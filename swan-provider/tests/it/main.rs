//! The integration tests of this crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::missing_docs_in_private_items,
    unreachable_pub,
    reason = "tests"
)]

mod api;
mod backpressure;
mod cancel;
mod command;
mod conformance;
mod detection;
mod drain;
mod failures;
mod health;
mod models_file;
mod reconnect;
mod serve;
mod support;
mod tasks;
mod tls;
mod trouble;
