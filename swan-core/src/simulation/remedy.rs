use serde::{Deserialize, Serialize};

use super::{Behaviour, Report};
use crate::{MoneyError, Policy, PolicyChange, PolicyError, PolicyVersion};

/// A change of policy that takes the profit out of a way of cheating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remedy {
    /// Which way of cheating.
    pub behaviour: Behaviour,
    /// The rule that lets it pay.
    pub because: String,
    /// The keys of the policy and the values that close it.
    pub changes: Vec<(String, u32)>,
}

impl Remedy {
    /// The policy with this remedy, as version `version`.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when the changes do not fit the policy.
    pub fn applied(&self, policy: &Policy, version: PolicyVersion) -> Result<Policy, PolicyError> {
        let changes: Vec<PolicyChange> = self
            .changes
            .iter()
            .map(|(key, value)| PolicyChange::new(key.clone(), *value))
            .collect();
        policy.amended(version, &changes)
    }
}

/// For each kind of cheat that does better than the honest in `report`: the rule that lets it, and what closes it.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`] beyond the largest amount of money.
pub fn remedies(report: &Report) -> Result<Vec<Remedy>, MoneyError> {
    let paying = report.verdicts()?.into_iter().filter(super::Verdict::pays);
    Ok(paying.map(|verdict| remedy(verdict.behaviour)).collect())
}

fn remedy(behaviour: Behaviour) -> Remedy {
    let (because, changes): (&str, &[(&str, u32)]) = match behaviour {
        Behaviour::Honest => ("nothing is wrong with being honest", &[]),
        Behaviour::Lazy => (
            "half of the benchmark items right is enough to pass (benchmark.math_least_bps, code_least_bps), and a smaller \
             model reaches that; a higher threshold needs more samples, or it hits honest providers by chance",
            &[
                ("benchmark.math_least_bps", 6_700),
                ("benchmark.code_least_bps", 6_700),
                ("benchmark.samples_most", 400),
            ],
        ),
        Behaviour::Overclaiming => (
            "claims may lie too far above those of the peers (claims.tolerance_bps)",
            &[("claims.tolerance_bps", 1_500)],
        ),
        Behaviour::BenchmarkOnly => (
            "what the provider takes for a benchmark weighs too much: more items must be drawn before it is judged",
            &[("benchmark.samples_least", 30)],
        ),
        Behaviour::Flaky => (
            "failures and absence cost too little traffic (standing.success_least_bps, uptime_least_bps)",
            &[
                ("standing.success_least_bps", 9_000),
                ("standing.uptime_least_bps", 9_500),
            ],
        ),
        Behaviour::Sybil => (
            "a new name costs less than what it earns before it is removed (collateral.tier, benchmark.rounds_least)",
            &[("benchmark.rounds_most", 4), ("benchmark.rounds_least", 2)],
        ),
    };
    Remedy {
        behaviour,
        because: because.to_owned(),
        changes: changes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), *value))
            .collect(),
    }
}
