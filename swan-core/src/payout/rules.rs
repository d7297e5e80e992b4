use std::time::Duration;

use crate::{Amount, Currency};

/// The checked rules of `[payout]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayoutRules {
    pub(super) minimum: [Amount; 2],
    pub(super) fee: [Amount; 2],
    pub(super) wait: Duration,
}

/// Why an amount is not paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayoutRefusal {
    /// It is less than is paid out at once.
    #[error("{amount} {currency} is less than the minimum of {minimum}")]
    BelowMinimum {
        /// What was asked for.
        amount: Amount,
        /// The least.
        minimum: Amount,
        /// Counted in what.
        currency: Currency,
    },
}

impl PayoutRules {
    const fn of(values: [Amount; 2], currency: Currency) -> Amount {
        let [usd, swan] = values;
        match currency {
            Currency::Usd => usd,
            Currency::Swan => swan,
        }
    }

    /// The least that is paid out at once, with the fee.
    #[must_use]
    pub const fn minimum(&self, currency: Currency) -> Amount {
        Self::of(self.minimum, currency)
    }

    /// What is kept of each payout; less than the minimum.
    #[must_use]
    pub const fn fee(&self, currency: Currency) -> Amount {
        Self::of(self.fee, currency)
    }

    /// How long a provider waits from one request to the next.
    #[must_use]
    pub const fn wait(&self) -> Duration {
        self.wait
    }

    /// That so much may be asked for.
    ///
    /// # Errors
    /// [`PayoutRefusal`], which says what would do.
    pub fn check(&self, currency: Currency, amount: Amount) -> Result<(), PayoutRefusal> {
        let minimum = self.minimum(currency);
        if amount >= minimum {
            return Ok(());
        }
        Err(PayoutRefusal::BelowMinimum {
            amount,
            minimum,
            currency,
        })
    }
}
