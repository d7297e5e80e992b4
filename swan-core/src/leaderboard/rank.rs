use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::{LeaderboardRules, Performance, Score};
use crate::ProviderId;

/// One line of the leaderboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ranked {
    /// The place, from 1.
    pub rank: u64,
    /// Who stands there.
    pub provider: ProviderId,
    /// The score that brought it there.
    pub score: Score,
}

impl LeaderboardRules {
    /// The leaderboard of these providers, the best first, in O(n log n).
    ///
    /// Of equal scores the one with more attempts stands first, then the one with the smaller identifier, so that the order never
    /// depends on the order of the input. A provider that is given twice stands there once, with its better score.
    #[must_use]
    pub fn rank(&self, providers: &[Performance]) -> Vec<Ranked> {
        let mut scored: Vec<_> = providers
            .iter()
            .map(|performance| {
                let score = self.score(performance);
                let attempts = performance.success.map_or(0, crate::standing::Rate::of);
                let key = (
                    Reverse(score.points()),
                    Reverse(attempts),
                    performance.provider,
                );
                (key, score)
            })
            .collect();
        scored.sort_unstable_by_key(|(key, _)| *key);
        let mut seen = std::collections::BTreeSet::new();
        scored
            .into_iter()
            .filter(|((.., provider), _)| seen.insert(*provider))
            .zip(1..)
            .map(|(((.., provider), score), rank)| Ranked {
                rank,
                provider,
                score,
            })
            .collect()
    }
}
