use serde::{Deserialize, Serialize};

use crate::money::BasisPoints;

/// The Wilson score interval of a share: between which true shares `right` of `samples` is no surprise.
///
/// The bounds are whole basis points, rounded outward, so that each is off by less than one basis point to the safe side;
/// decisions compare exactly and do not use the rounded bounds. There is no square root and no float in it: the interval is
/// the set of true shares p that the score test keeps, `(k - n p)^2 <= z^2 n p (1 - p)`, which is a comparison of integers.
///
/// ```
/// use swan_core::benchmark::Interval;
///
/// let interval = Interval::wilson(4, 10, 1_960);
/// assert_eq!((interval.low.get(), interval.high.get()), (1_681, 6_874));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interval {
    /// The lower bound, rounded down.
    pub low: BasisPoints,
    /// The upper bound, rounded up.
    pub high: BasisPoints,
}

impl Interval {
    /// The interval of `right` among `samples`, `z_permille` thousandths of a standard deviation wide to each side.
    ///
    /// Nothing is known of no samples: 0 to 10,000. More right than samples count as all of them; samples above 10^9 as 10^9.
    #[must_use]
    pub fn wilson(right: u64, samples: u64, z_permille: u64) -> Self {
        let tally = Tally::new(right, samples, z_permille);
        let whole = BasisPoints::WHOLE.get();
        if tally.samples == 0 {
            return Self {
                low: BasisPoints::ZERO,
                high: BasisPoints::WHOLE,
            };
        }
        let low = last(whole, |p| tally.low_is_at_least(p));
        let above_high = last(whole, |p| tally.high_is_at_most(whole - p));
        Self {
            low: BasisPoints::at_most_whole(low),
            high: BasisPoints::at_most_whole(above_high).complement(),
        }
    }
}

/// Counts, and how sure a judgement of them must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    right: u64,
    samples: u64,
    z_permille: u64,
}

impl Tally {
    pub(super) fn new(right: u64, samples: u64, z_permille: u64) -> Self {
        let samples = samples.min(1_000_000_000);
        Self {
            right: right.min(samples),
            samples,
            z_permille: z_permille.min(100_000),
        }
    }

    /// Whether the true share is at least `p` basis points, as far as the interval tells.
    pub(super) fn low_is_at_least(&self, p: u16) -> bool {
        // At the whole itself the comparison is 0 with 0; nothing but a plain share can vouch for "always".
        let is_open = p < BasisPoints::WHOLE.get() || self.z_permille == 0;
        p == 0 || (is_open && self.share_is_at_least(p) && self.is_surprising(p))
    }

    /// Whether the true share is below `p` basis points, as far as the interval tells.
    pub(super) fn high_is_below(&self, p: u16) -> bool {
        !self.share_is_at_least(p) && self.is_beyond(p)
    }

    fn high_is_at_most(&self, p: u16) -> bool {
        let at_most = self.scaled_right() <= u128::from(self.samples) * u128::from(p);
        p == BasisPoints::WHOLE.get() || (at_most && self.is_surprising(p))
    }

    /// Whether the plain share reaches `p` basis points: 1 of 2 reaches 5,000.
    pub(super) fn share_is_at_least(&self, p: u16) -> bool {
        self.scaled_right() >= u128::from(self.samples) * u128::from(p)
    }

    fn scaled_right(&self) -> u128 {
        u128::from(self.right) * u128::from(BasisPoints::WHOLE.get())
    }

    fn is_surprising(&self, p: u16) -> bool {
        let (distance, width) = self.squares(p);
        distance >= width
    }

    fn is_beyond(&self, p: u16) -> bool {
        let (distance, width) = self.squares(p);
        distance > width
    }

    /// `(10^4 k - n p)^2 10^6` and `z^2 n p (10^4 - p)`: at most 10^32 and 10^27, far inside 128 bits.
    fn squares(&self, p: u16) -> (u128, u128) {
        let expected = u128::from(self.samples) * u128::from(p);
        let distance = self.scaled_right().abs_diff(expected);
        let rest = u128::from(BasisPoints::WHOLE.get().saturating_sub(p));
        let z = u128::from(self.z_permille);
        (distance * distance * 1_000_000, z * z * expected * rest)
    }
}

/// The last of `0..=end` for which `holds`, given that it holds from 0 on up to some point and not after it.
fn last(end: u16, holds: impl Fn(u16) -> bool) -> u16 {
    let (mut yes, mut no) = (0, end + 1);
    while yes + 1 < no {
        let middle = yes + (no - yes) / 2;
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    yes
}
