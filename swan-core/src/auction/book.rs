use std::collections::BTreeMap;

use super::{
    AuctionEvent, AuctionRules, AuctionState, Award, AwardRule, Bid, BidRefusal, Commitment,
    Forfeiture, Settlement,
};
use crate::tokenomics::TokenError;
use crate::{
    Amount, BasisPoints, Fact, Grounds, InvalidTransition, Policy, ProviderId, RequestId, Timestamp,
};

type Invalid = InvalidTransition<AuctionState, AuctionEvent>;

const RULE: &str = "Seed 003, Computing Jobs Auction Engine";

/// What is put up for auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct Job {
    /// Which job.
    pub id: RequestId,
    /// The most that the consumer pays for it, in SWAN.
    pub ceiling: Amount,
    /// The collateral that a bidder needs for it, in SWAN.
    pub collateral: Amount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Sealed,
    Revealed(Amount),
    Withdrawn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    commitment: Commitment,
    reputation: BasisPoints,
    order: u32,
    stage: Stage,
}

/// One auction of one job: sealed bids until it closes, then reveals, then an award, a delivery and a settlement.
///
/// It moves only forward, so a clock that steps back opens nothing again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auction {
    job: Job,
    state: AuctionState,
    closes: Timestamp,
    reveals_end: Timestamp,
    most_bids: usize,
    entries: BTreeMap<ProviderId, Entry>,
    award: Option<Award>,
}

impl Auction {
    /// Opens an auction of `job` at `now`.
    #[must_use]
    pub fn open(rules: &AuctionRules, job: Job, now: Timestamp) -> Self {
        let closes = now.after(rules.open());
        Self {
            job,
            state: AuctionState::Open,
            closes,
            reveals_end: closes.after(rules.reveal()),
            most_bids: rules.most_bids(),
            entries: BTreeMap::new(),
            award: None,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> AuctionState {
        self.state
    }

    /// Until when bids come in.
    #[must_use]
    pub const fn closes(&self) -> Timestamp {
        self.closes
    }

    /// Until when bids are revealed.
    #[must_use]
    pub const fn reveals_end(&self) -> Timestamp {
        self.reveals_end
    }

    /// Who won, once it is awarded.
    #[must_use]
    pub const fn award(&self) -> Option<&Award> {
        self.award.as_ref()
    }

    /// Moves on with the time: closes, and ends the reveals.
    pub fn advance(&mut self, now: Timestamp) {
        for (ends, event) in [
            (self.closes, AuctionEvent::Close),
            (self.reveals_end, AuctionEvent::EndReveals),
        ] {
            if now >= ends {
                // An event that has no place has happened already.
                self.state = self.state.on(event).unwrap_or(self.state);
            }
        }
    }

    /// Takes a sealed bid of a bidder with this reputation and `held` SWAN of collateral.
    ///
    /// # Errors
    ///
    /// [`BidRefusal`]; it changes nothing.
    pub fn bid(
        &mut self,
        now: Timestamp,
        bidder: ProviderId,
        commitment: Commitment,
        reputation: BasisPoints,
        held: Amount,
    ) -> Result<(), BidRefusal> {
        self.advance(now);
        self.need_open(now)?;
        match self.entries.get(&bidder).map(|entry| entry.stage) {
            Some(Stage::Withdrawn) => return Err(BidRefusal::Withdrawn),
            Some(_) => return Err(BidRefusal::Duplicate),
            None => {}
        }
        let needed = self.job.collateral;
        if held < needed {
            return Err(BidRefusal::Collateral { held, needed });
        }
        if self.entries.len() >= self.most_bids {
            let most = self.most_bids;
            return Err(BidRefusal::Full { most });
        }
        let entry = Entry {
            commitment,
            reputation,
            order: u32::try_from(self.entries.len()).unwrap_or(u32::MAX),
            stage: Stage::Sealed,
        };
        self.entries.insert(bidder, entry);
        Ok(())
    }

    /// Takes a bid back, while bids still come in.
    ///
    /// # Errors
    ///
    /// [`BidRefusal`]; it changes nothing.
    pub fn withdraw(&mut self, now: Timestamp, bidder: ProviderId) -> Result<(), BidRefusal> {
        self.advance(now);
        self.need_open(now)?;
        let entry = self.entries.get_mut(&bidder).ok_or(BidRefusal::NoBid)?;
        if entry.stage == Stage::Withdrawn {
            return Err(BidRefusal::Withdrawn);
        }
        entry.stage = Stage::Withdrawn;
        Ok(())
    }

    /// Reveals a sealed bid.
    ///
    /// # Errors
    ///
    /// [`BidRefusal`]; it changes nothing.
    pub fn reveal(
        &mut self,
        now: Timestamp,
        bidder: ProviderId,
        price: Amount,
        nonce: &[u8; 32],
    ) -> Result<(), BidRefusal> {
        self.advance(now);
        match self.state {
            AuctionState::Open => return Err(BidRefusal::Early { from: self.closes }),
            AuctionState::Closed => {}
            AuctionState::Revealed => {
                let ended = self.reveals_end;
                return Err(BidRefusal::Late { now, ended });
            }
            _ => return Err(BidRefusal::Over),
        }
        let (job, ceiling) = (self.job.id, self.job.ceiling);
        let entry = self.entries.get_mut(&bidder).ok_or(BidRefusal::NoBid)?;
        match entry.stage {
            Stage::Withdrawn => return Err(BidRefusal::Withdrawn),
            Stage::Revealed(_) => return Err(BidRefusal::Revealed),
            Stage::Sealed => {}
        }
        if Commitment::to(job, bidder, price, nonce) != entry.commitment {
            return Err(BidRefusal::Mismatch);
        }
        if price <= Amount::ZERO || price > ceiling {
            return Err(BidRefusal::Price { price, ceiling });
        }
        entry.stage = Stage::Revealed(price);
        Ok(())
    }

    /// Awards the job by `rule`, or ends the auction if there is no valid bid.
    ///
    /// # Errors
    ///
    /// [`InvalidTransition`] while bids or reveals may still come, and once it is decided.
    pub fn decide(
        &mut self,
        now: Timestamp,
        rule: &dyn AwardRule,
        policy: &Policy,
    ) -> Result<Option<&Award>, Invalid> {
        self.advance(now);
        let awarded = self.state.on(AuctionEvent::Award)?;
        let bids: Vec<Bid> = self
            .entries
            .iter()
            .filter_map(|(bidder, entry)| match entry.stage {
                Stage::Revealed(price) => Some(Bid {
                    bidder: *bidder,
                    price,
                    reputation: entry.reputation,
                    order: entry.order,
                }),
                _ => None,
            })
            .collect();
        let won = rule.award(&bids, self.job.ceiling);
        let Some((bid, price)) =
            won.and_then(|(position, price)| Some((bids.get(position)?, price)))
        else {
            self.state = self.state.on(AuctionEvent::FindNone)?;
            return Ok(None);
        };
        let sealed = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.stage == Stage::Sealed);
        let award = Award {
            winner: bid.bidder,
            bid: bid.price,
            price,
            unrevealed: sealed.map(|(bidder, _)| *bidder).collect(),
            grounds: Grounds::new(RULE, policy.stamp().clone())
                .with(Fact::new("winning bid", format!("{} SWAN", bid.price)))
                .with(Fact::new("reputation", bid.reputation))
                .with(Fact::new("valid bids", bids.len())),
        };
        self.state = awarded;
        Ok(Some(self.award.insert(award)))
    }

    /// The winner delivered, or failed to.
    ///
    /// # Errors
    ///
    /// [`InvalidTransition`] unless the job is awarded and neither has happened.
    pub fn conclude(&mut self, delivered: bool) -> Result<(), Invalid> {
        let event = if delivered {
            AuctionEvent::Deliver
        } else {
            AuctionEvent::Fail
        };
        self.state = self.state.on(event)?;
        Ok(())
    }

    /// The consumer takes the job back.
    ///
    /// # Errors
    ///
    /// [`InvalidTransition`] once it is awarded or over.
    pub fn cancel(&mut self) -> Result<(), Invalid> {
        self.state = self.state.on(AuctionEvent::Cancel)?;
        Ok(())
    }

    /// Pays for a delivered job, with `fees` in SWAN beside its price. It settles once.
    ///
    /// # Errors
    ///
    /// [`SettleError::Step`] unless it is delivered and unpaid; [`SettleError::Token`] as of [`Settlement::of`], and then it
    /// stays unpaid.
    pub fn pay(&mut self, policy: &Policy, fees: Amount) -> Result<Settlement, SettleError> {
        let paid = self.state.on(AuctionEvent::Pay)?;
        let price = self
            .award
            .as_ref()
            .map_or(Amount::ZERO, |award| award.price);
        let settlement = Settlement::of(policy, price, fees)?;
        self.state = paid;
        Ok(settlement)
    }

    /// Takes the stake of a winner that failed. It happens once.
    ///
    /// # Errors
    ///
    /// [`InvalidTransition`] unless it failed and nothing was taken.
    pub fn forfeit(&mut self) -> Result<Option<Forfeiture>, Invalid> {
        self.state = self.state.on(AuctionEvent::Forfeit)?;
        Ok(self.award.as_ref().map(|award| Forfeiture {
            provider: award.winner,
            collateral: self.job.collateral,
        }))
    }

    const fn need_open(&self, now: Timestamp) -> Result<(), BidRefusal> {
        match self.state {
            AuctionState::Open => Ok(()),
            AuctionState::Closed | AuctionState::Revealed => Err(BidRefusal::Late {
                now,
                ended: self.closes,
            }),
            _ => Err(BidRefusal::Over),
        }
    }
}

/// Why a job is not paid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// It is not delivered, or paid already.
    #[error(transparent)]
    Step(#[from] Invalid),
    /// The amounts or the policy do not allow it.
    #[error(transparent)]
    Token(#[from] TokenError),
}
