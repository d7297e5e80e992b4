//! Providers are paid in the currency that they prefer: what they earned in the other one is exchanged, once they have earned it.
//!
//! A charge credits its provider in what the consumer paid, so that a request knows nothing of this. Beside requests, every minute
//! and whenever a provider asks for a payout or says what it prefers, the hub moves earnings at the rate of its
//! [`PriceOracle`](crate::PriceOracle), out of what whoever runs it has put into the exchange. Where there is no young rate or
//! nothing in stock, earnings stay what they are, and their provider is told why.

mod clockwork;
mod desk;
mod event;
mod paper;

pub(crate) use self::clockwork::run;
pub(crate) use self::desk::{Exchanges, LeftOut, Standing, settle, standing};
pub(crate) use self::event::write;
pub use self::event::{ExchangeEvent, ExchangeNews};
pub(crate) use self::paper::{has_said, prefer, preferred, preferring};
use crate::ledger::LedgerError;
use crate::store::StoreError;

/// Why what was asked about the exchange was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Money(#[from] swan_core::MoneyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
