use std::time::Duration;

use serde::Deserialize;

use super::{Backoff, BreakerConfig, HalfLives, HealthRules};
use crate::PolicyError;
use crate::policy::check::{points, within};

/// `[health]`, before anything in it is believed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HealthSection {
    success_window_secs: u64,
    latency_half_life_secs: u64,
    latency_forget_half_life_secs: u64,
    breaker: BreakerSection,
    backoff: BackoffSection,
    outlier: OutlierSection,
    warmup: WarmupSection,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakerSection {
    failures_to_open: u64,
    open_secs: u64,
    open_max_secs: u64,
    probes_at_once: u64,
    successes_to_close: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BackoffSection {
    base_secs: u64,
    max_secs: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutlierSection {
    deviations_permille: u64,
    least_success_bps: u64,
    least_requests: u64,
    least_providers: u64,
    ejected_at_most_bps: u64,
    ejection_secs: u64,
    ejection_max_secs: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WarmupSection {
    warm_after_secs: u64,
    warm_requests: u64,
    cold_after_secs: u64,
    cold_weight_permille: u64,
}

const DAY: u64 = 86_400;

impl HealthSection {
    pub(crate) fn check(&self) -> Result<HealthRules, PolicyError> {
        let news = secs("latency_half_life_secs", self.latency_half_life_secs, 1)?;
        let silence = secs(
            "latency_forget_half_life_secs",
            self.latency_forget_half_life_secs,
            1,
        )?;
        let (outlier, warmup) = (&self.outlier, &self.warmup);
        let (base, most) = (outlier.ejection_secs, outlier.ejection_max_secs);
        Ok(HealthRules {
            breaker: self.breaker.check()?,
            half_lives: HalfLives { news, silence },
            backoff: Backoff {
                base: secs("backoff.base_secs", self.backoff.base_secs, 1)?,
                cap: secs(
                    "backoff.max_secs",
                    self.backoff.max_secs,
                    self.backoff.base_secs,
                )?,
            },
            window: secs("success_window_secs", self.success_window_secs, 1)?,
            outlier_deviations_permille: count(
                "outlier.deviations_permille",
                outlier.deviations_permille,
                100_000,
            )?,
            outlier_floor: points(
                "health.outlier.least_success_bps",
                outlier.least_success_bps,
            )?,
            outlier_volume: u64::from(count(
                "outlier.least_requests",
                outlier.least_requests,
                1_000_000,
            )?),
            outlier_providers: usize::try_from(count(
                "outlier.least_providers",
                outlier.least_providers,
                1_000_000,
            )?)
            .unwrap_or(usize::MAX),
            outlier_share: points(
                "health.outlier.ejected_at_most_bps",
                outlier.ejected_at_most_bps,
            )?,
            outlier_base: secs("outlier.ejection_secs", base, 1)?,
            outlier_most: secs("outlier.ejection_max_secs", most, base)?,
            warm_after: secs("warmup.warm_after_secs", warmup.warm_after_secs, 0)?,
            warm_requests: count("warmup.warm_requests", warmup.warm_requests, 1_000_000)?,
            cold_after: secs(
                "warmup.cold_after_secs",
                warmup.cold_after_secs,
                // Else a warm-up could never end.
                warmup.warm_after_secs.saturating_add(1),
            )?,
            cold_weight_permille: u16::try_from(count(
                "warmup.cold_weight_permille",
                warmup.cold_weight_permille,
                1_000,
            )?)
            .unwrap_or(1_000),
        })
    }
}

impl BreakerSection {
    fn check(&self) -> Result<BreakerConfig, PolicyError> {
        let number = |name: &str, value| count(&format!("breaker.{name}"), value, 1_000);
        Ok(BreakerConfig {
            failures_to_open: number("failures_to_open", self.failures_to_open)?,
            open: secs("breaker.open_secs", self.open_secs, 1)?,
            open_max: secs("breaker.open_max_secs", self.open_max_secs, self.open_secs)?,
            probes_at_once: number("probes_at_once", self.probes_at_once)?,
            successes_to_close: number("successes_to_close", self.successes_to_close)?,
        })
    }
}

fn secs(key: &str, value: u64, least: u64) -> Result<Duration, PolicyError> {
    within(&format!("health.{key}"), value, least, DAY).map(Duration::from_secs)
}

fn count(key: &str, value: u64, most: u64) -> Result<u32, PolicyError> {
    let value = within(&format!("health.{key}"), value, 1, most)?;
    Ok(u32::try_from(value).unwrap_or(u32::MAX))
}
