use std::fmt;

/// What a card counts in Swan 1.0's collateral and income, `f_k` of the formulas (Seed 002; public record 3.3), in tenths.
///
/// The published figures are not a scale of performance, so nothing here routes or admits by them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComputingUnits(u64);

impl ComputingUnits {
    /// So many tenths of a unit: 29 is 2.9.
    #[must_use]
    pub const fn from_tenths(tenths: u64) -> Self {
        Self(tenths)
    }

    /// In tenths of a unit.
    #[must_use]
    pub const fn tenths(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ComputingUnits {
    /// Writes `28`, `2.9`, `0.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}", self.0 / 10),
            tenths => write!(f, "{}.{tenths}", self.0 / 10),
        }
    }
}
