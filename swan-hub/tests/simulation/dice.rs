use swan_core::{Rng as _, SeededRng};

/// What a simulation draws from. The same seed gives the same draws on every machine.
#[derive(Debug)]
pub(crate) struct Dice(SeededRng);

impl Dice {
    /// Dice of their own for each purpose, so that a change in the use of one does not change the others.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let mut mixed = SeededRng::new(seed ^ purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        Self(SeededRng::new(mixed.next_u64()))
    }

    /// A number in `0..bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// A number in `from..=to`.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    /// True in so many of a thousand draws.
    pub(crate) fn chance(&mut self, per_thousand: u64) -> bool {
        self.below(1_000) < per_thousand
    }

    /// One of them.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}
