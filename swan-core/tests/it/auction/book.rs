use swan_core::auction::{
    Auction, AuctionState, BidRefusal, Commitment, Job, ReverseAuction, SettleError,
};
use swan_core::{Amount, RequestId, Timestamp};

use super::{amount, points, policy, provider, units};

const NONCE: [u8; 32] = [7; 32];

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(secs * 1_000)
}

fn job() -> Job {
    Job {
        id: RequestId::from_u128(1),
        ceiling: units(1_000),
        collateral: units(200),
    }
}

/// Opened at 0 s; bids until 60 s, reveals until 90 s.
fn auction() -> Auction {
    Auction::open(policy().auction().unwrap(), job(), at(0))
}

fn sealed(number: u128, price: Amount) -> Commitment {
    Commitment::to(job().id, provider(number), price, &NONCE)
}

fn bid(auction: &mut Auction, secs: u64, number: u128, price: i64) -> Result<(), BidRefusal> {
    auction.bid(
        at(secs),
        provider(number),
        sealed(number, units(price)),
        points(10_000),
        units(200),
    )
}

fn reveal(auction: &mut Auction, secs: u64, number: u128, price: i64) -> Result<(), BidRefusal> {
    auction.reveal(at(secs), provider(number), units(price), &NONCE)
}

fn decide(auction: &mut Auction, secs: u64) -> AuctionState {
    let rule = ReverseAuction::of(policy().auction().unwrap());
    auction.decide(at(secs), &rule, policy()).unwrap();
    auction.state()
}

#[test]
fn a_job_is_bid_for_awarded_delivered_and_paid_once() {
    let mut auction = auction();
    assert_eq!((auction.closes(), auction.reveals_end()), (at(60), at(90)));
    bid(&mut auction, 0, 1, 900).unwrap();
    bid(&mut auction, 59, 2, 800).unwrap();
    bid(&mut auction, 59, 3, 700).unwrap();
    reveal(&mut auction, 60, 1, 900).unwrap();
    reveal(&mut auction, 89, 2, 800).unwrap();
    assert_eq!(decide(&mut auction, 90), AuctionState::Awarded);
    let award = auction.award().unwrap().clone();
    assert_eq!(
        (award.winner, award.bid, award.price),
        (provider(2), units(800), units(800))
    );
    assert_eq!(award.unrevealed, [provider(3)]);
    assert!(
        award
            .grounds
            .to_string()
            .contains("winning bid was 800 SWAN")
    );
    auction.conclude(true).unwrap();
    let paid = auction.pay(policy(), Amount::ZERO).unwrap();
    assert_eq!(
        (paid.consumer, paid.provider, paid.market_provider),
        (units(840), units(800), units(40))
    );
    assert_eq!(auction.state(), AuctionState::Paid);
    assert!(matches!(
        auction.pay(policy(), Amount::ZERO),
        Err(SettleError::Step(_))
    ));
}

#[test]
fn who_does_not_deliver_forfeits_its_stake_once() {
    let mut auction = auction();
    bid(&mut auction, 1, 1, 900).unwrap();
    reveal(&mut auction, 61, 1, 900).unwrap();
    decide(&mut auction, 90);
    auction.conclude(false).unwrap();
    assert!(matches!(
        auction.pay(policy(), Amount::ZERO),
        Err(SettleError::Step(_))
    ));
    let taken = auction.forfeit().unwrap().unwrap();
    assert_eq!(
        (taken.provider, taken.collateral),
        (provider(1), units(200))
    );
    assert!(auction.forfeit().is_err());
    assert_eq!(auction.state(), AuctionState::Forfeited);
}

#[test]
fn bids_that_cannot_be_taken_say_why() {
    let mut open = auction();
    bid(&mut open, 0, 1, 900).unwrap();
    assert_eq!(bid(&mut open, 0, 1, 800), Err(BidRefusal::Duplicate));
    let (held, needed) = (amount("199.999999999999"), units(200));
    let poor = open.bid(at(0), provider(2), sealed(2, units(1)), points(0), held);
    assert_eq!(poor, Err(BidRefusal::Collateral { held, needed }));
    assert_eq!(open.withdraw(at(0), provider(2)), Err(BidRefusal::NoBid));
    open.withdraw(at(59), provider(1)).unwrap();
    assert_eq!(
        open.withdraw(at(59), provider(1)),
        Err(BidRefusal::Withdrawn)
    );
    assert_eq!(bid(&mut open, 59, 1, 800), Err(BidRefusal::Withdrawn));
    assert_eq!(
        reveal(&mut open, 59, 1, 900),
        Err(BidRefusal::Early { from: at(60) })
    );
    let late = BidRefusal::Late {
        now: at(60),
        ended: at(60),
    };
    assert_eq!(bid(&mut open, 60, 3, 1), Err(late.clone()));
    assert_eq!(open.withdraw(at(60), provider(1)), Err(late));
    assert_eq!(reveal(&mut open, 60, 1, 900), Err(BidRefusal::Withdrawn));
    let back = BidRefusal::Late {
        now: at(5),
        ended: at(60),
    };
    assert_eq!(
        bid(&mut open, 5, 3, 1),
        Err(back),
        "a clock that steps back opens nothing"
    );
    assert_eq!(decide(&mut open, 90), AuctionState::Unsold);
    assert_eq!(bid(&mut open, 91, 4, 1), Err(BidRefusal::Over));
    assert_eq!(reveal(&mut open, 91, 1, 900), Err(BidRefusal::Over));
}

#[test]
fn a_reveal_is_held_to_what_was_sealed() {
    let mut closed = auction();
    bid(&mut closed, 0, 1, 900).unwrap();
    bid(&mut closed, 0, 2, 0).unwrap();
    bid(&mut closed, 0, 3, 1_001).unwrap();
    bid(&mut closed, 0, 4, 1_000).unwrap();
    // A copied commitment is of no use, since the bidder goes into it.
    closed
        .bid(
            at(0),
            provider(5),
            sealed(1, units(900)),
            points(0),
            units(200),
        )
        .unwrap();
    assert_eq!(reveal(&mut closed, 60, 1, 899), Err(BidRefusal::Mismatch));
    let other_nonce = closed.reveal(at(60), provider(1), units(900), &[8; 32]);
    assert_eq!(other_nonce, Err(BidRefusal::Mismatch));
    assert_eq!(reveal(&mut closed, 60, 5, 900), Err(BidRefusal::Mismatch));
    assert_eq!(reveal(&mut closed, 60, 6, 900), Err(BidRefusal::NoBid));
    let ceiling = units(1_000);
    for (number, price) in [(2, 0), (3, 1_001)] {
        let refused = BidRefusal::Price {
            price: units(price),
            ceiling,
        };
        assert_eq!(reveal(&mut closed, 60, number, price), Err(refused));
    }
    reveal(&mut closed, 60, 4, 1_000).unwrap();
    reveal(&mut closed, 60, 1, 900).unwrap();
    assert_eq!(reveal(&mut closed, 60, 1, 900), Err(BidRefusal::Revealed));
    let late = BidRefusal::Late {
        now: at(90),
        ended: at(90),
    };
    assert_eq!(reveal(&mut closed, 90, 2, 0), Err(late));
    decide(&mut closed, 90);
    assert_eq!(closed.award().unwrap().winner, provider(1));
    assert_eq!(
        closed.award().unwrap().unrevealed,
        [provider(2), provider(3), provider(5)]
    );
}

#[test]
fn an_auction_is_decided_only_after_the_reveals_and_only_once() {
    let rule = ReverseAuction::of(policy().auction().unwrap());
    let mut auction = auction();
    bid(&mut auction, 0, 1, 900).unwrap();
    assert!(auction.decide(at(59), &rule, policy()).is_err());
    assert!(auction.decide(at(89), &rule, policy()).is_err());
    reveal(&mut auction, 89, 1, 900).unwrap();
    assert!(auction.conclude(true).is_err());
    assert!(auction.decide(at(90), &rule, policy()).unwrap().is_some());
    assert!(auction.decide(at(90), &rule, policy()).is_err());
    assert!(
        auction.cancel().is_err(),
        "an awarded job cannot be taken back"
    );
}

#[test]
fn a_cancelled_auction_takes_nothing_more() {
    let mut auction = auction();
    bid(&mut auction, 0, 1, 900).unwrap();
    auction.cancel().unwrap();
    assert_eq!(bid(&mut auction, 1, 2, 900), Err(BidRefusal::Over));
    assert_eq!(reveal(&mut auction, 61, 1, 900), Err(BidRefusal::Over));
    assert_eq!(auction.state(), AuctionState::Cancelled);
    assert!(auction.cancel().is_err());
}

/// Withdrawn bids count: otherwise bidding and withdrawing would grow without a bound.
#[test]
fn an_auction_has_a_bound() {
    let most = policy().auction().unwrap().most_bids();
    let mut auction = auction();
    for number in 0..most as u128 {
        bid(&mut auction, 0, number, 900).unwrap();
    }
    auction.withdraw(at(0), provider(0)).unwrap();
    let refused = bid(&mut auction, 0, most as u128, 900);
    assert_eq!(refused, Err(BidRefusal::Full { most }));
}
