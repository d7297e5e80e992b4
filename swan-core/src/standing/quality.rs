//! Benchmarks and windows: what is found out about an admitted provider.

use std::cmp::Ordering;

use super::court::Court;
use super::state::{Disqualified, Entry, Slow, State};
use super::{Measured, Offence, Rate, Refusal, RoutingClass, Standing};
use crate::{BasisPoints, CaseId, Fact, Grounds};

impl Standing {
    pub(super) fn benchmark_started(&mut self) -> Result<(), Refusal> {
        self.present()?;
        if let State::Joining(joining) = &mut self.state
            && joining.benchmark == Entry::Wanted
        {
            joining.benchmark = Entry::Running;
        }
        Ok(())
    }

    pub(super) fn passed(&mut self, case: CaseId, court: &mut Court<'_>) -> Result<(), Refusal> {
        self.present()?;
        self.remember(case)?;
        self.last_result = Some(court.now);
        // Who gets no traffic knows that it is being tested.
        let resets =
            court.rules.any_pass_resets || !matches!(self.routing(), RoutingClass::None(_));
        if self.failures > 0 && !resets {
            let rule = "standing.any_pass_resets: a pass without traffic leaves the counter alone";
            let fact = Fact::new("failures in a row", self.failures);
            let _: Grounds = court.decide(rule, &[fact]);
        } else if self.failures > 0 {
            let fact = Fact::new("failures in a row", self.failures);
            let _: Grounds = court.decide("public record 3.6: passing resets the counter", &[fact]);
        }
        if resets {
            self.failures = 0;
            self.streak = self.streak.saturating_add(1);
        }
        let probation = Self::probation(court);
        if let Some(joining) = self.joining_mut() {
            joining.benchmark = Entry::Passed;
        } else if let Some(serving) = self.serving_mut() {
            let lost = serving.disqualified.take();
            if lost.is_some() {
                let rule = "Seed 001, Benchmarks: qualified again by a passed benchmark";
                let _: Grounds = court.decide(rule, &[Fact::new("benchmark", case)]);
            }
            // Who was away begins anew, or the days of its absence would disqualify it again at once.
            if let Some(Disqualified::Away(_)) = lost {
                serving.since = court.now;
                serving.probation_until = probation;
            }
        }
        Ok(())
    }

    pub(super) fn failed(
        &mut self,
        case: CaseId,
        evidence: &[Fact],
        court: &mut Court<'_>,
    ) -> Result<(), Refusal> {
        self.present()?;
        self.remember_charge(case, evidence)?;
        self.last_result = Some(court.now);
        // Nothing is slashed of who was never admitted: it mends its machine and tries again (SIP-003, 2.2).
        if let Some(joining) = self.joining_mut() {
            joining.benchmark = Entry::Wanted;
            let rule = "Seed 001, Requirements: pass the initial benchmark";
            let _: Grounds = court.decide(rule, evidence);
            return Ok(());
        }
        self.failures = self.failures.saturating_add(1);
        // The ladder ends with removal: while one is held there is no further step.
        if self.removal_is_held() {
            return Ok(());
        }
        let in_a_row = self.failures;
        self.punish(
            case,
            &Offence::BenchmarkFailed { in_a_row },
            evidence,
            court,
        );
        Ok(())
    }

    pub(super) fn undecided(&mut self, case: CaseId) -> Result<(), Refusal> {
        self.present()?;
        self.remember(case)?;
        if let Some(joining) = self.joining_mut()
            && joining.benchmark == Entry::Running
        {
            joining.benchmark = Entry::Wanted;
        }
        Ok(())
    }

    pub(super) fn measured(
        &mut self,
        measured: &Measured,
        court: &mut Court<'_>,
    ) -> Result<(), Refusal> {
        self.present()?;
        let graced = court.now.since(self.registered_at) < court.rules.grace;
        let State::Serving(serving) = &mut self.state else {
            return Err(match self.state {
                State::Exiting(_) => Refusal::Exiting,
                State::Joining(_) | State::Serving(_) | State::Left | State::Removed => {
                    Refusal::NotAdmitted
                }
            });
        };
        let rules = court.rules;
        let below = |rate: Option<Rate>, least: BasisPoints| {
            rate.filter(|rate| !graced && rate.compare(least) == Ordering::Less)
        };
        let before = serving.slow;
        serving.slow = Slow {
            success: below(measured.success, rules.success_least),
            uptime: below(measured.uptime, rules.uptime_least),
        };
        let slow = serving.slow;
        let away = measured
            .trailing_uptime
            .filter(|rate| rate.compare(rules.uptime_required_above) != Ordering::Greater)
            .filter(|_| serving.disqualified.is_none());
        if let Some(rate) = away {
            serving.disqualified = Some(Disqualified::Away(rate));
        }
        explain(before, slow, away, court);
        Ok(())
    }
}

fn explain(before: Slow, slow: Slow, away: Option<Rate>, court: &mut Court<'_>) {
    let rules = court.rules;
    if let (None, Some(rate)) = (before.success, slow.success) {
        let needed = format!("at least {}", rules.success_least);
        let fact = Fact::new("inference success rate", rate).needed(needed);
        let rule = "Seed 001, Slashing Conditions: inference success rate";
        let _: Grounds = court.decide(rule, &[fact]);
    }
    if let (None, Some(rate)) = (before.uptime, slow.uptime) {
        let needed = format!("at least {}", rules.uptime_least);
        let fact = Fact::new("uptime in ms of the rolling window", rate).needed(needed);
        let rule = "Seed 001, Slashing Conditions: uptime";
        let _: Grounds = court.decide(rule, &[fact]);
    }
    if before.is_any() && !slow.is_any() {
        let rule = "Seed 001, Slashing Conditions: no longer de-prioritised";
        let _: Grounds = court.decide(rule, &[]);
    }
    if let Some(rate) = away {
        let needed = format!("above {}", rules.uptime_required_above);
        let fact = Fact::new("uptime in ms of the trailing window", rate).needed(needed);
        let rule = "Seed 001, Requirements: uptime over a trailing 7-day window";
        let _: Grounds = court.decide(rule, &[fact]);
    }
}
