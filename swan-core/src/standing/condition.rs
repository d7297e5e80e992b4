use std::fmt;

use super::standing::MAX_OPEN;
use super::state::{Disqualified, Entry, State};
use super::{Rate, Standing};
use crate::Timestamp;

/// One thing that is so with a provider now, for whoever asks why it stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// It has yet to pass its first benchmark.
    BenchmarkWanted,
    /// It waits for an administrator's approval.
    ApprovalWanted,
    /// Its collateral does not suffice.
    CollateralWanted,
    /// It became active only lately.
    OnProbation {
        /// Until when.
        until: Timestamp,
    },
    /// It is suspended by a penalty.
    Suspended {
        /// Until when.
        until: Timestamp,
    },
    /// An administrator keeps requests away from it.
    Stopped,
    /// Its removal waits for the end of the appeal.
    RemovalHeld,
    /// So many penalties are open that requests stay away until some are decided.
    TooManyOpenPenalties,
    /// Its benchmark results are too old.
    ResultsExpired,
    /// It was away too much over the trailing window.
    TooLittleUptime(Rate),
    /// Too few attempts go well.
    LowSuccess(Rate),
    /// It is away too much over the rolling window.
    LowUptime(Rate),
}

impl Standing {
    /// Everything that is so with the provider now, besides [`kind`](Self::kind), in a fixed order.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        let mut found = Vec::new();
        match &self.state {
            State::Joining(joining) => {
                if joining.benchmark != Entry::Passed {
                    found.push(Condition::BenchmarkWanted);
                }
                if !joining.approved {
                    found.push(Condition::ApprovalWanted);
                }
            }
            State::Serving(serving) => {
                let until = |until: Timestamp| Condition::OnProbation { until };
                found.extend(serving.probation_until.map(until));
                let suspended = serving
                    .suspended
                    .map(|s| Condition::Suspended { until: s.until });
                found.extend(suspended);
                found.extend(serving.stopped.as_ref().map(|_| Condition::Stopped));
                found.extend(serving.disqualified.map(|why| match why {
                    Disqualified::Expired => Condition::ResultsExpired,
                    Disqualified::Away(rate) => Condition::TooLittleUptime(rate),
                }));
                found.extend(serving.slow.success.map(Condition::LowSuccess));
                found.extend(serving.slow.uptime.map(Condition::LowUptime));
            }
            State::Exiting(_) | State::Left | State::Removed => {}
        }
        let present = matches!(self.state, State::Joining(_) | State::Serving(_));
        found.extend((present && !self.funded).then_some(Condition::CollateralWanted));
        found.extend(self.removal_is_held().then_some(Condition::RemovalHeld));
        found.extend((self.open.len() >= MAX_OPEN).then_some(Condition::TooManyOpenPenalties));
        found
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BenchmarkWanted => f.write_str("has yet to pass its first benchmark"),
            Self::ApprovalWanted => f.write_str("waits for approval"),
            Self::CollateralWanted => f.write_str("needs collateral"),
            Self::OnProbation { until } => write!(f, "on probation until {until}"),
            Self::Suspended { until } => write!(f, "suspended until {until}"),
            Self::Stopped => f.write_str("stopped by an administrator"),
            Self::RemovalHeld => f.write_str("to be removed unless an appeal is upheld"),
            Self::TooManyOpenPenalties => f.write_str("too many penalties are open"),
            Self::ResultsExpired => f.write_str("benchmark results have expired"),
            Self::TooLittleUptime(rate) => write!(f, "away too much lately: {rate}"),
            Self::LowSuccess(rate) => write!(f, "low success: {rate}"),
            Self::LowUptime(rate) => write!(f, "low uptime: {rate}"),
        }
    }
}
