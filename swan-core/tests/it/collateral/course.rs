use swan_core::collateral::{
    CollateralAccount, CollateralError, CollateralEvent, CollateralMovement, CollateralState,
    Effect, Pocket, Source,
};
use swan_core::standing::{Destination, Millionths, Slash};
use swan_core::{Amount, Currency};

use super::{
    DAY, after, amount, apply, at, case, confirm, confirm_deposit, deposit, id, impound, job, lock,
    pockets, request, slash,
};

/// 1,000 dollars that have arrived.
fn thousand() -> CollateralAccount {
    after(&[(0, deposit(1, "1000")), (1, confirm_deposit(1))])
}

fn holds(account: &CollateralAccount, expected: [&str; 6]) {
    assert_eq!(pockets(account), expected.map(amount));
}

fn movements(effect: Effect) -> Vec<(Pocket, Pocket, Amount)> {
    let Effect::Moved(movements) = effect else {
        panic!("it existed");
    };
    let parts = |CollateralMovement { from, to, amount }| (from, to, amount);
    movements.into_iter().map(parts).collect()
}

#[test]
fn a_deposit_counts_once_it_has_arrived() {
    let mut account = after(&[(0, deposit(1, "20"))]);
    assert_eq!(
        (account.pending(), account.free()),
        (amount("20"), Amount::ZERO)
    );
    assert_eq!(account.state(), CollateralState::Empty);
    let effect = apply(&mut account, &confirm_deposit(1), 5).unwrap();
    let expected = (Pocket::Origin(id(1)), Pocket::Free, amount("20"));
    assert_eq!(movements(effect), [expected]);
    assert_eq!(
        (account.pending(), account.deposited()),
        (Amount::ZERO, amount("20"))
    );
    assert!(account.may_serve());

    let fail = CollateralEvent::FailDeposit { id: id(2) };
    for event in [deposit(2, "5"), fail] {
        apply(&mut account, &event, 6).unwrap();
    }
    assert_eq!(
        (account.pending(), account.deposited()),
        (Amount::ZERO, amount("20"))
    );
    let error = apply(&mut account, &confirm_deposit(2), 7).unwrap_err();
    assert!(error.to_string().ends_with("is over: it failed"), "{error}");
}

/// Seed 001: 10 %, then 30 % of what is there then; public record 3.8: locked collateral first.
#[test]
fn the_ladder_takes_shares_of_what_is_there() {
    let mut account = thousand();
    apply(&mut account, &lock(1, "60"), 2).unwrap();
    let tenth = account.extent(Slash::Share(Millionths::new(100_000).unwrap()));
    assert_eq!(tenth, Ok(amount("100")));
    let effect = apply(&mut account, &impound(1, "100", 2), 3).unwrap();
    let aside = Pocket::Impounded(case(1));
    assert_eq!(
        movements(effect),
        [
            (Pocket::Locked(job(1)), aside, amount("60")),
            (Pocket::Free, aside, amount("40")),
        ]
    );
    assert_eq!(account.impounded_for(case(1)), Some(amount("100")));
    holds(&account, ["900", "0", "100", "0", "0", "0"]);
    let effect = apply(&mut account, &slash(1), 4).unwrap();
    assert_eq!(movements(effect), [(aside, Pocket::Burnt, amount("100"))]);
    holds(&account, ["900", "0", "0", "0", "0", "100"]);
    let third = account.extent(Slash::Share(Millionths::new(300_000).unwrap()));
    assert_eq!(third, Ok(amount("270")));
    for event in [impound(2, "270", 5), slash(2)] {
        apply(&mut account, &event, 5).unwrap();
    }
    holds(&account, ["630", "0", "0", "0", "0", "370"]);
}

#[test]
fn slashed_collateral_goes_where_the_penalty_says() {
    for (to, pocket) in [
        (Destination::Burn, Pocket::Burnt),
        (Destination::Treasury, Pocket::Treasury),
        (Destination::GrowthFund, Pocket::GrowthFund),
    ] {
        let mut account = thousand();
        apply(&mut account, &impound(1, "7", 0), 2).unwrap();
        let event = CollateralEvent::Slash { case: case(1), to };
        let effect = apply(&mut account, &event, 2).unwrap();
        assert_eq!(movements(effect)[0].1, pocket);
    }
}

#[test]
fn an_overturned_penalty_gives_everything_back() {
    let mut account = thousand();
    apply(&mut account, &impound(1, "1200", 0), 2).unwrap();
    holds(&account, ["0", "0", "1000", "0", "0", "0"]);
    assert_eq!(account.shortfall(), amount("200"));
    apply(&mut account, &CollateralEvent::Restore { case: case(1) }, 3).unwrap();
    holds(&account, ["1000", "0", "0", "0", "0", "0"]);
    assert_eq!(account.shortfall(), Amount::ZERO);
    let error = apply(&mut account, &slash(1), 4).unwrap_err();
    assert!(
        error.to_string().ends_with("is over: it was restored"),
        "{error}"
    );
}

/// Swan 1.0's contract goes below zero here; we record what could not be taken.
#[test]
fn a_slash_takes_no_more_than_there_is() {
    let mut account = thousand();
    for event in [impound(1, "1000.5", 0), slash(1)] {
        apply(&mut account, &event, 2).unwrap();
    }
    holds(&account, ["0", "0", "0", "0", "0", "1000"]);
    assert_eq!(account.shortfall(), amount("0.5"));
}

/// Seed 002, Exit Mechanism: request, 7 days, confirmation; to the millisecond.
#[test]
fn a_withdrawal_is_paid_after_seven_days() {
    let mut account = thousand();
    apply(&mut account, &request(9, "1000"), 100).unwrap();
    assert!(!account.may_serve());
    let waiting = *account.withdrawal().unwrap();
    assert_eq!(
        (waiting.requested_at, waiting.ready_at),
        (at(100), at(100 + 7 * DAY))
    );
    let ready = waiting.ready_at;
    let early = apply(&mut account, &confirm(9), 99 + 7 * DAY);
    assert_eq!(early, Err(CollateralError::TooEarly { ready }));
    let pending = CollateralEvent::ConfirmWithdrawal {
        id: id(9),
        payout_pending: true,
    };
    let blocked = apply(&mut account, &pending, 100 + 7 * DAY);
    assert_eq!(blocked, Err(CollateralError::PayoutPending));
    let effect = apply(&mut account, &confirm(9), 100 + 7 * DAY).unwrap();
    let expected = (Pocket::Withdrawing, Pocket::Origin(id(1)), amount("1000"));
    assert_eq!(movements(effect), [expected]);
    assert_eq!(account.state(), CollateralState::Refunded);
    holds(&account, ["0", "0", "0", "0", "1000", "0"]);
    for event in [deposit(2, "20"), confirm_deposit(2)] {
        apply(&mut account, &event, 8 * DAY).unwrap();
    }
    assert_eq!(account.state(), CollateralState::Open);
}

#[test]
fn a_slash_during_the_wait_lowers_what_is_paid() {
    let mut account = thousand();
    for event in [lock(1, "100"), request(9, "800"), impound(1, "350", 0)] {
        apply(&mut account, &event, 10).unwrap();
    }
    // 100 locked and 100 free go first.
    holds(&account, ["0", "0", "350", "650", "0", "0"]);
    for event in [slash(1), confirm(9)] {
        apply(&mut account, &event, 10 + 7 * DAY).unwrap();
    }
    holds(&account, ["0", "0", "0", "0", "650", "350"]);
    assert_eq!(account.state(), CollateralState::Refunded);
}

#[test]
fn an_overturned_penalty_gives_a_withdrawal_back_what_it_lost() {
    let mut account = thousand();
    for event in [request(9, "800"), impound(1, "350", 0)] {
        apply(&mut account, &event, 10).unwrap();
    }
    holds(&account, ["0", "0", "350", "650", "0", "0"]);
    let restore = CollateralEvent::Restore { case: case(1) };
    let effect = apply(&mut account, &restore, 11).unwrap();
    let aside = Pocket::Impounded(case(1));
    assert_eq!(
        movements(effect),
        [
            (aside, Pocket::Free, amount("200")),
            (aside, Pocket::Withdrawing, amount("150")),
        ]
    );
    holds(&account, ["200", "0", "0", "800", "0", "0"]);
}

#[test]
fn a_cancelled_withdrawal_is_as_if_it_had_not_been() {
    let mut account = thousand();
    apply(&mut account, &request(9, "400"), 10).unwrap();
    let cancel = CollateralEvent::CancelWithdrawal { id: id(9) };
    apply(&mut account, &cancel, 11).unwrap();
    holds(&account, ["1000", "0", "0", "0", "0", "0"]);
    assert_eq!(account.state(), CollateralState::Open);
    assert_eq!(apply(&mut account, &cancel, 12), Ok(Effect::Exists));
    let error = apply(&mut account, &confirm(9), 9 * DAY).unwrap_err();
    assert!(
        error.to_string().ends_with("is over: it was cancelled"),
        "{error}"
    );
    let again = apply(&mut account, &request(9, "400"), 9 * DAY).unwrap_err();
    assert!(matches!(again, CollateralError::Over { .. }));
}

/// Seed 002, Exit Mechanism: no tasks any more, and no deductions; what was done before still counts.
#[test]
fn who_left_is_not_punished_for_what_came_after() {
    let mut account = thousand();
    apply(&mut account, &CollateralEvent::Exit, 500).unwrap();
    assert_eq!(account.state(), CollateralState::Exiting { since: at(500) });
    assert!(!account.may_serve());
    let since = at(500);
    let later = apply(&mut account, &impound(1, "10", 501), 600);
    assert_eq!(later, Err(CollateralError::Exited { since }));
    apply(&mut account, &impound(2, "10", 500), 600).unwrap();
    assert!(apply(&mut account, &lock(1, "1"), 600).is_err());
    apply(&mut account, &request(9, "990"), 700).unwrap();
    let later = apply(&mut account, &impound(3, "10", 501), 800);
    assert_eq!(later, Err(CollateralError::Exited { since }));
    apply(&mut account, &confirm(9), 700 + 7 * DAY).unwrap();
    // What is set aside keeps the account from being refunded.
    assert_eq!(account.state(), CollateralState::Exiting { since });
    assert_eq!(CollateralEvent::EXIT_TASK_TYPE, 100);
}

#[test]
fn time_does_not_go_backwards() {
    let mut account = thousand();
    let before = account.clone();
    let (now, last) = (at(0), at(1));
    let error = apply(&mut account, &lock(1, "1"), 0);
    assert_eq!(error, Err(CollateralError::ClockBackwards { now, last }));
    assert_eq!(account, before);
    assert!(apply(&mut account, &lock(1, "1"), 1).is_ok());
}

#[test]
fn the_same_identifier_with_other_content_is_a_conflict() {
    let mut account = thousand();
    for event in [lock(1, "5"), impound(1, "3", 0), request(9, "10")] {
        apply(&mut account, &event, 2).unwrap();
    }
    let chain = CollateralEvent::Deposit {
        id: id(1),
        amount: amount("1000"),
        source: Source::Chain(254),
    };
    for (event, field) in [
        (deposit(1, "1001"), "amount"),
        (chain, "source"),
        (lock(1, "6"), "amount"),
        (impound(1, "4", 0), "amount"),
        (request(9, "11"), "amount"),
    ] {
        let before = account.clone();
        match apply(&mut account, &event, 3) {
            Err(CollateralError::Conflict { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{event:?}: {other:?}"),
        }
        assert_eq!(account, before);
    }
    // A lock that a penalty took from is still the same lock.
    assert_eq!(apply(&mut account, &lock(1, "5"), 3), Ok(Effect::Exists));
}

#[test]
fn amounts_are_above_zero_and_within_what_is_free() {
    let mut account = thousand();
    for text in ["0", "-1"] {
        let negative = amount(text);
        for event in [
            deposit(5, text),
            lock(5, text),
            impound(5, text, 0),
            request(5, text),
        ] {
            let error = apply(&mut account, &event, 2);
            assert_eq!(
                error,
                Err(CollateralError::NotPositive { amount: negative })
            );
        }
    }
    let (needed, free) = (amount("1000.000000000001"), amount("1000"));
    for event in [
        lock(5, "1000.000000000001"),
        request(5, "1000.000000000001"),
    ] {
        let error = apply(&mut account, &event, 2);
        assert_eq!(error, Err(CollateralError::NotEnough { needed, free }));
    }
    assert!(apply(&mut account, &lock(5, "1000"), 2).is_ok());
    let vast = deposit(6, "999999999999001");
    assert!(matches!(
        apply(&mut account, &vast, 2),
        Err(CollateralError::Money(_))
    ));
}

#[test]
fn everything_that_grows_has_a_bound() {
    let mut account = CollateralAccount::new(Currency::Usd);
    for number in 0..CollateralAccount::DEPOSITS_MAX as u128 {
        apply(&mut account, &deposit(number, "1"), 0).unwrap();
        apply(&mut account, &confirm_deposit(number), 0).unwrap();
    }
    let full = apply(&mut account, &deposit(9_999, "1"), 0).unwrap_err();
    assert_eq!(full.to_string(), "an account has at most 1024 deposits");
    assert_eq!(apply(&mut account, &deposit(3, "1"), 0), Ok(Effect::Exists));
    for number in 0..CollateralAccount::LOCKS_MAX as u128 {
        apply(&mut account, &lock(number, "0.1"), 0).unwrap();
    }
    let full = apply(&mut account, &lock(9_999, "0.1"), 0).unwrap_err();
    assert_eq!(full.to_string(), "an account has at most 4096 locks");
    // Penalties are carried out however many there were.
    for number in 0..1_100 {
        for event in [impound(number, "0.01", 0), slash(number)] {
            apply(&mut account, &event, 0).unwrap();
        }
    }
    assert_eq!(account.slashed(), amount("11"));
}
