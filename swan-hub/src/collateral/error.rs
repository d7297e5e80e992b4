use swan_core::collateral::CollateralError as Refusal;
use swan_core::standing::AppealError;
use swan_core::{Amount, CaseId, Currency, PolicyError, TransferId};

use crate::ledger::LedgerError;
use crate::store::StoreError;

/// Why something did not happen to collateral. Nothing has changed then, but for [`CollateralError::Ledger`]: what was written
/// down stands, and is booked as soon as the books take something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollateralError {
    /// The policy in force has no collateral.
    #[error("this hub takes no collateral: {0}")]
    None(PolicyError),
    /// The rules of collateral forbid it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The penalty is not open, or nobody has appealed against it.
    #[error(transparent)]
    Appeal(#[from] AppealError),
    /// No penalty has this identifier.
    #[error("there is no penalty {0}")]
    UnknownCase(CaseId),
    /// No withdrawal has this identifier.
    #[error("there is no withdrawal {0}")]
    UnknownWithdrawal(TransferId),
    /// There is nothing that could be asked back or taken.
    #[error("there is no collateral in {} for that", .0.code())]
    Nothing(Currency),
    /// The rule takes nothing for this.
    #[error("{0}: the policy takes no collateral for that")]
    Unpunished(String),
    /// The stake of a fraud is not known.
    #[error(
        "fraud costs a multiple of what was at stake: name the stake, or a job for which collateral is locked"
    )]
    NoStake,
    /// The identifier was used for something else.
    #[error("{name} was used for something else")]
    Taken {
        /// What it stands under.
        name: String,
    },
    /// Another program has written something that stands in the way.
    #[error("something else happened meanwhile: {what}")]
    Overtaken {
        /// Why it does not go together.
        what: String,
    },
    /// More was asked for than is free.
    #[error("{available} {} is free, and {wanted} was asked for", .currency.code())]
    TooLittle {
        /// What is free.
        available: Amount,
        /// What was asked for.
        wanted: Amount,
        /// Of what.
        currency: Currency,
    },
    /// The books do not take it now.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store cannot serve.
    #[error(transparent)]
    Store(#[from] StoreError),
}
