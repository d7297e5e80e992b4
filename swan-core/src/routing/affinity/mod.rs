//! Requests that begin alike go to the same provider, whose cache then holds their beginning; up to a bound on its load.

mod ring;

pub use ring::Ring;

use super::{Candidate, Load, Pool, RoutingRules, RoutingStrategy, TwoChoices};
use crate::{ProviderId, Rng};

/// What is kept together: the hash of a session's id, of a `prompt_cache_key`, or of a conversation's beginning.
///
/// Whoever knows the rule can make keys that meet at one provider; the bound on load is what makes that harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AffinityKey(u64);

impl AffinityKey {
    /// The key of a text; the same on every machine.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Self::of_all([text])
    }

    /// The key of several texts, one after the other, each with its length. Eight bytes are taken at a time, since these
    /// can be whole prompts.
    #[must_use]
    #[expect(single_use_lifetimes, reason = "it cannot be left out here yet")]
    pub fn of_all<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut take = |word: u64| {
            hash = (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        };
        for text in texts {
            let (words, rest) = text.as_chunks::<8>();
            words
                .iter()
                .for_each(|word| take(u64::from_le_bytes(*word)));
            let mut last = [0; 8];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            take(u64::from_le_bytes(last));
            take(text.len() as u64);
        }
        Self(mix(hash))
    }

    /// The first that there is: the session's id, then the cache key, then the conversation's beginning; this is the order in
    /// which OpenRouter's sticky routing looks for a key.
    #[must_use]
    #[expect(single_use_lifetimes, reason = "it cannot be left out here yet")]
    pub fn first_of<'a>(texts: impl IntoIterator<Item = Option<&'a [u8]>>) -> Option<Self> {
        texts
            .into_iter()
            .flatten()
            .find(|text| !text.is_empty())
            .map(Self::of)
    }
}

/// The finisher of SplitMix64.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "both halves are folded into one"
)]
const fn provider_hash(provider: ProviderId, node: u64) -> u64 {
    let id = provider.as_u128();
    mix(mix((id >> 64) as u64) ^ mix(id as u64).rotate_left(32) ^ node)
}

/// Consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam 2016) over [`RouteRequest::affinity`].
///
/// A key's home gets its requests while it has at most `c` times its share of what is under way, capacity weighed in; beyond
/// that the key's next home does. When a provider goes, only its keys move. Requests without a key, and keys whose homes are
/// all above the bound, go to two random choices.
///
/// With a [`Ring`] from the shell a choice is O(log n); without, each provider's hash with the key is looked at (rendezvous),
/// which suits some hundreds.
///
/// [`RouteRequest::affinity`]: super::RouteRequest::affinity
#[derive(Clone, Debug)]
pub struct PrefixAffinity {
    /// `c`, out of a thousand.
    factor_permille: u32,
    otherwise: TwoChoices,
}

impl PrefixAffinity {
    /// The strategy with a policy's bound.
    #[must_use]
    pub fn new(rules: &RoutingRules) -> Self {
        Self {
            factor_permille: rules.affinity_load_permille(),
            otherwise: TwoChoices::with_rules(rules),
        }
    }

    /// Whether one more request keeps the candidate within its bound, `ceil(c * (load + 1) * capacity / all capacity)`.
    fn is_within(&self, candidate: &Candidate, load: Load) -> bool {
        let all = u128::from(load.capacity.max(u64::from(candidate.capacity)).max(1)) * 1_000;
        let share = u128::from(self.factor_permille)
            * (u128::from(load.in_flight) + 1)
            * u128::from(candidate.capacity);
        u128::from(candidate.in_flight) < share.div_ceil(all)
    }

    /// The usable candidate within its bound that hashes highest with the key.
    fn rendezvous(&self, pool: &Pool<'_>, key: u64, load: Load) -> Option<usize> {
        let (mut last, mut node) = (None, 0_u64);
        let mut best: Option<(u64, usize)> = None;
        for position in 0..pool.len() {
            let provider = pool.candidates().candidate(position)?.provider;
            node = if last == Some(provider) { node + 1 } else { 0 };
            last = Some(provider);
            let weight = mix(provider_hash(provider, node) ^ key);
            if best.is_none_or(|(most, _)| weight > most)
                && let Some(candidate) = pool.get(position)
                && self.is_within(&candidate, load)
            {
                best = Some((weight, position));
            }
        }
        best.map(|(_, position)| position)
    }
}

impl RoutingStrategy for PrefixAffinity {
    fn choose(&self, pool: &Pool<'_>, rng: &mut dyn Rng) -> Option<usize> {
        let Some(AffinityKey(key)) = pool.request().affinity else {
            return self.otherwise.choose(pool, rng);
        };
        let load = pool.load(rng);
        // A ring of other candidates than these would name the wrong ones.
        let ring = pool
            .candidates()
            .ring()
            .filter(|ring| ring.len() == pool.len());
        let home = match ring {
            Some(ring) => ring.homes(key).take(MAX_HOMES).find(|position| {
                pool.get(*position)
                    .is_some_and(|candidate| self.is_within(&candidate, load))
            }),
            None => self.rendezvous(pool, key, load),
        };
        home.or_else(|| self.otherwise.choose(pool, rng))
    }

    fn keeps_together(&self) -> bool {
        true
    }

    fn name(&self) -> &'static str {
        "prefix-affinity"
    }
}

/// Homes of a key that are looked at before it goes to two random choices.
const MAX_HOMES: usize = 64;
