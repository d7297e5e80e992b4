use serde::Deserialize;

use super::{Phase, PhaseEnd, RevenueShares, SplitSchedule};
use crate::policy::{PolicyError, check};

/// `[split]` of a policy document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitSection {
    phase: String,
    window_days: u64,
    phases: Vec<PhaseSection>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseSection {
    name: String,
    below_usd_per_day: Option<String>,
    up_to_usd_per_day: Option<String>,
    provider_bps: u64,
    growth_fund_bps: u64,
    treasury_bps: u64,
    burn_bps: u64,
}

/// Few enough that a person can read the schedule.
const MAX_PHASES: usize = 16;

impl SplitSection {
    pub(crate) fn check(&self) -> Result<SplitSchedule, PolicyError> {
        let window = check::within("split.window_days", self.window_days, 1, 366)?;
        let count = self.phases.len();
        if count == 0 || count > MAX_PHASES {
            let rule = format!("a schedule has 1 to {MAX_PHASES} phases");
            return Err(PolicyError::invalid("split.phases", count, rule));
        }
        let mut phases: Vec<Phase> = Vec::with_capacity(count);
        for (section, number) in self.phases.iter().zip(1_usize..) {
            let key = format!("split.phases.{number}");
            let phase = section.check(&key, number == count)?;
            if phases.iter().any(|other| other.name == phase.name) {
                let rule = "no two phases have the same name";
                return Err(PolicyError::invalid(
                    format!("{key}.name"),
                    &phase.name,
                    rule,
                ));
            }
            let before = phases.last().and_then(|phase| phase.end.amount());
            if let (Some(before), Some(end)) = (before, phase.end.amount())
                && end <= before
            {
                let rule = format!("thresholds rise, and the phase before ends at {before}");
                return Err(PolicyError::invalid(
                    format!("{key}.{}", section.end_key()),
                    end,
                    rule,
                ));
            }
            phases.push(phase);
        }
        let in_force = phases
            .iter()
            .find(|phase| phase.name == self.phase)
            .cloned();
        let in_force = in_force.ok_or_else(|| {
            let names: Vec<&str> = phases.iter().map(Phase::name).collect();
            let rule = format!("the phases are {}", names.join(", "));
            PolicyError::invalid("split.phase", &self.phase, rule)
        })?;
        Ok(SplitSchedule {
            phases,
            in_force,
            window_days: u16::try_from(window).unwrap_or(u16::MAX),
        })
    }
}

impl PhaseSection {
    fn check(&self, key: &str, last: bool) -> Result<Phase, PolicyError> {
        let at = |field: &str| format!("{key}.{field}");
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=40).contains(&self.name.len()) || !self.name.bytes().all(plain) {
            let rule = "a name has 1 to 40 lower-case letters, digits and hyphens";
            return Err(PolicyError::invalid(
                at("name"),
                format!("{:?}", self.name),
                rule,
            ));
        }
        let points = |field: &str, value| check::points(&at(field), value);
        let shares = RevenueShares::new(
            points("provider_bps", self.provider_bps)?,
            points("growth_fund_bps", self.growth_fund_bps)?,
            points("treasury_bps", self.treasury_bps)?,
            points("burn_bps", self.burn_bps)?,
        )
        .map_err(|error| PolicyError::invalid(key, format!("{} basis points", error.sum), error))?;
        Ok(Phase {
            name: self.name.clone(),
            end: self.end(key, last)?,
            shares,
        })
    }

    fn end(&self, key: &str, last: bool) -> Result<PhaseEnd, PolicyError> {
        let wrong = |value: &str, rule: &str| Err(PolicyError::invalid(key, value, rule));
        let end = match (&self.below_usd_per_day, &self.up_to_usd_per_day) {
            (Some(_), Some(_)) => {
                return wrong(
                    "(two ends)",
                    "a phase ends below an amount or at it, not both",
                );
            }
            (Some(text), None) => {
                PhaseEnd::Below(check::amount(&format!("{key}.below_usd_per_day"), text)?)
            }
            (None, Some(text)) => {
                PhaseEnd::UpTo(check::amount(&format!("{key}.up_to_usd_per_day"), text)?)
            }
            (None, None) => PhaseEnd::Never,
        };
        match (end, last) {
            (PhaseEnd::Never, false) => wrong(
                "(no end)",
                "each phase but the last has below_usd_per_day or up_to_usd_per_day",
            ),
            (PhaseEnd::Below(_) | PhaseEnd::UpTo(_), true) => wrong(
                "(an end)",
                "the last phase has no end, or revenue above it has no phase",
            ),
            (PhaseEnd::Below(amount) | PhaseEnd::UpTo(amount), false) if amount.is_zero() => wrong(
                "0",
                "a phase ends above zero, or no revenue could belong to it",
            ),
            (end, _) => Ok(end),
        }
    }

    const fn end_key(&self) -> &'static str {
        if self.below_usd_per_day.is_some() {
            "below_usd_per_day"
        } else {
            "up_to_usd_per_day"
        }
    }
}
