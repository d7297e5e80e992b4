use serde::{Deserialize, Serialize};

use super::{RevenueError, RevenueWindow, SplitSchedule};
use crate::{Amount, Day, Fact, Grounds, PolicyStamp};

/// A change of phase that the numbers ask for and a vote may make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseTransition {
    /// The phase in force.
    pub from: String,
    /// The phase to vote on, a neighbour of the one in force.
    pub to: String,
    /// The phase that the average belongs to: `to`, or one beyond it.
    pub indicated: String,
    /// The average daily revenue in US dollars.
    pub average: Amount,
    /// The rule and its numbers.
    pub grounds: Grounds,
}

impl SplitSchedule {
    /// The change of phase that is due for a vote, upwards or downwards; none when the phase in force is the indicated one.
    ///
    /// One step at a time: the seed wants a vote for "each phase transition", so a leap over a phase would be two
    /// transitions with one vote, and no vote takes more from providers than the step between neighbours. While the
    /// average still points further, the next step is due as soon as this one is in force.
    ///
    /// # Errors
    ///
    /// [`RevenueError`], see [`SplitSchedule::indicated`].
    pub fn proposal_due(
        &self,
        window: &RevenueWindow,
        today: Day,
        policy: &PolicyStamp,
    ) -> Result<Option<PhaseTransition>, RevenueError> {
        let indicated = self.indicated(window, today)?;
        let Some(to) = self.next_towards(indicated) else {
            return Ok(None);
        };
        let average = window.average(today)?;
        let from = self.in_force();
        let days = window.length_days();
        let counted = format!("{} of {days} days reported", window.reported_days(today));
        let grounds = Grounds::new(
            "Seed 001, Dynamic Revenue Split Schedule: thresholds on a 30-day rolling average",
            policy.clone(),
        )
        .with(Fact::new("average daily revenue", format!("{average} USD")))
        .with(Fact::new("revenue window", counted))
        .with(Fact::new("phase in force", from.name()).needed(indicated.name()))
        .with(Fact::new("shares of the next step", to.shares()));
        Ok(Some(PhaseTransition {
            from: from.name().to_owned(),
            to: to.name().to_owned(),
            indicated: indicated.name().to_owned(),
            average,
            grounds,
        }))
    }
}
