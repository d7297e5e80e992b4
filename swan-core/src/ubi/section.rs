//! `[ubi]` of a policy document.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::contribution::ContributionRules;
use super::rules::{ShareRule, UbiRules, WorkloadRules};
use super::taper::{Sharing, Taper, TaperPhase};
use super::{SafetyValve, UbiCurve};
use crate::PolicyError;
use crate::policy::check::{amount, day, points, within};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    curve: Option<Curve>,
    workload: Option<Workload>,
    taper: Option<TaperShape>,
    safety_valve: Option<Valve>,
    contribution: Option<Contribution>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Curve {
    scale_swan_per_day: String,
    exponent: String,
    decay: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Workload {
    share_rule: ShareRule,
    fog_weight_bps: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaperShape {
    full_swan_per_day: String,
    phase: Vec<Phase>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phase {
    from: String,
    until: Option<String>,
    level_bps: u64,
    swan_per_day: String,
    sharing: Sharing,
    legacy_hardware_earns: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Valve {
    least_usd_per_day: String,
    opens: String,
    open_days: u64,
    level_bps: u64,
    months: u64,
    extended_from: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contribution {
    output_token_weight: u64,
    full_uptime_bps: u64,
    least_uptime_bps: u64,
    least_requests_per_week: u64,
    least_success_bps: u64,
    least_hours_per_week: u64,
    liquid_bps: u64,
    locked_months: u64,
}

impl Section {
    pub(crate) fn check(&self) -> Result<UbiRules, PolicyError> {
        let taper = self.taper.as_ref().map(TaperShape::check).transpose()?;
        let valve = self.safety_valve.as_ref().map(Valve::check).transpose()?;
        if let (Some(_), None) = (&valve, &taper) {
            let rule = "it extends a taper, so a policy with it has [ubi.taper] too";
            return Err(PolicyError::invalid("ubi.safety_valve", "(present)", rule));
        }
        let taper = match (taper, &valve) {
            (Some(taper), Some(valve)) => Some(valve.applied(taper).map_err(|error| {
                let from = format!("{:?}", valve.extended_from().map(|day| day.to_string()));
                PolicyError::invalid("ubi.safety_valve.extended_from", from, error)
            })?),
            (taper, _) => taper,
        };
        Ok(UbiRules {
            curve: self.curve.as_ref().map(Curve::check).transpose()?,
            workload: self.workload.as_ref().map(Workload::check).transpose()?,
            taper,
            valve,
            contribution: self
                .contribution
                .as_ref()
                .map(Contribution::check)
                .transpose()?,
        })
    }
}

impl Curve {
    fn check(&self) -> Result<UbiCurve, PolicyError> {
        UbiCurve::new(
            amount("ubi.curve.scale_swan_per_day", &self.scale_swan_per_day)?,
            exact("ubi.curve.exponent", &self.exponent)?,
            exact("ubi.curve.decay", &self.decay)?,
        )
    }
}

fn exact(key: &str, text: &str) -> Result<Decimal, PolicyError> {
    Decimal::from_str_exact(text)
        .map_err(|error| PolicyError::invalid(key, format!("{text:?}"), error))
}

impl Workload {
    fn check(&self) -> Result<WorkloadRules, PolicyError> {
        let key = "ubi.workload.fog_weight_bps";
        Ok(WorkloadRules {
            share_rule: self.share_rule,
            fog_weight_bps: small(key, self.fog_weight_bps, 1, 1_000_000)?,
        })
    }
}

impl TaperShape {
    fn check(&self) -> Result<Taper, PolicyError> {
        let phases = self
            .phase
            .iter()
            .zip(1_usize..)
            .map(|(phase, number)| phase.check(&format!("ubi.taper.phase.{number}")))
            .collect::<Result<Vec<_>, _>>()?;
        let count = phases.len();
        let full = amount("ubi.taper.full_swan_per_day", &self.full_swan_per_day)?;
        Taper::new(full, phases).map_err(|error| {
            PolicyError::invalid("ubi.taper.phase", format!("{count} phases"), error)
        })
    }
}

impl Phase {
    fn check(&self, at: &str) -> Result<TaperPhase, PolicyError> {
        Ok(TaperPhase {
            from: day(&format!("{at}.from"), &self.from)?,
            until: self
                .until
                .as_ref()
                .map(|until| day(&format!("{at}.until"), until))
                .transpose()?,
            level: points(&format!("{at}.level_bps"), self.level_bps)?,
            per_day: amount(&format!("{at}.swan_per_day"), &self.swan_per_day)?,
            sharing: self.sharing,
            legacy_hardware_earns: self.legacy_hardware_earns,
        })
    }
}

impl Valve {
    fn check(&self) -> Result<SafetyValve, PolicyError> {
        let at = |field: &str| format!("ubi.safety_valve.{field}");
        Ok(SafetyValve {
            least_per_day: amount(&at("least_usd_per_day"), &self.least_usd_per_day)?,
            opens: day(&at("opens"), &self.opens)?,
            open_days: small(&at("open_days"), self.open_days, 1, 366)?,
            level: points(&at("level_bps"), self.level_bps)?,
            months: small(&at("months"), self.months, 1, 120)?,
            extended_from: self
                .extended_from
                .as_ref()
                .map(|from| day(&at("extended_from"), from))
                .transpose()?,
        })
    }
}

impl Contribution {
    fn check(&self) -> Result<ContributionRules, PolicyError> {
        let at = |field: &str| format!("ubi.contribution.{field}");
        let full = points(&at("full_uptime_bps"), self.full_uptime_bps)?;
        let least_requests = self.least_requests_per_week;
        Ok(ContributionRules {
            output_token_weight: small(
                &at("output_token_weight"),
                self.output_token_weight,
                1,
                1_000,
            )?,
            full_uptime_bps: small(&at("full_uptime_bps"), u64::from(full.get()), 1, 10_000)?,
            least_uptime: points(&at("least_uptime_bps"), self.least_uptime_bps)?,
            least_requests_per_week: small(
                &at("least_requests_per_week"),
                least_requests,
                0,
                1_000_000_000,
            )?,
            least_success: points(&at("least_success_bps"), self.least_success_bps)?,
            least_hours_per_week: small(
                &at("least_hours_per_week"),
                self.least_hours_per_week,
                0,
                168,
            )?,
            liquid: points(&at("liquid_bps"), self.liquid_bps)?,
            locked_months: small(&at("locked_months"), self.locked_months, 0, 120)?,
        })
    }
}

fn small(key: &str, value: u64, least: u32, most: u32) -> Result<u32, PolicyError> {
    within(key, value, u64::from(least), u64::from(most))
        .map(|value| u32::try_from(value).unwrap_or(most))
}
