use serde::Deserialize;

use super::{Extension, TaperError};
use crate::{Amount, BasisPoints, Day};

const MOST_PHASES: usize = 100;

/// How the day's income is divided among providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sharing {
    /// By installed hardware and completed test tasks (Seed 002, "Individual CP's UBI").
    Workload,
    /// By what was served (Seed 001, "UBI Sunset": "contribution-weighted").
    Contribution,
}

/// One stretch of days with one daily income.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "schedules of one's own are built of it; a taper checks them"
)]
pub struct TaperPhase {
    /// Its first day.
    pub from: Day,
    /// Its last day; none for the last phase, which has no end.
    pub until: Option<Day>,
    /// What share of the full income it pays.
    pub level: BasisPoints,
    /// What it pays all providers together, in SWAN a day.
    pub per_day: Amount,
    /// How that is divided.
    pub sharing: Sharing,
    /// Whether hardware that is no longer eligible still takes part.
    pub legacy_hardware_earns: bool,
}

/// The way out of the basic income: phases without gaps or overlaps, the last without an end.
///
/// Source: Seed 001, "UBI Sunset (SIP-003)".
///
/// ```
/// use swan_core::{Amount, Policy};
///
/// let policy = Policy::swan_2_0();
/// let taper = policy.ubi()?.taper()?;
/// assert_eq!(taper.amount_on("2026-05-09".parse()?), Amount::from_units(29_185)?);
/// assert_eq!(taper.amount_on("2026-05-10".parse()?), Amount::from_units(11_674)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taper {
    full: Amount,
    phases: Vec<TaperPhase>,
}

impl Taper {
    /// A schedule in which every day from the first on belongs to exactly one phase.
    ///
    /// `full` is the whole income in SWAN a day that the levels refer to.
    ///
    /// # Errors
    ///
    /// [`TaperError`] names the days that overlap or belong to no phase, or the amount that is not its level.
    pub fn new(full: Amount, phases: Vec<TaperPhase>) -> Result<Self, TaperError> {
        for phase in &phases {
            let exact = full.share(phase.level);
            if distance(exact, phase.per_day) > Amount::PICO_PER_UNIT / 2 {
                return Err(TaperError::Level {
                    from: phase.from,
                    amount: phase.per_day,
                    level: phase.level,
                });
            }
        }
        Self::in_order(full, phases)
    }

    fn in_order(full: Amount, phases: Vec<TaperPhase>) -> Result<Self, TaperError> {
        let count = phases.len();
        if !(1..=MOST_PHASES).contains(&count) {
            return Err(TaperError::Count { count });
        }
        for (phase, number) in phases.iter().zip(1..) {
            let from = phase.from;
            match phase.until {
                Some(until) if until < from => return Err(TaperError::Backwards { from, until }),
                until if until.is_none() != (number == count) => {
                    return Err(TaperError::OpenEnd { from });
                }
                _ => {}
            }
        }
        for (earlier, later) in phases.iter().zip(phases.iter().skip(1)) {
            let (until, from) = (earlier.until.unwrap_or(later.from), later.from);
            if from <= until {
                return Err(TaperError::Overlap { until, from });
            }
            if from > until.plus(1) {
                return Err(TaperError::Gap { until, from });
            }
        }
        Ok(Self { full, phases })
    }

    /// The whole income that the levels refer to, in SWAN a day.
    #[must_use]
    pub const fn full(&self) -> Amount {
        self.full
    }

    /// The phases in the order of their days.
    #[must_use]
    pub fn phases(&self) -> &[TaperPhase] {
        &self.phases
    }

    /// The phase that `day` belongs to; none before the first phase, when this schedule was not yet in force.
    #[must_use]
    pub fn phase_on(&self, day: Day) -> Option<&TaperPhase> {
        self.phases.iter().rev().find(|phase| phase.from <= day)
    }

    /// What all providers together get on `day`, in SWAN: nothing before the schedule is in force.
    #[must_use]
    pub fn amount_on(&self, day: Day) -> Amount {
        self.phase_on(day)
            .map_or(Amount::ZERO, |phase| phase.per_day)
    }

    /// The schedule with `extension` in it; after its last day the last phase goes on as before.
    ///
    /// # Errors
    ///
    /// [`TaperError::TooEarly`] when it begins before the last phase, and the errors of [`Taper::new`] for an extension
    /// that ends before it begins.
    pub fn extended(&self, extension: &Extension) -> Result<Self, TaperError> {
        let (from, until) = (extension.from, extension.until);
        self.with_extension(from, until, extension.level, extension.per_day)
    }

    pub(super) fn with_extension(
        &self,
        from: Day,
        until: Day,
        level: BasisPoints,
        per_day: Amount,
    ) -> Result<Self, TaperError> {
        let count = self.phases.len();
        let Some((last, before)) = self.phases.split_last() else {
            return Err(TaperError::Count { count });
        };
        if from < last.from {
            return Err(TaperError::TooEarly {
                from,
                last: last.from,
            });
        }
        let mut phases = before.to_vec();
        if from > last.from {
            phases.push(TaperPhase {
                until: Some(Day::from_days(from.as_days() - 1)),
                ..*last
            });
        }
        phases.push(TaperPhase {
            from,
            until: Some(until),
            level,
            per_day,
            sharing: Sharing::Contribution,
            legacy_hardware_earns: false,
        });
        phases.push(TaperPhase {
            from: until.plus(1),
            ..*last
        });
        Self::in_order(self.full, phases)
    }
}

const fn distance(a: Amount, b: Amount) -> i128 {
    (a.pico() - b.pico()).abs()
}
