use std::collections::BTreeSet;

use super::{Cards, ShareRule, UbiError, UbiRules, WorkloadRules};
use crate::{Amount, BasisPoints, Fact, Grounds, Policy, ProviderId};

const WORKLOAD: &str = "Seed 002, Individual CP's UBI";

/// A provider who may get a share by its hardware and its test tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct Contributor {
    /// Who it is.
    pub provider: ProviderId,
    /// Its cards.
    pub cards: Vec<Cards>,
    /// What share of its test tasks it completed that day.
    pub completion: BasisPoints,
    /// The collateral that it holds, in SWAN.
    pub collateral: Amount,
    /// The collateral that its cards need, in SWAN.
    pub collateral_needed: Amount,
}

impl Contributor {
    /// The conditions for the basic income that it does not meet (Seed 002, "Conditions for CP to Receive UBI"): sufficient
    /// collateral, completed test tasks, and cards that count.
    #[must_use]
    pub fn unmet(&self) -> Vec<Fact> {
        let cards: u128 = self
            .cards
            .iter()
            .map(|cards| {
                if cards.units.tenths() == 0 {
                    0
                } else {
                    u128::from(cards.count)
                }
            })
            .sum();
        let mut unmet = Vec::new();
        if self.collateral < self.collateral_needed {
            let needed = format!("at least {} SWAN", self.collateral_needed);
            unmet.push(Fact::new("collateral", format!("{} SWAN", self.collateral)).needed(needed));
        }
        if self.completion == BasisPoints::ZERO {
            unmet.push(Fact::new("completed test tasks", "0%").needed("more than none"));
        }
        if cards == 0 {
            unmet.push(Fact::new("cards that count", "0").needed("at least 1"));
        }
        unmet
    }
}

/// Who gets what of a day's basic income. Shares and the unclaimed rest sum to the income exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Distribution {
    /// The shares in SWAN, in the order of the list.
    pub shares: Vec<(ProviderId, Amount)>,
    /// Who gets nothing, and which conditions it does not meet.
    pub refused: Vec<(ProviderId, Vec<Fact>)>,
    /// What nobody claims, in SWAN: it stays where the income comes from.
    pub unclaimed: Amount,
    /// The rule and what it was applied to.
    pub grounds: Grounds,
}

/// Divides a day's basic income among providers by their hardware and test tasks.
///
/// Each gets `sum of N f_k x P (x W_FCP) / (UBI_ECP + UBI_FCP)` of the income; what its tasks lack to the full rate stays
/// unclaimed. Under [`ShareRule::OfCompleted`] the denominator counts completion too, so that nothing stays. Exact to the
/// pico-SWAN by largest remainder. Source: Seed 002, "Individual CP's UBI"; public record 3.1.
///
/// A provider that does not meet the conditions counts neither above nor below the line: otherwise registering cards
/// without collateral would dilute everybody else.
///
/// # Errors
///
/// [`UbiError::Policy`] when the policy has no `[ubi.workload]`, [`UbiError::Negative`], [`UbiError::Twice`] and
/// [`UbiError::TooLarge`] for what cannot be.
pub fn share_by_workload(
    policy: &Policy,
    income: Amount,
    list: &[Contributor],
) -> Result<Distribution, UbiError> {
    let rules = policy.ubi().and_then(UbiRules::workload)?;
    no_doubles(list.iter().map(|contributor| contributor.provider))?;
    let (mut who, mut weights, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let mut unworked = 0_u128;
    for contributor in list {
        if contributor.collateral.is_negative() || contributor.collateral_needed.is_negative() {
            return Err(UbiError::Negative {
                what: "a collateral",
            });
        }
        let unmet = contributor.unmet();
        if !unmet.is_empty() {
            refused.push((contributor.provider, unmet));
            continue;
        }
        let (done, missed) = weigh(rules, contributor)?;
        who.push(contributor.provider);
        weights.push(done);
        unworked = unworked.checked_add(missed).ok_or(TOO_LARGE)?;
    }
    if rules.share_rule() == ShareRule::OfCompleted {
        unworked = 0;
    }
    let grounds = Grounds::new(WORKLOAD, policy.stamp().clone())
        .with(Fact::new("income of the day", format!("{income} SWAN")))
        .with(Fact::new("providers that qualify", who.len()));
    divide(income, who, weights, unworked, refused, grounds)
}

const TOO_LARGE: UbiError = UbiError::TooLarge {
    what: "the workload",
};

/// What a provider's completed tasks weigh, and what its missed ones would have.
fn weigh(rules: &WorkloadRules, contributor: &Contributor) -> Result<(u128, u128), UbiError> {
    let weight = rules.workload(&contributor.cards)?;
    let times = |points: BasisPoints| {
        weight
            .checked_mul(u128::from(points.get()))
            .ok_or(TOO_LARGE)
    };
    Ok((
        times(contributor.completion)?,
        times(contributor.completion.complement())?,
    ))
}

/// The unclaimed part takes its place last, so that an odd pico-unit rather goes to a provider.
pub(super) fn divide(
    income: Amount,
    who: Vec<ProviderId>,
    mut weights: Vec<u128>,
    unworked: u128,
    refused: Vec<(ProviderId, Vec<Fact>)>,
    grounds: Grounds,
) -> Result<Distribution, UbiError> {
    if income.is_negative() {
        return Err(UbiError::Negative { what: "the income" });
    }
    let nobody = weights.iter().all(|weight| *weight == 0);
    weights.push(if nobody { 1 } else { unworked });
    let mut parts = income.allocate(&weights).map_err(|_| TOO_LARGE)?;
    let unclaimed = parts.pop().unwrap_or_default();
    Ok(Distribution {
        shares: who.into_iter().zip(parts).collect(),
        refused,
        unclaimed,
        grounds,
    })
}

pub(super) fn no_doubles(providers: impl Iterator<Item = ProviderId>) -> Result<(), UbiError> {
    let mut seen = BTreeSet::new();
    for provider in providers {
        if !seen.insert(provider) {
            return Err(UbiError::Twice { provider });
        }
    }
    Ok(())
}
