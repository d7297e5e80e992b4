//! A map for the hot path: looked up, never walked, so its order cannot reach a result.

use core::hash::{BuildHasherDefault, Hasher};

#[expect(
    clippy::disallowed_types,
    reason = "seeded by nothing and only looked up; several times faster than a tree at 10^5 keys"
)]
pub(super) type LookupMap<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<FoldHasher>>;

const MULTIPLIER: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;

/// Folds the halves of a 128-bit product into 64 bits. Keys are ids made by the hub, so it need not withstand chosen ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FoldHasher(u64);

#[expect(
    clippy::cast_possible_truncation,
    reason = "folding both halves is the point"
)]
const fn fold(value: u128) -> u64 {
    (value as u64) ^ ((value >> 64) as u64)
}

impl Hasher for FoldHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = fold((u128::from(self.0 ^ value) ^ (MULTIPLIER >> 64)).wrapping_mul(MULTIPLIER));
    }

    fn write_u128(&mut self, value: u128) {
        self.write_u64(fold(value.wrapping_mul(MULTIPLIER)));
    }

    #[expect(clippy::cast_sign_loss, reason = "a discriminant is only mixed in")]
    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }
}
