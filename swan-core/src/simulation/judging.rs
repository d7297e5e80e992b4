//! What the rules find out about providers, and what follows from it: benchmarks, windows, claims, penalties, removal.

use super::SimulationError;
use super::market::{HOUR, Market};
use super::participant::Participant;
use crate::benchmark::{BenchmarkScorer, SeedScorer, Verdict, judge};
use crate::standing::{Event, Stake, Standing, StandingKind};
use crate::{Currency, Timestamp, Usage};

impl Market {
    /// Sends a provider the benchmark items that are due within this hour, and judges it whenever a window's are all in.
    pub(super) fn benchmark(
        &mut self,
        position: usize,
        now: Timestamp,
    ) -> Result<(), SimulationError> {
        let end = now.after(HOUR);
        while let Some(one) = self.people.get_mut(position) {
            let at = one.schedule.next_due().max(now);
            if at >= end || one.is_gone {
                break;
            }
            let rules = self.policy.benchmark();
            // At the end of a window the schedule draws the next and has nothing to send yet.
            let Some(due) = one.schedule.take(at, rules, &mut self.rng) else {
                continue;
            };
            let sample = one.answer(&due, &mut self.rng);
            one.keep(sample, rules);
            if one.schedule.is_window_done() {
                self.judge(position, at)?;
            }
        }
        let is_waiting = |one: &Participant| !one.is_gone && is_waiting(&one.standing);
        if self.people.get(position).is_some_and(is_waiting) {
            self.apply(position, &Event::Tick, end)?;
        }
        Ok(())
    }

    fn judge(&mut self, position: usize, now: Timestamp) -> Result<(), SimulationError> {
        let Some(one) = self.people.get_mut(position) else {
            return Ok(());
        };
        let rules = self.policy.benchmark();
        let score = SeedScorer.score(&one.samples, rules);
        let verdict = judge(score, rules, self.policy.stamp().clone(), now);
        let case = self.numbers.case();
        let event = match verdict.verdict {
            Verdict::Pass => Event::BenchmarkPassed { case },
            Verdict::Undecided => Event::BenchmarkUndecided { case },
            Verdict::Fail => {
                one.failed_benchmarks += 1;
                let evidence = verdict.grounds.evidence;
                Event::BenchmarkFailed { case, evidence }
            }
        };
        if verdict.verdict != Verdict::Undecided {
            one.samples.clear();
        }
        self.apply(position, &event, now)
    }

    /// Shows the windows of everybody to the standing, once a day.
    pub(super) fn measure(&mut self, now: Timestamp) -> Result<(), SimulationError> {
        for position in 0..self.people.len() {
            let Some(one) = self.people.get(position) else {
                break;
            };
            if !one.is_gone {
                let measured = one
                    .windows
                    .measured(&one.standing, self.policy.standing(), now);
                self.apply(position, &Event::Measured(measured), now)?;
            }
        }
        Ok(())
    }

    /// Compares claims, and has the overclaimed answered for as a fraud on the consumers who paid for them.
    pub(super) fn audit_claims(&mut self, now: Timestamp) -> Result<(), SimulationError> {
        let found = self
            .claims
            .overclaims(self.policy.claims(), self.policy.stamp());
        self.claims.clear();
        for overclaim in found {
            let position = self
                .people
                .iter()
                .position(|one| one.id == overclaim.provider && !one.is_gone);
            let Some(position) = position else { continue };
            let excess = Usage {
                completion_tokens: overclaim.excess_tokens(),
                ..Usage::default()
            };
            let stake = Stake {
                amount: self.terms.price(&excess)?,
                currency: Currency::Usd,
            };
            if let Some(one) = self.people.get_mut(position) {
                one.overclaims += 1;
            }
            let event = Event::FraudProven {
                case: self.numbers.case(),
                stake,
                evidence: overclaim.grounds.evidence,
            };
            self.apply(position, &event, now)?;
        }
        Ok(())
    }

    /// Tells a provider's standing what happened, and carries out what follows.
    fn apply(
        &mut self,
        position: usize,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), SimulationError> {
        let Some(one) = self.people.get_mut(position) else {
            return Ok(());
        };
        let change = one.standing.apply(event, now, &self.policy);
        for penalty in &change.penalties {
            one.pledge.suffer(penalty, now, self.wait)?;
        }
        if one.standing.kind() == StandingKind::Removed {
            one.removals += 1;
            if one.conduct.returns {
                one.rename(self.numbers.provider(), now, &self.policy, &mut self.rng)?;
                one.join(now, &self.policy, self.wait, &mut self.numbers)?;
            } else {
                one.is_gone = true;
            }
        } else if !change.penalties.is_empty() {
            // Whoever stays tops up at once what was set aside or taken.
            one.pledge.fill(now, self.wait, &mut self.numbers)?;
        }
        Ok(())
    }
}

/// Whether time alone changes something about a provider soon: a suspension, a probation or an appeal window ends.
fn is_waiting(standing: &Standing) -> bool {
    matches!(
        standing.kind(),
        StandingKind::Suspended | StandingKind::Probation
    ) || !standing.open_penalties().is_empty()
}
