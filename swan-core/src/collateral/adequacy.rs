use super::{CollateralAccount, CollateralError, CollateralRules, Requirement};
use crate::{Amount, Currency, Fact, Grounds, PolicyStamp, Timestamp};

/// By how much collateral falls short of its requirement, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shortfall {
    /// How much is missing, in `currency`.
    pub missing: Amount,
    /// Of what.
    pub currency: Currency,
    /// Until when the provider may top up and keep its place; `None` when nothing was ever taken, so that it has no place yet.
    pub until: Option<Timestamp>,
    /// The rule and the facts.
    pub grounds: Grounds,
}

/// Whether an account covers its requirement with what is [staked](CollateralAccount::staked).
///
/// `Ok(Some(…))` says by how much it falls short.
///
/// # Errors
///
/// [`CollateralError::Currency`] when account and requirement are in different currencies.
pub fn shortfall(
    account: &CollateralAccount,
    requirement: &Requirement,
    rules: &CollateralRules,
    policy: &PolicyStamp,
) -> Result<Option<Shortfall>, CollateralError> {
    let currency = requirement.currency;
    if account.currency() != currency {
        return Err(CollateralError::Currency { currency });
    }
    let staked = account.staked();
    if staked >= requirement.amount {
        return Ok(None);
    }
    let mut grounds = requirement.grounds(policy);
    let found = Fact::new("collateral", format!("{staked} {currency}"));
    let found = found.needed(format_args!("{} {currency}", requirement.amount));
    grounds.evidence.insert(0, found);
    if !account.pending().is_zero() {
        let pending = format!("{} {currency}", account.pending());
        grounds = grounds.with(Fact::new("announced and not arrived", pending));
    }
    if !account.impounded().is_zero() {
        let impounded = format!("{} {currency}", account.impounded());
        grounds = grounds.with(Fact::new("set aside for penalties", impounded));
    }
    Ok(Some(Shortfall {
        missing: requirement.amount.checked_sub(staked)?,
        currency,
        until: account.reduced_at().map(|at| at.after(rules.top_up())),
        grounds,
    }))
}
