use std::cmp::Ordering;

use super::{Candidate, RoutingRules};

/// What makes one candidate dearer than another, from the policy's `[routing]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    longest_ms: u64,
    least_permille: u16,
}

impl Cost {
    pub(super) fn new(rules: &RoutingRules) -> Self {
        Self {
            longest_ms: rules.first_token_ceiling_ms(),
            least_permille: rules.success_floor_permille(),
        }
    }

    /// Which of two has the lower cost: (load + 1) / (capacity * warmth) * time to first content / success.
    ///
    /// The fractions are compared crosswise in integers. Where one has no time yet, times do not count.
    pub(super) fn compare(&self, a: &Candidate, b: &Candidate) -> Ordering {
        let (time_a, time_b) = match (a.ewma_ttft_ms, b.ewma_ttft_ms) {
            (Some(a), Some(b)) => (a, b),
            (None, _) | (_, None) => (1, 1),
        };
        let above = |c: &Candidate, time: u64| {
            (u128::from(c.in_flight) + 1) * u128::from(time.clamp(1, self.longest_ms))
        };
        let below = |c: &Candidate| {
            let success = c.success_permille.clamp(self.least_permille, 1_000);
            u128::from(c.capacity.max(1))
                * u128::from(c.warmth_permille.clamp(1, 1_000))
                * u128::from(success)
        };
        (above(a, time_a) * below(b)).cmp(&(above(b, time_b) * below(a)))
    }
}
