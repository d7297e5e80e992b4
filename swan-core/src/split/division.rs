use std::fmt;

use crate::{Amount, MoneyError};

/// Who gets what of one charge, in the currency of the charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a rule of one's own builds it; the ledger checks that it sums to the charge"
)]
pub struct Split {
    /// What the provider earns.
    pub provider: Amount,
    /// What the growth fund gets.
    pub growth_fund: Amount,
    /// What the treasury gets.
    pub treasury: Amount,
    /// What is burnt.
    pub burn: Amount,
}

impl Split {
    /// The sum of the parts.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when a rule of one's own made parts whose sum is no amount.
    pub fn total(&self) -> Result<Amount, MoneyError> {
        Amount::checked_sum([self.provider, self.growth_fund, self.treasury, self.burn])
    }
}

/// How the gross of a charge is divided. The parts must sum to the gross exactly.
pub trait RevenueSplit: fmt::Debug + Send + Sync {
    /// Divides `gross`.
    fn split(&self, gross: Amount) -> Split;
}

const _: fn(&dyn RevenueSplit) = |_| {};
