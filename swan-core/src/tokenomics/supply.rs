use super::{TokenError, Vesting};
use crate::{Amount, BasisPoints, Day};

/// One part of the supply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub(super) name: String,
    pub(super) share: BasisPoints,
    pub(super) amount: Amount,
    pub(super) vesting: Option<Vesting>,
}

impl Bucket {
    /// Its name, such as `dao-treasury`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its share of the supply.
    #[must_use]
    pub const fn share(&self) -> BasisPoints {
        self.share
    }

    /// Its tokens, in SWAN.
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// How it is released.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSchedule`] when the policy gives no schedule for it. The seeds give none for any part.
    pub fn vesting(&self) -> Result<&Vesting, TokenError> {
        self.vesting.as_ref().ok_or_else(|| TokenError::NoSchedule {
            bucket: self.name.clone(),
        })
    }

    /// What of it has been released by the end of `day`, in SWAN.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSchedule`] when the policy gives no schedule for it.
    pub fn released(&self, day: Day) -> Result<Amount, TokenError> {
        Ok(self.vesting()?.released(self.amount, day))
    }
}

/// All tokens there will ever be, and who they were made for. Inflation is zero: nothing is ever added.
///
/// Source: Seed 003, "Total Token Supply" and "Token Allocation and Distribution Breakdown".
///
/// ```
/// use swan_core::{Amount, Policy};
///
/// let policy = Policy::swan_2_0();
/// let supply = policy.tokenomics()?.supply();
/// assert_eq!(supply.total(), Amount::from_units(1_000_000_000)?);
/// assert_eq!(supply.bucket("ecosystem-fund")?.amount(), Amount::from_units(250_000_000)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    pub(super) total: Amount,
    pub(super) buckets: Vec<Bucket>,
    pub(super) provider_reserve: Amount,
}

impl Supply {
    /// All tokens, in SWAN.
    #[must_use]
    pub const fn total(&self) -> Amount {
        self.total
    }

    /// The parts in the policy's order; they sum to the total.
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The part of this name.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSuchBucket`] when there is none.
    pub fn bucket(&self, name: &str) -> Result<&Bucket, TokenError> {
        let found = self.buckets.iter().find(|bucket| bucket.name == name);
        found.ok_or_else(|| TokenError::NoSuchBucket {
            name: name.chars().take(40).collect(),
        })
    }

    /// What of the airdrops is reserved for computing providers, in SWAN (Seed 003, "Airdrops": 10 % of the supply).
    #[must_use]
    pub const fn provider_reserve(&self) -> Amount {
        self.provider_reserve
    }

    /// What has been released by the end of `day`, in SWAN.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSchedule`] names the first part without a schedule.
    pub fn released(&self, day: Day) -> Result<Amount, TokenError> {
        self.buckets.iter().try_fold(Amount::ZERO, |sum, bucket| {
            Ok(sum.checked_add(bucket.released(day)?)?)
        })
    }
}
