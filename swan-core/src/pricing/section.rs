//! `[payment]` of a policy.

use std::time::Duration;

use serde::Deserialize;

use super::DepositBonus;
use crate::policy::PolicyError;
use crate::policy::check::{points, within};
use crate::{BasisPoints, ExchangeRate, RateError, StampedRate, Timestamp};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    swan: Form,
    swan_discount_bps: Option<u64>,
    swan_deposit_bonus_bps: Option<u64>,
    rate_max_age_secs: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Discount,
    DepositBonus,
}

/// What paying with SWAN brings. The two forms differ: 20 % more credit is a discount of 16.7 %, not of 20 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SwanIncentive {
    /// Each charge is that much lower (Seed 001, "Dual Payment Options").
    Discount(BasisPoints),
    /// Each deposit brings that much more credit (public record 3.9).
    DepositBonus(DepositBonus),
}

/// How requests are paid: what SWAN brings, and how old an exchange rate may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentRules {
    swan: SwanIncentive,
    rate_max_age: Duration,
}

impl PaymentRules {
    /// What paying with SWAN brings: exactly one of both forms.
    #[must_use]
    pub const fn swan(&self) -> SwanIncentive {
        self.swan
    }

    /// What paying with SWAN takes off a charge; nothing when it is rewarded at the deposit.
    #[must_use]
    pub const fn swan_discount(&self) -> BasisPoints {
        match self.swan {
            SwanIncentive::Discount(discount) => discount,
            SwanIncentive::DepositBonus(_) => BasisPoints::ZERO,
        }
    }

    /// How old an exchange rate may be.
    #[must_use]
    pub const fn rate_max_age(&self) -> Duration {
        self.rate_max_age
    }

    /// The rate, if it is young enough.
    ///
    /// # Errors
    ///
    /// [`RateError`] says how old it is.
    pub fn fresh(&self, rate: &StampedRate, now: Timestamp) -> Result<ExchangeRate, RateError> {
        rate.fresh(now, self.rate_max_age)
    }
}

impl Section {
    pub(crate) fn check(&self) -> Result<PaymentRules, PolicyError> {
        let discount = ("payment.swan_discount_bps", self.swan_discount_bps);
        let bonus = (
            "payment.swan_deposit_bonus_bps",
            self.swan_deposit_bonus_bps,
        );
        let (form, (key, value), (other, unused)) = match self.swan {
            Form::Discount => ("discount", discount, bonus),
            Form::DepositBonus => ("deposit_bonus", bonus, discount),
        };
        if let Some(value) = unused {
            let rule = format!("with payment.swan = {form:?} only {key} is in force");
            return Err(PolicyError::invalid(other, value, rule));
        }
        let Some(value) = value else {
            let rule = format!("payment.swan = {form:?} needs it");
            return Err(PolicyError::invalid(key, "(missing)", rule));
        };
        let points = points(key, value)?;
        if points == BasisPoints::WHOLE {
            let rule =
                "a whole share makes every charge nothing, or every credit twice its deposit";
            return Err(PolicyError::invalid(key, value, rule));
        }
        let max_age = within(
            "payment.rate_max_age_secs",
            self.rate_max_age_secs,
            1,
            7 * 86_400,
        )?;
        Ok(PaymentRules {
            swan: match self.swan {
                Form::Discount => SwanIncentive::Discount(points),
                Form::DepositBonus => SwanIncentive::DepositBonus(DepositBonus::new(points)),
            },
            rate_max_age: Duration::from_secs(max_age),
        })
    }
}
