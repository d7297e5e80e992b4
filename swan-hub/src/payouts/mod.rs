//! Payouts: what providers ask to be paid, and what becomes of it.
//!
//! The ledger decides. A payout's paper is written before anything moves, and says what the ledger cannot: where to, and by what it
//! was paid. A paper without its transfer never happened; how a payout stands is read from the transfer that ends it, so that a
//! crash between ledger and paper changes nothing, and doing it again finishes it.

mod desk;
#[cfg(test)]
mod nodes_tests;
mod paper;
mod standing;

use std::time::Duration;

use swan_core::payout::PayoutState;
use swan_core::{Amount, Currency, ProviderId, Timestamp, TransferId};

pub(crate) use self::desk::Payouts;
pub(crate) use self::paper::{End, Paper};
#[cfg(feature = "cli")]
pub(crate) use self::standing::standing;
use crate::collateral::CollateralError;
use crate::ledger::LedgerError;
use crate::store::StoreError;

/// A payout as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Payout {
    pub(crate) id: TransferId,
    pub(crate) number: u64,
    pub(crate) state: PayoutState,
    pub(crate) paper: Paper,
}

/// What a provider asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Stays the same when it is asked for again after a lost answer.
    pub(crate) id: TransferId,
    pub(crate) provider: ProviderId,
    pub(crate) currency: Currency,
    pub(crate) amount: Amount,
    /// Where to, in the provider's words.
    pub(crate) destination: Option<String>,
    /// Who asks, for the journal.
    pub(crate) by: &'static str,
}

/// Why there is no payout.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PayoutError {
    #[error("the policy of this hub has no payouts")]
    None,
    #[error(transparent)]
    Refused(#[from] swan_core::payout::PayoutRefusal),
    #[error("payout {0} waits to be paid; one in each currency at a time")]
    Pending(TransferId),
    #[error("the last request was less than {} minutes ago", .0.as_secs() / 60)]
    TooSoon(Duration, u64),
    #[error("there is {available} to be paid out, and {wanted} was asked for")]
    TooLittle { available: Amount, wanted: Amount },
    #[error("there is no such payout")]
    Unknown,
    #[error("the payout is {} already", .0.as_str())]
    Ended(PayoutState),
    #[error("it pays collateral back, and is ended over HTTP by the hub that keeps that")]
    OfCollateral,
    #[error(transparent)]
    Collateral(#[from] CollateralError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PayoutError {
    /// Whether the same may be done later.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Ledger(error) => error.is_retryable(),
            Self::Store(error) => error.is_retryable(),
            _ => false,
        }
    }
}

/// When it was asked for.
pub(crate) const fn requested(payout: &Payout) -> Timestamp {
    payout.paper.requested
}
