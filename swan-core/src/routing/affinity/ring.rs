use crate::ProviderId;

use super::mix;

/// Points of a key on the ring, of which the nearest successor is its home. With so many the busiest of many homes has about
/// a third more keys than the average (multi-probe consistent hashing; Appleton and O'Reilly 2015), with one point a provider.
const PROBES: u64 = 8;

/// The positions of a model's candidates in the order of their hashes, so that a key finds its home in O(log n).
///
/// A shell builds it when candidates come or go, in O(n log n), and gives it out through
/// [`Candidates::ring`](super::super::Candidates::ring). 100,000 candidates take 1.6 MB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ring {
    /// Hash and position, by hash.
    points: Vec<(u64, usize)>,
}

impl Ring {
    /// The ring of these candidates, in the order of their positions. Nodes of one provider stand at different points.
    #[must_use]
    pub fn new(providers: impl IntoIterator<Item = ProviderId>) -> Self {
        let mut points: Vec<(u64, usize)> = Vec::new();
        let (mut last, mut node) = (None, 0_u64);
        for (provider, position) in providers.into_iter().zip(0..) {
            node = if last == Some(provider) { node + 1 } else { 0 };
            last = Some(provider);
            points.push((super::provider_hash(provider, node), position));
        }
        points.sort_unstable();
        Self { points }
    }

    /// How many candidates stand on it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether nobody stands on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The positions for a key, its home first: the successors of its points by distance, then everybody clockwise from the
    /// last of these. Positions may come twice.
    pub(super) fn homes(&self, key: u64) -> impl Iterator<Item = usize> {
        let mut near: [(u64, usize); 8] = [(u64::MAX, 0); 8];
        for (slot, probe) in near.iter_mut().zip(0..PROBES) {
            let point = mix(key ^ mix(probe));
            let at = self.points.partition_point(|(hash, _)| *hash < point);
            let at = if at < self.points.len() { at } else { 0 };
            let hash = self.points.get(at).map_or(0, |(hash, _)| *hash);
            *slot = (hash.wrapping_sub(point), at);
        }
        near.sort_unstable();
        let last = near.last().map_or(0, |(_, at)| *at);
        let len = self.points.len();
        let around = (1..len).map(move |step| (last + step) % len.max(1));
        near.into_iter()
            .map(|(_, at)| at)
            .chain(around)
            .filter_map(|at| self.points.get(at).map(|(_, position)| *position))
    }
}
