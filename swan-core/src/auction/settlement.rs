use super::CommissionFrom;
use crate::tokenomics::{FeeSplit, TokenError, market_commission};
use crate::{Amount, Policy};

/// Who pays and gets what of a job that was delivered, in SWAN. What the consumer pays is what the others get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settlement {
    /// What the consumer pays.
    pub consumer: Amount,
    /// What the provider earns.
    pub provider: Amount,
    /// The market provider's commission.
    pub market_provider: Amount,
    /// Where the network's fees go.
    pub fees: FeeSplit,
}

impl Settlement {
    /// Settles a job at `price`, with `fees` collected from the consumer beside it.
    ///
    /// Sources: Seed 003, "Calculation of MP Commission", "Calculation of Monthly Income for FCP" (the provider's income is
    /// the task's value) and "Fee Collection" (75 % and 25 %). The seed does not say whom the commission comes from; its two
    /// examples hold together when it comes on top, so that is the default. Nor does it say how high the fees are, so the
    /// caller does.
    ///
    /// # Errors
    ///
    /// [`TokenError::Policy`] when the policy has no `[auction]` or `[tokenomics]`, [`TokenError::Negative`] for a price or
    /// fees below zero, [`TokenError::Money`] when a sum is no amount.
    pub fn of(policy: &Policy, price: Amount, fees: Amount) -> Result<Self, TokenError> {
        let rules = policy.tokenomics()?;
        let commission = market_commission(rules, price)?;
        let split = FeeSplit::of(rules, fees)?;
        let (consumer, provider) = match policy.auction()?.commission_from() {
            CommissionFrom::Consumer => (price.checked_add(commission)?, price),
            CommissionFrom::Provider => (price, price.checked_sub(commission)?),
        };
        Ok(Self {
            consumer: consumer.checked_add(fees)?,
            provider,
            market_provider: commission,
            fees: split,
        })
    }
}

/// What becomes of a job that was not delivered: the consumer pays nothing, and the winner loses what it had at stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forfeiture {
    /// Who failed.
    pub provider: crate::ProviderId,
    /// The collateral that is forfeited, in SWAN; where it goes is the slashing policy's matter.
    pub collateral: Amount,
}
