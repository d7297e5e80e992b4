use std::cmp::Ordering;

use super::{RevenueError, RevenueShares, RevenueWindow};
use crate::{Amount, Day};

/// Where a phase ends, in US dollars of daily revenue.
///
/// Seed 001's table says `< $100`, `$100 - $1,000`, `$1,000 - $10,000`, `> $10,000`. So exactly $100 belongs to the later
/// phase and exactly $10,000 to the earlier one. Exactly $1,000 stands in two rows; it belongs to the earlier phase,
/// since the ranges that are plain about their upper end include it, and in doubt the provider keeps the larger share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an end is in or out, or there is none"
)]
pub enum PhaseEnd {
    /// Revenue below this; the amount itself belongs to the next phase.
    Below(Amount),
    /// Revenue up to this; the amount itself still belongs to this phase.
    UpTo(Amount),
    /// The last phase has no end.
    Never,
}

impl PhaseEnd {
    /// The amount at which it ends, in US dollars of daily revenue, if it does.
    #[must_use]
    pub const fn amount(self) -> Option<Amount> {
        match self {
            Self::Below(amount) | Self::UpTo(amount) => Some(amount),
            Self::Never => None,
        }
    }
}

/// A phase of the split schedule: its name, its end, its shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    pub(super) name: String,
    pub(super) end: PhaseEnd,
    pub(super) shares: RevenueShares,
}

impl Phase {
    /// Its name, such as `growth`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Up to which daily revenue it is meant for.
    #[must_use]
    pub const fn end(&self) -> PhaseEnd {
        self.end
    }

    /// How revenue is split while it is in force.
    #[must_use]
    pub const fn shares(&self) -> &RevenueShares {
        &self.shares
    }
}

/// The phases of the revenue split in rising order of revenue, and the one in force (Seed 001, "Dynamic Revenue Split
/// Schedule").
///
/// Each phase begins where the one before ends, so revenue of any size belongs to exactly one. Revenue indicates a
/// phase; only a passed vote puts one into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitSchedule {
    pub(super) phases: Vec<Phase>,
    pub(super) in_force: Phase,
    pub(super) window_days: u16,
}

impl SplitSchedule {
    /// The phases, in rising order of revenue.
    #[must_use]
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// The phase of this name.
    #[must_use]
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.name == name)
    }

    /// The phase in force.
    #[must_use]
    pub const fn in_force(&self) -> &Phase {
        &self.in_force
    }

    /// How many days revenue is averaged over.
    #[must_use]
    pub const fn window_days(&self) -> u16 {
        self.window_days
    }

    /// The phase that the average revenue of the days before `today` belongs to.
    ///
    /// # Errors
    ///
    /// [`RevenueError::WindowLength`] for a window that is not [`SplitSchedule::window_days`] long, and
    /// [`RevenueError::ClockBackwards`], see [`RevenueWindow::average`].
    pub fn indicated(&self, window: &RevenueWindow, today: Day) -> Result<&Phase, RevenueError> {
        self.check_length(window)?;
        for phase in &self.phases {
            let within = match phase.end {
                PhaseEnd::Below(end) => window.compare(today, end)? == Ordering::Less,
                PhaseEnd::UpTo(end) => window.compare(today, end)? != Ordering::Greater,
                PhaseEnd::Never => true,
            };
            if within {
                return Ok(phase);
            }
        }
        // The last phase has no end, so this is never reached.
        Ok(&self.in_force)
    }

    /// The average daily revenue of the days before `today`, in US dollars.
    ///
    /// # Errors
    ///
    /// As [`SplitSchedule::indicated`].
    pub fn average(&self, window: &RevenueWindow, today: Day) -> Result<Amount, RevenueError> {
        self.check_length(window)?;
        window.average(today)
    }

    fn check_length(&self, window: &RevenueWindow) -> Result<(), RevenueError> {
        let (found, needed) = (window.length_days(), self.window_days);
        if found == needed {
            Ok(())
        } else {
            Err(RevenueError::WindowLength { found, needed })
        }
    }

    /// The neighbour of the phase in force on the way to `indicated`.
    pub(super) fn next_towards(&self, indicated: &Phase) -> Option<&Phase> {
        let place = |name: &str| self.phases.iter().position(|phase| phase.name == name);
        let (from, to) = (place(&self.in_force.name)?, place(&indicated.name)?);
        let next = match to.cmp(&from) {
            Ordering::Equal => return None,
            Ordering::Greater => from.checked_add(1)?,
            Ordering::Less => from.checked_sub(1)?,
        };
        self.phases.get(next)
    }
}
