use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ClaimRules;
use crate::{BasisPoints, Fact, Grounds, PolicyStamp, ProviderId};

/// What one provider claimed for the answers of one model, and what the hub saw of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claimed {
    /// Answers.
    pub answers: u64,
    /// The tokens that the provider claims to have written in them.
    pub tokens: u64,
    /// The bytes of content that the hub relayed.
    pub bytes: u64,
}

impl Claimed {
    /// One answer of `tokens` as the provider claims them, before metering cut them, and of `bytes` of content as relayed.
    #[must_use]
    pub const fn answer(tokens: u64, bytes: u64) -> Self {
        Self {
            answers: 1,
            tokens,
            bytes,
        }
    }

    /// `count` answers like this one.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self {
            answers: self.answers.saturating_mul(count),
            tokens: self.tokens.saturating_mul(count),
            bytes: self.bytes.saturating_mul(count),
        }
    }

    /// Compares tokens a byte, crosswise and exactly.
    fn compare(&self, other: &Self) -> Ordering {
        let cross = |tokens: u64, bytes: u64| u128::from(tokens) * u128::from(bytes);
        cross(self.tokens, other.bytes).cmp(&cross(other.tokens, self.bytes))
    }
}

/// The claims of all providers of one model over a window. The hub keeps one for each model and [clears](Self::clear) it when
/// a window ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAudit {
    by_provider: BTreeMap<ProviderId, Claimed>,
}

/// A provider that claims more than its peers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overclaim {
    /// Who it is.
    pub provider: ProviderId,
    /// What it claimed.
    pub claimed: Claimed,
    /// What its median peer would have claimed for as many bytes, rounded up.
    pub fair_tokens: u64,
    /// The rule, the policy and the numbers.
    pub grounds: Grounds,
}

impl Overclaim {
    /// The tokens that it claims too much.
    #[must_use]
    pub const fn excess_tokens(&self) -> u64 {
        self.claimed.tokens.saturating_sub(self.fair_tokens)
    }
}

impl ClaimAudit {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_provider: BTreeMap::new(),
        }
    }

    /// Notes answers of `provider`. Those without content say nothing about a tokeniser and are left out.
    pub fn record(&mut self, provider: ProviderId, more: Claimed) {
        if more.bytes == 0 {
            return;
        }
        let claimed = self.by_provider.entry(provider).or_default();
        claimed.answers = claimed.answers.saturating_add(more.answers);
        claimed.tokens = claimed.tokens.saturating_add(more.tokens);
        claimed.bytes = claimed.bytes.saturating_add(more.bytes);
    }

    /// What a provider claimed so far.
    #[must_use]
    pub fn claimed(&self, provider: ProviderId) -> Option<&Claimed> {
        self.by_provider.get(&provider)
    }

    /// Begins a new window.
    pub fn clear(&mut self) {
        self.by_provider.clear();
    }

    /// Whoever claims more tokens a byte than the median provider, beyond the tolerance; in the order of ids.
    ///
    /// The lower median counts when there are two, which favours the consumer by one rank; an honest provider is protected by
    /// the tolerance. Too few peers with too few answers find nobody.
    #[must_use]
    pub fn overclaims(&self, rules: &ClaimRules, policy: &PolicyStamp) -> Vec<Overclaim> {
        let mut peers: Vec<&Claimed> = self
            .by_provider
            .values()
            .filter(|claimed| claimed.answers >= rules.answers_least)
            .collect();
        let enough = u64::try_from(peers.len()).is_ok_and(|peers| peers >= rules.peers_least);
        let middle = peers.len().saturating_sub(1) / 2;
        peers.sort_by(|a, b| a.compare(b));
        let (true, Some(median)) = (enough, peers.get(middle).copied()) else {
            return Vec::new();
        };
        self.by_provider
            .iter()
            .filter(|(_, claimed)| {
                claimed.answers >= rules.answers_least && exceeds(claimed, median, rules.tolerance)
            })
            .map(|(provider, claimed)| {
                let fair_tokens = fair(claimed.bytes, median);
                Overclaim {
                    provider: *provider,
                    claimed: *claimed,
                    fair_tokens,
                    grounds: grounds(claimed, median, fair_tokens, rules, policy),
                }
            })
            .collect()
    }
}

/// Whether `claimed` has more tokens a byte than `median` and the tolerance on top.
fn exceeds(claimed: &Claimed, median: &Claimed, tolerance: BasisPoints) -> bool {
    let whole = u128::from(BasisPoints::WHOLE.get());
    let allowed = whole + u128::from(tolerance.get());
    // Below 2^128 for all counts below 2^56, and no hub relays that many bytes in a window.
    let cross = |tokens: u64, bytes: u64, times: u128| {
        (u128::from(tokens) * u128::from(bytes)).saturating_mul(times)
    };
    cross(claimed.tokens, median.bytes, whole) > cross(median.tokens, claimed.bytes, allowed)
}

fn fair(bytes: u64, median: &Claimed) -> u64 {
    let tokens = u128::from(bytes) * u128::from(median.tokens);
    let fair = tokens.div_ceil(u128::from(median.bytes.max(1)));
    u64::try_from(fair).unwrap_or(u64::MAX)
}

fn grounds(
    claimed: &Claimed,
    median: &Claimed,
    fair_tokens: u64,
    rules: &ClaimRules,
    policy: &PolicyStamp,
) -> Grounds {
    let found = format!(
        "{} for {} bytes of {} answers",
        claimed.tokens, claimed.bytes, claimed.answers
    );
    let needed = format!(
        "at most {} above the {fair_tokens} of the median provider ({} for {} bytes)",
        rules.tolerance, median.tokens, median.bytes
    );
    Grounds::new(
        "Claims: tokens compared with the peers of the model",
        policy.clone(),
    )
    .with(Fact::new("claimed tokens", found).needed(needed))
}
