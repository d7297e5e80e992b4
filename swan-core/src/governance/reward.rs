use std::cmp::Reverse;
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
    #[error("the weights of the voters sum to 2^126 or more")]
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
    let total = weights
        .values()
        .try_fold(0_u128, |sum, weight| sum.checked_add(*weight))
        .filter(|total| *total < 1 << 126)
        .ok_or(RewardError::OutOfRange)?;
    if total == 0 {
        return Err(RewardError::NobodyVoted);
    }
    let held = u128::try_from(treasury.pico()).unwrap_or(0);
    let pool = held * u128::from(share.get()) / u128::from(BasisPoints::WHOLE.get());
    if pool == 0 {
        return Err(RewardError::NothingToShare { treasury, share });
    }
    let mut parts = Vec::with_capacity(weights.len());
    for (voter, weight) in weights.iter().filter(|(_, weight)| **weight > 0) {
        let (part, remainder) = proportion(pool, *weight, total);
        parts.push((*voter, part, remainder));
    }
    let mut left = pool - parts.iter().map(|(_, part, _)| part).sum::<u128>();
    parts.sort_by_key(|(voter, _, remainder)| (Reverse(*remainder), *voter));
    for (_, part, _) in &mut parts {
        if left == 0 {
            break;
        }
        *part += 1;
        left -= 1;
    }
    // Parts of an amount are amounts, so this cannot fail.
    let amount = |pico: u128| Amount::from_pico(pico.cast_signed()).unwrap_or_default();
    Ok(Rewards {
        pool: amount(pool),
        parts: parts
            .into_iter()
            .map(|(voter, part, _)| (voter, amount(part)))
            .collect(),
    })
}

/// `pool * weight / total` and its remainder, exactly: the product needs up to 256 bits, so it is built bit by bit.
///
/// `weight <= total < 2^126`, so twice a remainder and a weight stay below 2^128.
fn proportion(pool: u128, weight: u128, total: u128) -> (u128, u128) {
    let (mut quotient, mut remainder) = (0_u128, 0_u128);
    for bit in (0..u128::BITS).rev() {
        quotient *= 2;
        remainder *= 2;
        if (pool >> bit) & 1 == 1 {
            remainder += weight;
        }
        while remainder >= total {
            remainder -= total;
            quotient += 1;
        }
    }
    (quotient, remainder)
}

#[cfg(test)]
mod tests {
    use super::proportion;

    #[test]
    fn proportions_are_exact_beyond_128_bits() {
        for (pool, weight, total, expected) in [
            (10, 1, 3, (3, 1)),
            (10, 3, 3, (10, 0)),
            (10, 0, 3, (0, 0)),
            (0, 2, 3, (0, 0)),
            (u128::MAX, 1, 1, (u128::MAX, 0)),
            (u128::MAX, (1 << 126) - 1, (1 << 126) - 1, (u128::MAX, 0)),
            // 10^27 * 10^27 / (3 * 10^27), with a product of 180 bits.
            (
                10_u128.pow(27),
                10_u128.pow(27),
                3 * 10_u128.pow(27),
                (10_u128.pow(27) / 3, 10_u128.pow(27)),
            ),
        ] {
            assert_eq!(
                proportion(pool, weight, total),
                expected,
                "{pool} * {weight} / {total}"
            );
        }
    }
}
