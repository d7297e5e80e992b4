use std::fmt;

use super::{AuctionRules, Payment};
use crate::{Amount, BasisPoints, Grounds, ProviderId};

/// A revealed bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "rules of one's own and their tests build it"
)]
pub struct Bid {
    /// Who asks.
    pub bidder: ProviderId,
    /// What it asks for, in SWAN; above zero.
    pub price: Amount,
    /// Its reputation when it bid.
    pub reputation: BasisPoints,
    /// Its place in the order in which the sealed bids came in.
    pub order: u32,
}

/// Who gets a job, and for how much.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Award {
    /// Who won.
    pub winner: ProviderId,
    /// What it asked for, in SWAN.
    pub bid: Amount,
    /// What it is paid if it delivers, in SWAN: the task's value.
    pub price: Amount,
    /// Who sealed a bid, did not withdraw it and did not reveal it validly.
    pub unrevealed: Vec<ProviderId>,
    /// Why.
    pub grounds: Grounds,
}

/// The rule that picks the winner of an auction. It is asked with at most as many bids as the policy lets in.
pub trait AwardRule: fmt::Debug + Send + Sync {
    /// The position of the winning bid and what its bidder is paid, at most `ceiling`; `None` when there is no bid.
    fn award(&self, bids: &[Bid], ceiling: Amount) -> Option<(usize, Amount)>;
}

const _: fn(&dyn AwardRule) = |_| {};

/// The lowest price wins, where the price of a bidder with less than full reputation counts higher: by the policy's weight
/// for one without any, in proportion between.
///
/// Ties go to the lower price, then to the better reputation, then to the earlier sealed bid.
///
/// With [`Payment::SecondPrice`] the winner is paid the most that it could have asked: the price at which it would tie with
/// the next best, rounded down, and the ceiling where there is no other bid. What it is paid then does not depend on what
/// it asked, so asking its true cost is never worse, with reputation or without.
///
/// Source: Seed 003, "providers offering the best rates and performance"; the weighing is our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReverseAuction {
    payment: Payment,
    reputation_weight: BasisPoints,
}

impl ReverseAuction {
    /// The rule with this payment and weight of reputation.
    #[must_use]
    pub const fn new(payment: Payment, reputation_weight: BasisPoints) -> Self {
        Self {
            payment,
            reputation_weight,
        }
    }

    /// The rule that a policy sets.
    #[must_use]
    pub const fn of(rules: &AuctionRules) -> Self {
        Self::new(rules.payment(), rules.reputation_weight())
    }

    /// What a price is multiplied with: 10^8 for full reputation, up to twice that.
    fn factor(&self, reputation: BasisPoints) -> u128 {
        let missing = u128::from(reputation.complement().get());
        100_000_000 + u128::from(self.reputation_weight.get()) * missing
    }

    /// What a bid counts: 10^27 pico-units times the factor stay far inside 128 bits.
    fn score(&self, bid: &Bid) -> u128 {
        bid.price.pico().unsigned_abs() * self.factor(bid.reputation)
    }
}

impl AwardRule for ReverseAuction {
    fn award(&self, bids: &[Bid], ceiling: Amount) -> Option<(usize, Amount)> {
        let rank = |bid: &Bid| {
            let reputation = std::cmp::Reverse(bid.reputation);
            (self.score(bid), bid.price, reputation, bid.order)
        };
        let (position, winner) = bids.iter().enumerate().min_by_key(|(_, bid)| rank(bid))?;
        let others = bids
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != position);
        let price = match self.payment {
            Payment::FirstPrice => winner.price,
            Payment::SecondPrice => match others.map(|(_, bid)| self.score(bid)).min() {
                Some(score) => {
                    let pico = (score / self.factor(winner.reputation)).cast_signed();
                    Amount::from_pico(pico).map_or(ceiling, |price| price.min(ceiling))
                }
                None => ceiling,
            },
        };
        Some((position, price))
    }
}
