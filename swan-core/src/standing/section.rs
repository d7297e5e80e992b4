//! The shape of `[standing]` in a policy document, and its checks.

use std::num::NonZeroU64;
use std::time::Duration;

use serde::Deserialize;

use super::slashing::{Context, Failures, Fraud, PolicySlashing, Step};
use super::{Destination, Millionths, StandingRules};
use crate::policy::PolicyError;
use crate::policy::check::{days, hours, points, within};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    grace_days: u64,
    probation_hours: u64,
    success_least_bps: u64,
    success_window_days: u64,
    success_least_attempts: u64,
    uptime_least_bps: u64,
    uptime_window_days: u64,
    uptime_required_above_bps: u64,
    uptime_required_window_days: u64,
    uptime_least_hours: u64,
    appeal_hours: u64,
    appeal_decision_days: u64,
    any_pass_resets: bool,
    slashing: Slashing,
    fraud: FraudSection,
    context: Option<ContextSection>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
enum Slashing {
    Ladder {
        destination: Destination,
        step: Vec<StepSection>,
    },
    Flat {
        destination: Destination,
        slash_bps: u64,
    },
    PerTask {
        destination: Destination,
        edge_slash_ppm: u64,
        fog_slash_ppm: u64,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepSection {
    slash_bps: u64,
    suspend_hours: u64,
    remove: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FraudSection {
    multiple_bps: u64,
    destination: Destination,
    remove: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextSection {
    notices: u64,
    forget_days: u64,
    slash_bps: u64,
}

impl Section {
    /// The rules, if every value keeps to its own.
    /// `results_expire` is how long a pass of the policy's benchmark is good for.
    pub(crate) fn check(&self, results_expire: Duration) -> Result<StandingRules, PolicyError> {
        let attempts = "standing.success_least_attempts";
        let least_attempts = within(attempts, self.success_least_attempts, 1, 1_000_000)?;
        let required = points(
            "standing.uptime_required_above_bps",
            self.uptime_required_above_bps,
        )?;
        let least = points("standing.uptime_least_bps", self.uptime_least_bps)?;
        if required > least {
            let rule = format!(
                "it is not above standing.uptime_least_bps = {}",
                least.get()
            );
            return Err(PolicyError::invalid(
                "standing.uptime_required_above_bps",
                required.get(),
                rule,
            ));
        }
        let window = within(
            "standing.uptime_window_days",
            self.uptime_window_days,
            1,
            30,
        )?;
        Ok(StandingRules {
            grace: days("standing.grace_days", self.grace_days, 0, 365)?,
            probation: hours("standing.probation_hours", self.probation_hours, 0, 720)?,
            results_expire,
            success_least: points("standing.success_least_bps", self.success_least_bps)?,
            success_window: days(
                "standing.success_window_days",
                self.success_window_days,
                1,
                30,
            )?,
            success_least_attempts: NonZeroU64::new(least_attempts).unwrap_or(NonZeroU64::MIN),
            uptime_least: least,
            uptime_window: days("standing.uptime_window_days", window, 1, 30)?,
            uptime_required_above: required,
            uptime_required_window: days(
                "standing.uptime_required_window_days",
                self.uptime_required_window_days,
                1,
                window,
            )?,
            uptime_least_time: hours(
                "standing.uptime_least_hours",
                self.uptime_least_hours,
                1,
                168,
            )?,
            appeal: hours("standing.appeal_hours", self.appeal_hours, 0, 8_760)?,
            appeal_decision: days(
                "standing.appeal_decision_days",
                self.appeal_decision_days,
                1,
                365,
            )?,
            any_pass_resets: self.any_pass_resets,
            context_forgotten: self.context_forgotten()?,
            slashing: self.slashing()?,
        })
    }

    fn context_forgotten(&self) -> Result<Option<Duration>, PolicyError> {
        let key = "standing.context.forget_days";
        let context = self.context.as_ref();
        context
            .map(|context| days(key, context.forget_days, 1, 3_660))
            .transpose()
    }

    fn slashing(&self) -> Result<PolicySlashing, PolicyError> {
        let millionths = |key: &str, value: u64| {
            let value = within(key, value, 0, 1_000_000)?;
            Ok::<_, PolicyError>(
                u32::try_from(value)
                    .ok()
                    .and_then(Millionths::new)
                    .unwrap_or_default(),
            )
        };
        let (destination, failures) = match &self.slashing {
            Slashing::Ladder { destination, step } => {
                (*destination, Failures::Ladder(ladder(step)?))
            }
            Slashing::Flat {
                destination,
                slash_bps,
            } => {
                let share = points("standing.slashing.slash_bps", *slash_bps)?.into();
                (*destination, Failures::Flat { share })
            }
            Slashing::PerTask {
                destination,
                edge_slash_ppm,
                fog_slash_ppm,
            } => {
                let edge = millionths("standing.slashing.edge_slash_ppm", *edge_slash_ppm)?;
                let fog = millionths("standing.slashing.fog_slash_ppm", *fog_slash_ppm)?;
                (*destination, Failures::PerTask { edge, fog })
            }
        };
        let small = |key: &str, value: u64, most: u64| {
            within(key, value, 0, most).map(|value| u32::try_from(value).unwrap_or(u32::MAX))
        };
        let context = self.context.as_ref().map(|context| {
            Ok::<_, PolicyError>(Context {
                notices: small("standing.context.notices", context.notices, 1_000)?,
                share: points("standing.context.slash_bps", context.slash_bps)?.into(),
            })
        });
        // A fraud that costs nothing is none.
        let multiple = "standing.fraud.multiple_bps";
        Ok(PolicySlashing {
            failures,
            destination,
            fraud: Fraud {
                multiple_bps: small(
                    multiple,
                    within(multiple, self.fraud.multiple_bps, 1, 1_000_000)?,
                    1_000_000,
                )?,
                destination: self.fraud.destination,
                removal: self.fraud.remove,
            },
            context: context.transpose()?,
        })
    }
}

fn ladder(sections: &[StepSection]) -> Result<Vec<Step>, PolicyError> {
    let mut steps: Vec<Step> = Vec::with_capacity(sections.len());
    within("standing.slashing.step", count(sections.len()), 1, 10)?;
    for (section, number) in sections.iter().zip(1..) {
        let at = |field: &str| format!("standing.slashing.step.{number}.{field}");
        let step = Step {
            share: points(&at("slash_bps"), section.slash_bps)?.into(),
            suspension: Some(hours(&at("suspend_hours"), section.suspend_hours, 0, 720)?)
                .filter(|span| !span.is_zero()),
            removal: section.remove,
        };
        if let Some(before) = steps.last() {
            if step.share < before.share {
                let rule = "a later failure costs no less than the one before";
                return Err(PolicyError::invalid(
                    at("slash_bps"),
                    section.slash_bps,
                    rule,
                ));
            }
            if before.removal {
                let rule = "no step follows the one that removes";
                return Err(PolicyError::invalid("standing.slashing.step", number, rule));
            }
        }
        steps.push(step);
    }
    Ok(steps)
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
