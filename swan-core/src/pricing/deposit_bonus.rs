use crate::money::rounding;
use crate::{Amount, BasisPoints, Fact, Grounds, MoneyError, PolicyStamp, StampedRate};

/// More credit for a deposit in SWAN than it is worth: the alternative to a discount on each charge (public record 3.9).
///
/// ```
/// use swan_core::{BasisPoints, pricing::DepositBonus};
///
/// let bonus = DepositBonus::new(BasisPoints::new(2_000)?);
/// assert_eq!(bonus.as_discount().to_string(), "16.67%");
/// # Ok::<(), swan_core::MoneyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositBonus(BasisPoints);

/// What a deposit in SWAN is credited with, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credit {
    /// SWAN that came in.
    pub deposit: Amount,
    /// What it is worth in US dollars.
    pub worth: Amount,
    /// US dollars that are given on top.
    pub bonus: Amount,
    /// US dollars that can be spent: worth and bonus.
    pub credit: Amount,
    /// Why that much.
    pub grounds: Grounds,
}

impl DepositBonus {
    /// A bonus of `points` of each deposit's worth.
    #[must_use]
    pub const fn new(points: BasisPoints) -> Self {
        Self(points)
    }

    /// The bonus, as a share of the deposit's worth.
    #[must_use]
    pub const fn points(self) -> BasisPoints {
        self.0
    }

    /// What a deposit of SWAN is credited with at `rate`, whose age is the caller's to check ([`PaymentRules::fresh`]).
    ///
    /// Worth and credit are each exact up to one rounding half to even, and the bonus is what lies between them, so the
    /// parts make the whole.
    ///
    /// [`PaymentRules::fresh`]: super::PaymentRules::fresh
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] for a deposit below zero or a credit beyond the largest amount of money.
    pub fn credit(
        self,
        deposit: Amount,
        rate: &StampedRate,
        policy: PolicyStamp,
    ) -> Result<Credit, MoneyError> {
        if deposit.is_negative() {
            return Err(MoneyError::OutOfRange);
        }
        let unit = Amount::PICO_PER_UNIT.unsigned_abs();
        let whole = u128::from(BasisPoints::WHOLE.get());
        let dollars = rate.rate().usd().pico().unsigned_abs();
        let at = |points: u128| deposit.scaled(dollars * points, unit * whole);
        let worth = at(whole)?;
        let credit = at(whole + u128::from(self.0.get()))?;
        let bonus = credit.checked_sub(worth)?;
        let grounds = Grounds::new("public record 3.9: bonus on deposits in SWAN", policy)
            .with(Fact::new("credit", format!("{credit} USD")))
            .with(Fact::new("deposit", format!("{deposit} SWAN")))
            .with(Fact::new("exchange rate", rate))
            .with(Fact::new("bonus", self.0));
        Ok(Credit {
            deposit,
            worth,
            bonus,
            credit,
            grounds,
        })
    }

    /// The discount on charges that is worth as much: 20 % more credit is 16.67 % off (1 - 1 / 1.2), rounded half to even
    /// to a basis point.
    #[must_use]
    pub fn as_discount(self) -> BasisPoints {
        let whole = u128::from(BasisPoints::WHOLE.get());
        let bonus = u128::from(self.0.get());
        rounding::half_to_even(bonus * whole, whole + bonus)
            .and_then(|points| u16::try_from(points).ok())
            .and_then(|points| BasisPoints::new(points).ok())
            .unwrap_or(BasisPoints::ZERO)
    }
}
