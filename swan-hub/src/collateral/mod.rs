//! What providers put in as a pledge: how it comes in, is bound, punished, asked back and returned.
//!
//! The rules are [`swan_core::collateral`]'s. What happens is written down in the store, one record a thing, in an order that
//! is the same for everybody; from the records follow the state and the movements in the ledger, each under an identifier of
//! its own. So whatever dies between two steps, the next look goes on where it stopped (`docs/COLLATERAL.md`).

mod acts;
mod adequacy;
mod bond;
mod cards;
mod case;
mod clockwork;
mod error;
mod event;
mod keeper;
mod record;
mod wallet;

pub(crate) use acts::{Accusation, Deposit, Misconduct, Scene};
pub(crate) use adequacy::{adequacy, machines, refusal};
pub(crate) use bond::{Bond, Penalty, Withdrawal};
pub(crate) use cards::{CardFact, account_of, tell};
pub(crate) use case::{CaseFact, CaseFile, act_of, case_file, record_named, records_of};
pub(crate) use clockwork::{run, unpaid};
pub(crate) use error::CollateralError;
pub(crate) use event::write;
pub use event::{CollateralEvent, CollateralNews};
pub(crate) use keeper::{
    Bonds, Collateral, Keeper, payout_id, penalty_transfer, record, refund_number,
};
#[cfg(feature = "cli")]
pub(crate) use keeper::{bonds_of, note};
pub(crate) use record::{Act, Record};
pub(crate) use wallet::Wallet;

/// How far a withdrawal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WithdrawalStage {
    /// It waits, and a penalty can still take of it.
    Waiting,
    /// Its provider took it back.
    Cancelled,
    /// It went back where it came from.
    Returned,
}

impl WithdrawalStage {
    /// Its name in JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }
}
