use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{HealthRules, Tally};
use crate::{ProviderId, Timestamp};

/// Why a provider was ejected from the routing of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ejection {
    /// Who.
    pub provider: ProviderId,
    /// Until when.
    pub until: Timestamp,
    /// Requests out of a million that went well.
    pub success_ppm: u32,
    /// The average of all that were compared, where it fell behind these; `None` when it fell below the fixed bound.
    pub mean_ppm: Option<u32>,
    /// Requests that this was judged by.
    pub requests: u64,
}

/// Finds providers of one model that fail much more often than the others, and holds them off for a while
/// (outlier detection as Envoy does it, in exact integers).
///
/// A provider is an outlier when its success lies below the mean of those that are compared by more than the policy's factor
/// times their standard deviation, or below a fixed bound. Nobody is judged by fewer requests than the policy's least volume, the
/// mean needs the policy's least number of providers, and at most the policy's share of a model's providers is out at once:
/// when everybody fails, the fault is elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutlierDetector {
    /// At most one entry for each provider of the last sweep.
    out: BTreeMap<ProviderId, Out>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Out {
    until: Timestamp,
    /// How often in a row, which sets how long.
    times: u32,
}

impl OutlierDetector {
    /// Nobody is out.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            out: BTreeMap::new(),
        }
    }

    /// Whether this provider is held off now.
    #[must_use]
    pub fn is_out(&self, provider: ProviderId, now: Timestamp) -> bool {
        self.out.get(&provider).is_some_and(|out| now < out.until)
    }

    /// Judges all providers of the model by their recent tallies and says who is out from now on, the worst first.
    ///
    /// Each time in a row it is out for as long again, until a sweep finds it well. Providers that are not among the tallies are
    /// forgotten. A provider that is given twice counts with its last tally.
    pub fn sweep(
        &mut self,
        tallies: &[(ProviderId, Tally)],
        now: Timestamp,
        rules: &HealthRules,
    ) -> Vec<Ejection> {
        let tallies: BTreeMap<ProviderId, Tally> = tallies.iter().copied().collect();
        self.out
            .retain(|provider, _| tallies.contains_key(provider));
        let judged: Vec<(ProviderId, Tally, u32)> = tallies
            .iter()
            .filter(|(provider, tally)| {
                tally.total() >= rules.outlier_volume() && !self.is_out(**provider, now)
            })
            .filter_map(|(provider, tally)| Some((*provider, *tally, tally.success_ppm()?)))
            .collect();
        let spread = Spread::of(&judged, rules);
        let mut found: Vec<(Ejection, u32)> = Vec::new();
        for (provider, tally, success_ppm) in judged {
            let below_bound = success_ppm / 100 < u32::from(rules.outlier_floor().get());
            let behind = spread.filter(|spread| spread.is_behind(success_ppm));
            if !below_bound && behind.is_none() {
                // Found well: the next time is a first time again.
                self.out.remove(&provider);
                continue;
            }
            let times = self
                .out
                .get(&provider)
                .map_or(0, |out| out.times)
                .saturating_add(1);
            let until = now.after(rules.outlier_ejection(times));
            let ejection = Ejection {
                provider,
                until,
                success_ppm,
                mean_ppm: behind.map(|spread| spread.mean()).filter(|_| !below_bound),
                requests: tally.total(),
            };
            found.push((ejection, times));
        }
        found.sort_by_key(|(ejection, _)| (ejection.success_ppm, ejection.provider));
        let out_already = tallies
            .keys()
            .filter(|provider| self.is_out(**provider, now))
            .count();
        let most = rules.outliers_at_most(tallies.len());
        found.truncate(most.saturating_sub(out_already));
        let enter = |(ejection, times): (Ejection, u32)| {
            let until = ejection.until;
            self.out.insert(ejection.provider, Out { until, times });
            ejection
        };
        found.into_iter().map(enter).collect()
    }
}

/// How the success of those that are compared is spread, without a division: the sums are of parts per million.
#[derive(Clone, Copy, Debug)]
struct Spread {
    count: i128,
    sum: i128,
    /// `count` squared times the variance: `count * sum of squares - sum squared`.
    scaled_variance: i128,
    factor_permille: i128,
}

impl Spread {
    fn of(judged: &[(ProviderId, Tally, u32)], rules: &HealthRules) -> Option<Self> {
        if judged.len() < rules.outlier_providers() {
            return None;
        }
        let ratios = || judged.iter().map(|(_, _, ppm)| i128::from(*ppm));
        let count = ratios().map(|_| 1).sum();
        let sum: i128 = ratios().sum();
        let squares: i128 = ratios().map(|ppm| ppm * ppm).sum();
        Some(Self {
            count,
            sum,
            scaled_variance: count * squares - sum * sum,
            factor_permille: i128::from(rules.outlier_deviations_permille()),
        })
    }

    /// Whether `ppm < mean - factor * deviation`, both sides multiplied by the count and squared.
    fn is_behind(&self, ppm: u32) -> bool {
        let distance = self.sum - self.count * i128::from(ppm);
        distance > 0
            && (distance * 1_000).pow(2) > self.factor_permille.pow(2) * self.scaled_variance
    }

    fn mean(&self) -> u32 {
        u32::try_from(self.sum / self.count.max(1)).unwrap_or(0)
    }
}

/// A span that grows with each time in a row, up to a bound.
pub(super) fn longer_each_time(base: Duration, times: u32, most: Duration) -> Duration {
    base.saturating_mul(times).min(most)
}
