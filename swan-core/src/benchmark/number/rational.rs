use std::cmp::Ordering;
use std::fmt;

/// An exact fraction in lowest terms, with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rational {
    numerator: i128,
    denominator: i128,
}

impl Rational {
    /// `numerator / denominator`; nothing for a denominator of zero or numbers beyond 10^30, which no answer has.
    #[must_use]
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        const LIMIT: u128 = 1_000_000_000_000_000_000_000_000_000_000;
        if denominator == 0
            || numerator.unsigned_abs() > LIMIT
            || denominator.unsigned_abs() > LIMIT
        {
            return None;
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        let sign = denominator.signum();
        Some(Self {
            numerator: sign * numerator / divisor,
            denominator: sign * denominator / divisor,
        })
    }

    /// A whole number.
    #[must_use]
    pub const fn whole(number: i64) -> Self {
        Self {
            // Widening: no bits are lost.
            numerator: number as i128,
            denominator: 1,
        }
    }

    /// Above the line.
    #[must_use]
    pub const fn numerator(&self) -> i128 {
        self.numerator
    }

    /// Below the line; always positive.
    #[must_use]
    pub const fn denominator(&self) -> i128 {
        self.denominator
    }

    pub(super) fn negated(self) -> Self {
        Self {
            numerator: -self.numerator,
            ..self
        }
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        let denominator = self.denominator.checked_mul(other.denominator)?;
        Self::new(left.checked_add(right)?, denominator)
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        Self::new(
            self.numerator.checked_mul(other.numerator)?,
            self.denominator.checked_mul(other.denominator)?,
        )
    }

    pub(super) fn over(self, other: Self) -> Option<Self> {
        let inverse = Self::new(other.denominator, other.numerator)?;
        self.times(inverse)
    }

    /// Whether the two are at most `distance` apart.
    pub(super) fn is_within(self, other: Self, distance: Self) -> bool {
        let apart = self.plus(other.negated()).map(|difference| Self {
            numerator: difference.numerator.abs(),
            ..difference
        });
        apart.is_some_and(|apart| {
            let left = apart.numerator.checked_mul(distance.denominator);
            let right = distance.numerator.checked_mul(apart.denominator);
            matches!((left, right), (Some(left), Some(right)) if left.cmp(&right) != Ordering::Greater)
        })
    }
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}
