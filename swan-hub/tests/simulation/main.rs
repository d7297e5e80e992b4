//! Seeded, deterministic simulations of everything that can go wrong with money, in one binary of their own: they are
//! pure computing, and the tests beside them keep time.
//!
//! A seed that fails is printed with the command that plays it again (`docs/TESTING.md`, "The simulation").
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_docs_in_private_items,
    reason = "tests"
)]

mod books;
mod days;
mod dice;
mod disk;
mod gateway;
mod life;
mod seeds;
