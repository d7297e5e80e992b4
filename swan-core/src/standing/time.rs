//! What happens by itself when time passes.

use super::court::Court;
use super::state::{Disqualified, Entry, State};
use super::{Final, Lift, Penalty, PenaltyEvent, PenaltyState, Standing};
use crate::{Fact, Timestamp};

impl Standing {
    pub(super) fn let_time_pass(&mut self, court: &mut Court<'_>) {
        let open = std::mem::take(&mut self.open);
        let mut closed = Vec::new();
        for mut penalty in open {
            let tick = PenaltyEvent::Tick;
            if let Ok(state) = penalty
                .state
                .on(tick, court.now, court.rules.appeal_decision)
            {
                penalty.state = state;
            }
            if penalty.is_open() {
                self.open.push(penalty);
            } else {
                closed.push(penalty);
            }
        }
        for penalty in closed {
            self.conclude(&penalty, court);
        }
        self.end_spans(court);
        self.expire_results(court);
    }

    /// Does what follows from a penalty that is now decided for good; it is no longer among the open ones.
    pub(super) fn conclude(&mut self, penalty: &Penalty, court: &mut Court<'_>) {
        court.tell(penalty);
        match penalty.state {
            PenaltyState::Held { .. } | PenaltyState::Appealed { .. } => {}
            PenaltyState::CarriedOut { why, .. } => {
                let how = match why {
                    Final::Lapsed => "public record 3.9: the appeal window ended without an appeal",
                    Final::Denied => "public record 3.9: the appeal was denied",
                };
                let facts = [
                    Fact::new("penalty", penalty.id),
                    Fact::new("slash", penalty.slash),
                ];
                let _: crate::Grounds = court.decide(how, &facts);
                if penalty.removal {
                    self.state = State::Removed;
                }
            }
            PenaltyState::Lifted { why, .. } => {
                let how = match why {
                    Lift::Upheld => "public record 3.9: the appeal was upheld",
                    Lift::Undecided => {
                        "standing.appeal_decision_days: nobody decided the appeal in time"
                    }
                };
                let _: crate::Grounds = court.decide(how, &[Fact::new("penalty", penalty.id)]);
                self.restore(penalty, court);
            }
        }
    }

    fn end_spans(&mut self, court: &Court<'_>) {
        let over = |until: Timestamp| court.now >= until;
        if let Some(serving) = self.serving_mut() {
            serving.suspended = serving.suspended.filter(|suspended| !over(suspended.until));
            serving.probation_until = serving.probation_until.filter(|until| !over(*until));
        }
    }

    fn expire_results(&mut self, court: &mut Court<'_>) {
        if !self.results_expired(court) {
            return;
        }
        if let Some(joining) = self.joining_mut() {
            if joining.benchmark == Entry::Passed {
                joining.benchmark = Entry::Wanted;
            }
            return;
        }
        let qualified = self
            .serving_mut()
            .is_some_and(|serving| serving.disqualified.is_none());
        if qualified {
            let age = self
                .last_result
                .map_or(0, |at| court.now.since(at).as_secs() / 86_400);
            let needed = court.rules.results_expire.as_secs() / 86_400;
            let fact = Fact::new(
                "age of the last benchmark results",
                format!("{age} days or more"),
            )
            .needed(format!("at most {needed} days"));
            let _: crate::Grounds = court.decide(
                "Seed 001, Slashing Conditions: benchmark results expired",
                &[fact],
            );
            self.disqualify(Disqualified::Expired);
        }
    }
}
