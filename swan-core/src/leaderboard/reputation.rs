use crate::Rng;
use crate::standing::Rate;

/// Scores are counted in hundredths of a point, 0 to 10,000, and rounded down once in each factor and once in the sum.
const FULL: u64 = 10_000;

/// One value for each of the five factors of Swan 1.0's reputation: weights in basis points, or scores in hundredths of a point,
/// both up to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the record has these five")]
pub struct Factors {
    /// Machine uptime.
    pub uptime: u64,
    /// How long it has been there, against the oldest provider.
    pub join_time: u64,
    /// Jobs that the network gave it to try it.
    pub system_jobs: u64,
    /// Jobs of users.
    pub user_jobs: u64,
    /// Jobs that were not refunded.
    pub refunds: u64,
}

/// The reputation of Swan 1.0: five weighted factors, and a weighted random choice by it (public record 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReputationRules {
    pub(super) weights: Factors,
    pub(super) start: u64,
    pub(super) success: u64,
    pub(super) failure: u64,
    pub(super) least_system_jobs: u64,
    /// Of the last 7 days, the last 30 days, and all time.
    pub(super) windows: [u64; 3],
}

impl ReputationRules {
    /// The score of system jobs after these outcomes in their order, in hundredths of a point: it starts at 50 points, a success
    /// adds 10 and a failure takes 20, and it never leaves 0 to 100 (public record 3.4).
    #[must_use]
    pub fn system_jobs(&self, outcomes: impl IntoIterator<Item = bool>) -> u64 {
        let points = outcomes.into_iter().fold(self.start, |points, good| {
            if good {
                points.saturating_add(self.success).min(100)
            } else {
                points.saturating_sub(self.failure)
            }
        });
        points * 100
    }

    /// The scores of 7 days, 30 days and all time as one, by the window weights 50/30/20 (public record 3.4).
    #[must_use]
    pub fn windowed(&self, [short, medium, long]: [u64; 3]) -> u64 {
        let [a, b, c] = self.windows;
        (short.min(FULL) * a + medium.min(FULL) * b + long.min(FULL) * c) / FULL
    }

    /// The score of system jobs that counts: its own with at least so many jobs, the network's average with fewer (10 on record).
    #[must_use]
    pub const fn settled(&self, own: u64, jobs: u64, average: u64) -> u64 {
        if jobs >= self.least_system_jobs {
            own
        } else {
            average
        }
    }

    /// The reputation in hundredths of a point, from the five factors in the same unit.
    #[must_use]
    pub fn total(&self, factors: &Factors) -> u64 {
        let weights = &self.weights;
        let part = |score: u64, weight: u64| score.min(FULL) * weight;
        let sum = part(factors.uptime, weights.uptime)
            + part(factors.join_time, weights.join_time)
            + part(factors.system_jobs, weights.system_jobs)
            + part(factors.user_jobs, weights.user_jobs)
            + part(factors.refunds, weights.refunds);
        sum / FULL
    }

    /// The factor of a rate in hundredths of a point: uptime, user jobs done, jobs not refunded. Nothing known scores nothing.
    #[must_use]
    pub fn of_rate(rate: Option<Rate>) -> u64 {
        rate.map_or(0, |rate| rate.millionths() / 100)
    }

    /// Chooses one of these reputations at random, each as likely as its share of the sum; `None` when all are nothing.
    pub fn choose(reputations: &[u64], rng: &mut dyn Rng) -> Option<usize> {
        let sum = reputations
            .iter()
            .try_fold(0_u64, |sum, next| sum.checked_add(*next))?;
        if sum == 0 {
            return None;
        }
        let mut drawn = rng.below(sum);
        reputations.iter().position(|reputation| {
            let here = drawn < *reputation;
            drawn = drawn.saturating_sub(*reputation);
            here
        })
    }
}
