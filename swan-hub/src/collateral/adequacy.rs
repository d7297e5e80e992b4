//! What a provider must have by the policy, and whether it has it.

use swan_core::collateral::{
    CardGroup, CollateralError as Refusal, CollateralRules, Position, Requirement, Shortfall,
    shortfall,
};
use swan_core::hardware::{HardwareTier, Machine, Role};
use swan_core::{Currency, Policy, ProviderId, Timestamp};

use super::Bonds;
use super::bond::Bond;
use crate::providers::Registry;

/// What a provider must have in one currency.
#[derive(Debug, Clone)]
pub(crate) struct Adequacy {
    /// As the policy says; what stands in the way where it says nothing.
    pub(crate) requirement: Result<Requirement, Refusal>,
    pub(crate) shortfall: Option<Shortfall>,
}

impl Adequacy {
    /// Whether what is there is enough and not on its way out.
    pub(crate) fn is_enough(&self, bond: &Bond) -> bool {
        self.requirement.is_ok() && self.shortfall.is_none() && bond.account.may_serve()
    }
}

/// What `bond` must be by this policy, with these machines of its provider.
pub(crate) fn adequacy(policy: &Policy, bond: &Bond, machines: &[Machine]) -> Adequacy {
    let requirement = required(policy, bond.account.currency(), machines);
    let missing = requirement.as_ref().ok().and_then(|requirement| {
        let rules = policy.collateral().ok()?;
        let missing = shortfall(&bond.account, requirement, rules, policy.stamp());
        missing.ok().flatten()
    });
    Adequacy {
        requirement,
        shortfall: missing,
    }
}

/// Why a provider does not serve for want of collateral; `None` when it may.
///
/// Enough in one currency is enough. What a penalty took may be made good for a while.
pub(crate) fn refusal(
    policy: &Policy,
    bonds: &Bonds,
    (provider, machines): (ProviderId, &[Machine]),
    now: Timestamp,
) -> Option<String> {
    if !policy.collateral().is_ok_and(CollateralRules::is_required) {
        return None;
    }
    let mut missing = Vec::new();
    for currency in Currency::ALL {
        let bond = bonds.of(provider, currency);
        let found = adequacy(policy, &bond, machines);
        if found.is_enough(&bond) {
            return None;
        }
        if let Some(shortfall) = &found.shortfall {
            let until = shortfall.until.filter(|until| now < *until);
            if until.is_some() && bond.account.may_serve() {
                return None;
            }
            missing.push(format!("{} {currency}", shortfall.missing));
        } else if found.requirement.is_ok() {
            missing.push(format!("a withdrawal in {currency} that waits"));
        }
    }
    Some(format!(
        "this hub asks for collateral; missing: {}; see GET /v1/provider/collateral",
        missing.join(", or ")
    ))
}

/// The machines that a provider has connected.
pub(crate) fn machines(registry: &Registry, provider: ProviderId) -> Vec<Machine> {
    let lines = registry.lines();
    let own = lines.iter().filter(|line| line.provider == provider);
    let told = own.filter_map(|line| line.hardware());
    told.filter_map(|hardware| Machine::reported(&hardware).ok())
        .collect()
}

fn required(
    policy: &Policy,
    currency: Currency,
    machines: &[Machine],
) -> Result<Requirement, Refusal> {
    let rule = policy.collateral()?.rule()?;
    let mut position = Position::new(currency);
    position.cards = machines
        .iter()
        .filter_map(|one| cards(policy, one))
        .collect();
    let tiers = machines
        .iter()
        .filter_map(|one| policy.hardware().classify(one).tier());
    let mut tiers: Vec<HardwareTier> = tiers.collect();
    if tiers.is_empty() {
        // As long as no machine is known, the one that asks for most.
        tiers = HardwareTier::ALL.to_vec();
    }
    let mut most: Option<Requirement> = None;
    let mut refused = None;
    for tier in tiers {
        position.tier = Some(tier);
        match rule.required(&position) {
            Ok(one) if most.as_ref().is_none_or(|most| one.amount > most.amount) => {
                most = Some(one);
            }
            Ok(_) => {}
            Err(error) => refused = Some(error),
        }
    }
    most.ok_or_else(|| refused.unwrap_or(Refusal::Currency { currency }))
}

fn cards(policy: &Policy, machine: &Machine) -> Option<CardGroup> {
    Some(CardGroup {
        name: machine.name()?.clone(),
        units: policy.hardware().units_of_card(machine),
        count: machine.cards().unwrap_or(1),
        role: Role::Edge,
    })
}
