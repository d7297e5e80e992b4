use super::ModelPrice;
use crate::money::rounding;
use crate::{Amount, BasisPoints};

/// What somebody else charges for the same model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// Who charges it, and when it was looked up.
    pub source: String,
    /// Their price, in the unit of ours.
    pub price: ModelPrice,
}

/// How far below named comparison prices a policy's own lie: 50 to 66 % (Seed 001, "Tiered Model Catalog").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ComparisonRules {
    pub(crate) least_below: BasisPoints,
    pub(crate) most_below: BasisPoints,
}

impl ComparisonRules {
    /// Whether `ours` lies as far below `theirs` as the rule says; exact, and nothing lies below a price of zero.
    pub(crate) fn allow(&self, ours: Amount, theirs: Amount) -> bool {
        // Prices are at most 10^16 pico-dollars, so the products fit.
        let whole = i128::from(BasisPoints::WHOLE.get());
        let below = (theirs.pico() - ours.pico()) * whole;
        let least = theirs.pico() * i128::from(self.least_below.get());
        let most = theirs.pico() * i128::from(self.most_below.get());
        theirs > Amount::ZERO && (least..=most).contains(&below)
    }
}

/// How far `ours` is from `theirs`, in words, with hundredths of a percent rounded half to even.
pub(crate) fn distance(ours: Amount, theirs: Amount) -> String {
    let (side, off) = if ours <= theirs {
        ("below", theirs.pico() - ours.pico())
    } else {
        ("above", ours.pico() - theirs.pico())
    };
    let points = rounding::half_to_even(
        off.unsigned_abs() * u128::from(BasisPoints::WHOLE.get()),
        theirs.pico().unsigned_abs(),
    );
    match points {
        Some(points) => format!("{}.{:02}% {side}", points / 100, points % 100),
        None => format!("not comparable ({side} zero) with"),
    }
}
