use super::{TokenError, TokenRules};
use crate::{Amount, MoneyError};

/// Where collected fees go, in their own currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeeSplit {
    /// To the DAO treasury.
    pub treasury: Amount,
    /// To buying tokens back.
    pub buy_back: Amount,
}

impl FeeSplit {
    /// Divides collected fees; the parts sum to them exactly.
    ///
    /// Source: Seed 003, "Fee Collection": 75 % to the treasury, 25 % to buy-back.
    ///
    /// # Errors
    ///
    /// [`TokenError::Negative`] for fees below zero.
    pub fn of(rules: &TokenRules, fees: Amount) -> Result<Self, TokenError> {
        if fees.is_negative() {
            return Err(TokenError::Negative {
                what: "what is divided",
            });
        }
        let weights = [rules.treasury_fee(), rules.buy_back_fee()];
        let [treasury, buy_back] = fees.divide(weights.map(|share| u128::from(share.get())))?;
        Ok(Self { treasury, buy_back })
    }
}

/// What a market provider earns for a task of this value: `MPC = TV x CR`, rounded once, half to even.
///
/// Source: Seed 003, "Calculation of MP Commission": 5 % of 1,000 SWAN are 50 SWAN.
///
/// # Errors
///
/// [`TokenError::Negative`] for a value below zero.
pub fn market_commission(rules: &TokenRules, value: Amount) -> Result<Amount, TokenError> {
    if value.is_negative() {
        return Err(TokenError::Negative {
            what: "the task's value",
        });
    }
    Ok(value.share(rules.market_commission()))
}

/// What a provider earns from the bids that it won: the sum of the tasks' values.
///
/// Source: Seed 003, "Calculation of Monthly Income for FCP": 20 tasks of 1,000 SWAN are 20,000 SWAN.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`] when the sum is no amount.
pub fn won_bids(values: impl IntoIterator<Item = Amount>) -> Result<Amount, MoneyError> {
    Amount::checked_sum(values)
}
