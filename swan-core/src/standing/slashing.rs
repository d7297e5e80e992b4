use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::{Destination, Measure, Millionths, Slash, Stake};
use crate::hardware::Role;

/// What a provider is found to have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offence {
    /// It failed a benchmark.
    BenchmarkFailed {
        /// Which failure in a row this is, from 1.
        in_a_row: u32,
    },
    /// It failed a task, through its own fault.
    TaskFailed {
        /// What kind of provider it is in Swan 1.0's terms.
        role: Role,
    },
    /// A job of it is proven fraudulent.
    FraudProven {
        /// What the job put at stake.
        stake: Stake,
    },
    /// It cuts prompts shorter than it says, and has been told so before.
    ContextMisstated {
        /// How often it has now been found, from 1.
        times: u32,
    },
}

/// The rule that says what an offence costs; the policy's own is [`StandingRules::slashing`](super::StandingRules::slashing).
///
/// It only measures: counting failures in a row, holding the penalty for an appeal and carrying it out are the standing's.
///
/// ```
/// use swan_core::standing::{Measure, Offence, SlashingPolicy};
///
/// /// Warns, but takes nothing.
/// #[derive(Debug)]
/// struct Lenient;
///
/// impl SlashingPolicy for Lenient {
///     fn measure(&self, _: &Offence) -> Option<Measure> {
///         None
///     }
/// }
/// ```
pub trait SlashingPolicy: fmt::Debug + Send + Sync {
    /// What `offence` costs; `None` when this rule leaves it unpunished.
    fn measure(&self, offence: &Offence) -> Option<Measure>;
}

const _: fn(&dyn SlashingPolicy) = |_| {};

/// How a policy punishes failures; one of the three that are on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failures {
    /// Seed 001: a warning, a share, a share and removal.
    Ladder(Vec<Step>),
    /// The same share each time (public record 3.6).
    Flat { share: Millionths },
    /// A share for each failed task, by the kind of provider (public record 3.4).
    PerTask { edge: Millionths, fog: Millionths },
}

/// One step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) share: Millionths,
    pub(super) suspension: Option<Duration>,
    pub(super) removal: bool,
}

/// What fraud costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraud {
    pub(super) multiple_bps: u32,
    pub(super) destination: Destination,
    pub(super) removal: bool,
}

/// What misstating the context window costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) notices: u32,
    pub(super) share: Millionths,
}

/// The slashing of a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySlashing {
    pub(super) failures: Failures,
    pub(super) destination: Destination,
    pub(super) fraud: Fraud,
    pub(super) context: Option<Context>,
}

impl SlashingPolicy for PolicySlashing {
    fn measure(&self, offence: &Offence) -> Option<Measure> {
        match *offence {
            Offence::BenchmarkFailed { in_a_row } => self.benchmark(in_a_row),
            Offence::TaskFailed { role } => self.task(role),
            Offence::FraudProven { stake } => Some(Measure {
                rule: "Seed 003, Slashing Mechanism: fraud".into(),
                slash: Slash::Multiple {
                    stake: stake.amount,
                    currency: stake.currency,
                    multiple_bps: self.fraud.multiple_bps,
                },
                destination: self.fraud.destination,
                suspension: None,
                removal: self.fraud.removal,
            }),
            Offence::ContextMisstated { times } => {
                let context = self.context.filter(|context| times > context.notices)?;
                Some(self.share("public record 3.9: context honesty".into(), context.share))
            }
        }
    }
}

impl PolicySlashing {
    fn benchmark(&self, in_a_row: u32) -> Option<Measure> {
        match &self.failures {
            Failures::Ladder(steps) => {
                let number = usize::try_from(in_a_row.checked_sub(1)?).ok()?;
                // Beyond the last step the last one holds.
                let step = steps.get(number).or(steps.last())?;
                let rule = match in_a_row {
                    1 => "Seed 001, Slashing Conditions: benchmark failure (1st)".into(),
                    2 => "Seed 001, Slashing Conditions: consecutive failure (2nd)".into(),
                    3 => "Seed 001, Slashing Conditions: consecutive failure (3rd)".into(),
                    more => {
                        format!("Seed 001, Slashing Conditions: consecutive failure ({more}th)")
                            .into()
                    }
                };
                Some(Measure {
                    suspension: step.suspension,
                    removal: step.removal,
                    ..self.share(rule, step.share)
                })
            }
            Failures::Flat { share } => Some(self.share(
                "public record 3.6: flat share for each consecutive failure".into(),
                *share,
            )),
            Failures::PerTask { .. } => None,
        }
    }

    fn task(&self, role: Role) -> Option<Measure> {
        match (&self.failures, role) {
            (Failures::PerTask { edge, .. }, Role::Edge) => {
                Some(self.share("public record 3.4: failed task of an ECP".into(), *edge))
            }
            (Failures::PerTask { fog, .. }, Role::Fog) => {
                Some(self.share("public record 3.4: failed task of an FCP".into(), *fog))
            }
            (Failures::Ladder(_) | Failures::Flat { .. }, _) => None,
        }
    }

    fn share(&self, rule: Cow<'static, str>, share: Millionths) -> Measure {
        Measure {
            rule,
            slash: if share.get() == 0 {
                Slash::Nothing
            } else {
                Slash::Share(share)
            },
            destination: self.destination,
            suspension: None,
            removal: false,
        }
    }
}
