use super::Rate;
use crate::hardware::Role;
use crate::{Amount, CaseId, Currency, Fact, ModelId};

/// What happens to a provider's standing. Whatever is found against it brings evidence, or it is [refused](super::Refusal::NoEvidence).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Time passes: suspensions, probation, results and appeal windows end.
    Tick,
    /// A provider that has left registers again.
    Registered,
    /// Its first benchmark runs. Of a provider that is admitted nothing shows it.
    BenchmarkStarted,
    /// It passed a benchmark.
    BenchmarkPassed {
        /// The run.
        case: CaseId,
    },
    /// It failed a benchmark.
    BenchmarkFailed {
        /// The run.
        case: CaseId,
        /// The scores with what was needed.
        evidence: Vec<Fact>,
    },
    /// A benchmark had too few samples to tell.
    BenchmarkUndecided {
        /// The run.
        case: CaseId,
    },
    /// An administrator approved it.
    Approved,
    /// Its collateral suffices.
    CollateralSufficient,
    /// Its collateral no longer suffices.
    CollateralInsufficient {
        /// What is there and what was needed.
        evidence: Vec<Fact>,
    },
    /// Its windows were evaluated anew.
    Measured(Measured),
    /// It failed a task, and is to blame.
    TaskFailed {
        /// The task.
        case: CaseId,
        /// What kind of provider it is.
        role: Role,
        /// What went wrong.
        evidence: Vec<Fact>,
    },
    /// A job of it is proven fraudulent.
    FraudProven {
        /// The proof.
        case: CaseId,
        /// What the job put at stake.
        stake: Stake,
        /// What proves it.
        evidence: Vec<Fact>,
    },
    /// Its model server counted fewer prompt tokens than the hub sent within the window that the provider shows.
    ContextMisstated {
        /// The finding.
        case: CaseId,
        /// The model.
        model: ModelId,
        /// The window that the hub measured, in tokens.
        measured_tokens: u64,
        /// What was sent, shown and counted.
        evidence: Vec<Fact>,
    },
    /// It appeals against a penalty.
    AppealFiled {
        /// The penalty.
        case: CaseId,
    },
    /// Its appeal is upheld.
    AppealUpheld {
        /// The penalty.
        case: CaseId,
    },
    /// Its appeal is denied.
    AppealDenied {
        /// The penalty.
        case: CaseId,
    },
    /// It wants its collateral back.
    ExitRequested,
    /// It stays after all.
    ExitCancelled,
    /// It has its collateral back.
    ExitFinished,
    /// An administrator keeps requests away from it.
    Stopped {
        /// Why.
        evidence: Vec<Fact>,
    },
    /// An administrator takes it back after a removal, or ends a suspension.
    Reinstated,
}

/// What the windows say; `None` where there is too little to judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the hub measures and builds it")]
pub struct Measured {
    /// Attempts that went well, of those that say something about the provider.
    pub success: Option<Rate>,
    /// Time present over the rolling window (30 days).
    pub uptime: Option<Rate>,
    /// Time present over the trailing window (7 days), counted from [`Standing::required_since`](super::Standing::required_since).
    pub trailing_uptime: Option<Rate>,
}

/// What a job put at stake: the collateral locked for it (Seed 003), or the price of the job where nothing is locked for jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the hub builds it")]
pub struct Stake {
    /// How much, in `currency`.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
}
