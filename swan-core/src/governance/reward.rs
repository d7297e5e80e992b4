use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Amount, BasisPoints};

/// What voters get of the treasury, in SWAN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rewards {
    /// All of it; the parts sum to it exactly.
    pub pool: Amount,
    /// Who gets how much.
    pub parts: BTreeMap<AccountId, Amount>,
}

/// Why there is nothing to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RewardError {
    /// Nobody voted with any stake.
    #[error("nobody has voted since the last rewards")]
    NobodyVoted,
    /// The share of the treasury is nothing.
    #[error("{share} of a treasury of {treasury} SWAN is nothing to share")]
    NothingToShare {
        /// What the treasury holds.
        treasury: Amount,
        /// The share of it that voters get.
        share: BasisPoints,
    },
    /// The weights are beyond what can be computed.
    #[error("the weights of the voters sum to 2^128 or more")]
    OutOfRange,
}

/// Shares `share` of `treasury` among voters by the stake with which they voted (Seed 003, "Governance Rewards": "such as
/// 1 % of the DAO Treasury").
///
/// The pool is rounded down, so never more than the share is paid. Each part is rounded down too; the units left over go
/// one each to the largest remainders, among equals to the smaller account id. Who did not vote is not in `weights`; on
/// which side somebody voted makes no difference.
///
/// # Errors
///
/// [`RewardError`] when nobody voted, when the treasury has nothing to share, and when the weights are absurd.
pub fn share_reward(
    treasury: Amount,
    share: BasisPoints,
    weights: &BTreeMap<AccountId, u128>,
) -> Result<Rewards, RewardError> {
    let (voters, weights): (Vec<_>, Vec<_>) = weights
        .iter()
        .filter(|(_, weight)| **weight > 0)
        .map(|(voter, weight)| (*voter, *weight))
        .unzip();
    if voters.is_empty() {
        return Err(RewardError::NobodyVoted);
    }
    let held = u128::try_from(treasury.pico()).unwrap_or(0);
    let pool = held * u128::from(share.get()) / u128::from(BasisPoints::WHOLE.get());
    if pool == 0 {
        return Err(RewardError::NothingToShare { treasury, share });
    }
    // A share of an amount is an amount, so what fails is the sum of the weights.
    let pool = Amount::from_magnitude(pool, false).unwrap_or_default();
    let parts = pool.allocate(&weights);
    Ok(Rewards {
        pool,
        parts: voters
            .into_iter()
            .zip(parts.map_err(|_| RewardError::OutOfRange)?)
            .collect(),
    })
}
