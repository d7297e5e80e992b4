use super::{AppealError, Penalty, StandingKind};
use crate::{Grounds, ModelId};

/// What an event did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "penalties and notices want carrying out"]
#[non_exhaustive]
pub struct Change {
    /// The standing before.
    pub from: StandingKind,
    /// The standing after.
    pub to: StandingKind,
    /// Why the event itself did nothing; what was due by time happened all the same.
    pub refused: Option<Refusal>,
    /// Each decision that changed something, in order.
    pub decisions: Vec<Grounds>,
    /// Penalties that are new or have changed, as they are now. Whoever holds the collateral sets aside, takes or releases.
    pub penalties: Vec<Penalty>,
    /// What to tell and to limit without a penalty.
    pub notice: Option<Notice>,
}

/// Something to do that is no penalty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Give this provider no prompt of this model that is longer than the window that was measured (public record 3.9).
    CapContext {
        /// The model.
        model: ModelId,
        /// The window, in tokens.
        tokens: u64,
    },
}

/// Why an event does nothing in this standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The provider was removed.
    #[error("the provider was removed; only an administrator brings it back")]
    Removed,
    /// The provider has left.
    #[error("the provider has left; it registers again first")]
    Left,
    /// The provider is on its way out.
    #[error("the provider is on its way out")]
    Exiting,
    /// The provider is not on its way out.
    #[error("the provider has not asked to leave")]
    NotExiting,
    /// The provider is not admitted yet.
    #[error("the provider is not admitted yet")]
    NotAdmitted,
    /// The provider is there already.
    #[error("the provider is registered already")]
    AlreadyThere,
    /// There is nothing to reinstate it from.
    #[error("the provider is neither removed nor suspended")]
    NothingToReinstate,
    /// This case was taken into account before.
    #[error("this case was taken into account before")]
    Duplicate,
    /// A finding against a provider without evidence.
    #[error("nothing is decided against a provider without evidence")]
    NoEvidence,
    /// No penalty of this case is open.
    #[error("no penalty of this case is open")]
    UnknownCase,
    /// The penalty does not take this.
    #[error(transparent)]
    Appeal(#[from] AppealError),
    /// A provider leaves only when its penalties are decided.
    #[error("penalties are still open")]
    PenaltiesOpen,
    /// There are so many open penalties that no more are taken; the provider is suspended until some are decided.
    #[error("too many penalties are open")]
    TooManyOpen,
}
