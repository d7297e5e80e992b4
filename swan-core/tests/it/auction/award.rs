use proptest::prelude::*;
use swan_core::Amount;
use swan_core::auction::{AwardRule, Bid, Payment, ReverseAuction};

use super::{amount, points, provider, units};

fn bid(number: u32, price: &str, reputation: u16) -> Bid {
    Bid {
        bidder: provider(u128::from(100 - number)),
        price: amount(price),
        reputation: points(reputation),
        order: number,
    }
}

fn won(payment: Payment, weight: u16, bids: &[Bid]) -> Option<(u32, Amount)> {
    let (position, price) =
        ReverseAuction::new(payment, points(weight)).award(bids, units(1_000))?;
    Some((bids[position].order, price))
}

#[test]
fn the_lowest_price_wins_and_is_paid() {
    let bids = [bid(0, "30", 10_000), bid(1, "20", 0), bid(2, "25", 5_000)];
    assert_eq!(won(Payment::FirstPrice, 0, &bids), Some((1, amount("20"))));
    assert_eq!(won(Payment::SecondPrice, 0, &bids), Some((1, amount("25"))));
    assert_eq!(won(Payment::FirstPrice, 0, &[]), None);
    assert_eq!(
        won(Payment::SecondPrice, 0, &bids[..1]),
        Some((0, units(1_000))),
        "the ceiling"
    );
    assert_eq!(
        won(Payment::FirstPrice, 0, &bids[..1]),
        Some((0, amount("30")))
    );
}

/// With a weight of 20 % a bidder without reputation has to be a sixth cheaper than one with all of it.
#[test]
fn reputation_makes_a_price_count_less() {
    let known = bid(0, "24", 10_000);
    for (price, winner) in [("19.999999999999", 1), ("20", 1), ("20.000000000001", 0)] {
        let bids = [known, bid(1, price, 0)];
        assert_eq!(
            won(Payment::FirstPrice, 2_000, &bids).unwrap().0,
            winner,
            "{price}"
        );
    }
    let bids = [known, bid(1, "10", 0)];
    assert_eq!(
        won(Payment::SecondPrice, 2_000, &bids),
        Some((1, amount("20")))
    );
    let bids = [bid(0, "10", 10_000), bid(1, "10", 5_000)];
    assert_eq!(
        won(Payment::SecondPrice, 2_000, &bids),
        Some((0, amount("11")))
    );
    let third = [bid(0, "10", 10_000), bid(1, "9.99", 9_999)];
    assert_eq!(
        won(Payment::FirstPrice, 2_000, &third).unwrap().0,
        1,
        "a basis point is little"
    );
}

/// Ties: the lower price, then the better reputation, then the earlier bid, whatever the order in the list.
#[test]
fn ties_break_in_the_stated_order() {
    for (weight, a, b, winner) in [
        (2_000, bid(0, "24", 10_000), bid(1, "20", 0), 1),
        (0, bid(0, "20", 4_999), bid(1, "20", 5_000), 1),
        (0, bid(0, "20", 5_000), bid(1, "20", 5_000), 0),
    ] {
        assert_eq!(won(Payment::FirstPrice, weight, &[a, b]).unwrap().0, winner);
        assert_eq!(won(Payment::FirstPrice, weight, &[b, a]).unwrap().0, winner);
    }
}

#[test]
fn the_second_price_never_passes_the_ceiling_and_the_largest_numbers_fit() {
    let bids = [bid(0, "999", 10_000), bid(1, "1000", 0)];
    assert_eq!(
        won(Payment::SecondPrice, 10_000, &bids),
        Some((0, units(1_000)))
    );
    let most = Bid {
        price: Amount::MAX,
        ..bid(0, "1", 0)
    };
    let rule = ReverseAuction::new(Payment::SecondPrice, points(10_000));
    assert_eq!(
        rule.award(&[most, most], Amount::MAX),
        Some((0, Amount::MAX))
    );
}

fn any_bids() -> impl Strategy<Value = Vec<Bid>> {
    let one = (1..=60_i128, 0..=10_000_u16);
    prop::collection::vec(one, 1..8).prop_map(|bids| {
        let numbered = bids.into_iter().zip(0..);
        numbered
            .map(|((price, reputation), number)| Bid {
                price: Amount::from_pico(price).unwrap(),
                ..bid(number, "1", reputation)
            })
            .collect()
    })
}

/// What the first bidder gains in pico-SWAN if its cost is `cost` and it asks `asked`.
fn gain(weight: u16, bids: &[Bid], cost: i128, asked: i128) -> i128 {
    let mut bids = bids.to_vec();
    bids[0].price = Amount::from_pico(asked).unwrap();
    let rule = ReverseAuction::new(Payment::SecondPrice, points(weight));
    match rule.award(&bids, Amount::from_pico(50).unwrap()) {
        Some((0, price)) => price.pico() - cost,
        _ => 0,
    }
}

proptest! {
    /// Vickrey: whatever the others ask, no other price gains more than the true cost, if the ceiling covers it.
    #[test]
    fn asking_the_true_cost_is_never_worse(bids in any_bids(), cost in 1..=50_i128, asked in 1..=50_i128) {
        prop_assert!(gain(0, &bids, cost, cost) >= gain(0, &bids, cost, asked));
        prop_assert!(gain(0, &bids, cost, cost) >= 0);
    }

    /// The same with reputation, since the factor of a bidder does not depend on what it asks.
    #[test]
    fn reputation_does_not_make_lying_pay(bids in any_bids(), cost in 1..=50_i128, asked in 1..=50_i128, weight in 0..=10_000_u16) {
        prop_assert!(gain(weight, &bids, cost, cost) >= gain(weight, &bids, cost, asked));
    }

    /// Nobody is paid less than it asked, nobody who asked less at no worse reputation loses, and order does not matter.
    #[test]
    fn the_best_bid_wins_in_any_order(bids in any_bids(), weight in 0..=10_000_u16, second: bool) {
        let payment = if second { Payment::SecondPrice } else { Payment::FirstPrice };
        let rule = ReverseAuction::new(payment, points(weight));
        let ceiling = Amount::from_pico(60).unwrap();
        let (position, price) = rule.award(&bids, ceiling).unwrap();
        let winner = bids[position];
        prop_assert!(price >= winner.price && price <= ceiling);
        prop_assert!(!bids.iter().any(|bid| bid.price < winner.price && bid.reputation >= winner.reputation));
        let mut reversed = bids;
        reversed.reverse();
        let (other, same) = rule.award(&reversed, ceiling).unwrap();
        prop_assert_eq!((reversed[other], same), (winner, price));
    }
}
