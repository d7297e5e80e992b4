//! Where what goes back goes: never more to a card than it paid, less what was slashed.

use swan_core::Amount;
use swan_core::collateral::{CollateralAccount, CollateralError, CollateralEvent, CollateralState};

use super::{
    DAY, after, amount, apply, confirm, confirm_deposit, deposit, fail_return, id, impound,
    request, slash, take_back,
};

/// Three cards, of which the first paid $20, the second $10 and the third $5.
fn three_cards() -> CollateralAccount {
    let mut events = Vec::new();
    for (number, usd) in [(1, "20"), (2, "10"), (3, "5")] {
        events.push((number, deposit(u128::from(number), usd)));
        events.push((number, confirm_deposit(u128::from(number))));
    }
    after(&events)
}

fn parts(account: &CollateralAccount) -> Vec<(u128, String, bool)> {
    let parts = account.parts();
    parts
        .map(|part| {
            (
                part.deposit.as_u128(),
                part.amount.to_string(),
                part.to_card,
            )
        })
        .collect()
}

/// What is left of each deposit.
fn left(account: &CollateralAccount) -> [String; 3] {
    [1, 2, 3].map(|n| account.left_of(id(n)).unwrap().to_string())
}

fn all(account: &mut CollateralAccount, now: u64, events: &[CollateralEvent]) {
    for event in events {
        apply(account, event, now).unwrap_or_else(|error| panic!("{event:?}: {error}"));
    }
}

#[test]
fn the_youngest_card_gets_its_money_back_first() {
    let mut account = three_cards();
    all(&mut account, 10, &[request(9, "12")]);
    all(&mut account, 10 + 7 * DAY, &[confirm(9)]);
    assert_eq!(
        parts(&account),
        [(3, "5".into(), true), (2, "7".into(), true)]
    );
    assert_eq!(left(&account), ["20", "3", "0"]);
}

#[test]
fn what_is_slashed_is_of_the_oldest_card() {
    let mut account = three_cards();
    all(
        &mut account,
        10,
        &[request(9, "35"), impound(1, "22", 0), slash(1)],
    );
    assert_eq!(left(&account), ["0", "8", "5"]);
    all(&mut account, 10 + 7 * DAY, &[confirm(9)]);
    assert_eq!(
        parts(&account),
        [(3, "5".into(), true), (2, "8".into(), true)]
    );
    assert_eq!(account.state(), CollateralState::Refunded);
}

/// A share of a share is no whole number of cents; what no card takes stays collateral.
#[test]
fn cards_get_whole_cents() {
    let mut account = after(&[(0, deposit(1, "20.01")), (0, confirm_deposit(1))]);
    all(
        &mut account,
        1,
        &[impound(1, "2.001", 0), slash(1), request(9, "18.009")],
    );
    all(&mut account, 1 + 7 * DAY, &[confirm(9)]);
    assert_eq!(parts(&account), [(1, "18".into(), true)]);
    assert_eq!(
        (account.free(), account.paid_out()),
        (amount("0.009"), amount("18"))
    );
}

#[test]
fn what_does_not_reach_its_card_is_collateral_again_and_then_paid_by_hand() {
    let mut account = three_cards();
    all(&mut account, 10, &[request(9, "35")]);
    all(&mut account, 10 + 7 * DAY, &[confirm(9), fail_return(9, 2)]);
    assert_eq!(
        (account.state(), account.free()),
        (CollateralState::Open, amount("10"))
    );
    assert_eq!(account.paid_out(), amount("25"));
    let unknown = apply(&mut account, &fail_return(9, 4), 11 + 7 * DAY);
    assert!(matches!(unknown, Err(CollateralError::Unknown { .. })));
    all(&mut account, 11 + 7 * DAY, &[request(8, "10")]);
    all(&mut account, 11 + 14 * DAY, &[confirm(8)]);
    assert_eq!(parts(&account).last(), Some(&(2, "10".into(), false)));
    assert_eq!(account.state(), CollateralState::Refunded);
}

/// The processor takes $20 of which $18 were slashed: $12 of other cards go, and nothing is below zero.
#[test]
fn a_dispute_takes_what_is_there_and_a_dispute_won_gives_it_back() {
    let mut account = three_cards();
    all(&mut account, 10, &[impound(1, "18", 0), slash(1)]);
    all(&mut account, 11, &[take_back(5, 1, "20")]);
    assert_eq!(
        (account.taken_back(), account.owed()),
        (amount("17"), amount("3"))
    );
    assert_eq!(left(&account), ["0", "0", "0"]);
    // What comes in goes to what is owed first.
    all(&mut account, 12, &[deposit(4, "5"), confirm_deposit(4)]);
    assert_eq!(
        (account.free(), account.owed()),
        (amount("2"), Amount::ZERO)
    );
    all(&mut account, 13, &[CollateralEvent::GiveBack { id: id(5) }]);
    assert_eq!(
        (account.free(), account.taken_back()),
        (amount("22"), Amount::ZERO)
    );
    assert_eq!(left(&account), ["2", "10", "5"]);
    let again = apply(&mut account, &take_back(5, 1, "19"), 14);
    assert!(matches!(
        again,
        Err(CollateralError::Conflict {
            field: "amount",
            ..
        })
    ));
}

/// The card's $5 would go back and be taken back: who disputes what is on its way gets it once.
#[test]
fn a_dispute_of_what_is_on_its_way_to_the_card_waits_until_that_has_failed() {
    let mut account = three_cards();
    all(&mut account, 10, &[request(9, "2")]);
    all(&mut account, 10 + 7 * DAY, &[confirm(9)]);
    assert_eq!(parts(&account), [(3, "2".into(), true)]);
    let early = apply(&mut account, &take_back(5, 3, "5"), 11 + 7 * DAY);
    let (all_of_it, three) = (amount("5"), amount("3"));
    assert!(
        matches!(early, Err(CollateralError::Beyond { amount, left, .. }) if (amount, left) == (all_of_it, three))
    );
    all(
        &mut account,
        12 + 7 * DAY,
        &[fail_return(9, 3), take_back(5, 3, "5")],
    );
    assert_eq!(left(&account), ["20", "10", "0"]);
    let twice = apply(&mut account, &take_back(6, 3, "0.01"), 13 + 7 * DAY);
    assert!(matches!(twice, Err(CollateralError::Beyond { .. })));
}
