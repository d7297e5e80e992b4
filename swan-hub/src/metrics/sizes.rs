//! Counts of things in buckets.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The upper bounds of the buckets.
pub(super) const BOUNDS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 4_000, 8_192];

/// How often so many came at once.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    buckets: [AtomicU64; BOUNDS.len()],
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl Sizes {
    pub(crate) fn observe(&self, size: usize) {
        let size = size as u64;
        let at = BOUNDS.partition_point(|bound| *bound < size);
        let bucket = self.buckets.get(at).unwrap_or(&self.beyond);
        bucket.fetch_add(1, Relaxed);
        self.sum.fetch_add(size, Relaxed);
    }

    /// The counts below each bound, all of them, and the sum of all sizes.
    pub(super) fn below(&self) -> (Vec<(u64, u64)>, u64, u64) {
        let mut below = 0;
        let buckets = BOUNDS.iter().zip(&self.buckets).map(|(bound, count)| {
            below += count.load(Relaxed);
            (*bound, below)
        });
        let buckets = buckets.collect();
        let all = below + self.beyond.load(Relaxed);
        (buckets, all, self.sum.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_below_every_bound_that_it_does_not_pass() {
        let sizes = Sizes::default();
        for size in [1, 2, 3, 8_192, 8_193] {
            sizes.observe(size);
        }
        let (buckets, all, sum) = sizes.below();
        assert_eq!(buckets[..3], [(1, 1), (2, 2), (5, 3)]);
        assert_eq!((buckets[11], all, sum), ((8_192, 4), 5, 16_391));
        assert!(BOUNDS.is_sorted());
    }
}
