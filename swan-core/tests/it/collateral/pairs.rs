//! All pairs of state and event.

use swan_core::collateral::{CollateralAccount, CollateralEvent, CollateralState, Effect};

use super::{
    DAY, after, apply, at, case, confirm, confirm_deposit, deposit, fail_return, id, impound, job,
    lock, pockets, request, slash, take_back,
};

/// One account in each state, each with a pending deposit (2), and with a lock (1) and a case (1) where there can be any.
fn states() -> Vec<(&'static str, CollateralAccount)> {
    let open = [
        (0, deposit(2, "1")),
        (0, deposit(1, "100")),
        (1, confirm_deposit(1)),
        (1, lock(1, "10")),
        (1, impound(1, "5", 1)),
    ];
    let and = |more: &[(u64, CollateralEvent)]| after(&[&open[..], more].concat());
    let refunded = [
        (0, deposit(2, "1")),
        (0, deposit(1, "100")),
        (1, confirm_deposit(1)),
        (1, request(9, "100")),
        (1 + 7 * DAY, confirm(9)),
    ];
    vec![
        ("empty", after(&open[..1])),
        ("open", and(&[])),
        ("exiting", and(&[(2, CollateralEvent::Exit)])),
        ("withdrawing", and(&[(2, request(8, "50"))])),
        (
            "left and withdrawing",
            and(&[(2, CollateralEvent::Exit), (2, request(8, "50"))]),
        ),
        ("refunded", after(&refunded)),
    ]
}

/// Each event, and what it does in each state: `-` an error, `=` nothing, or the first letters of the state after it.
fn table() -> Vec<(&'static str, CollateralEvent, &'static str)> {
    let unlock = CollateralEvent::Unlock { job: job(1) };
    let restore = CollateralEvent::Restore { case: case(1) };
    let cancel = CollateralEvent::CancelWithdrawal { id: id(8) };
    let fail = CollateralEvent::FailDeposit { id: id(2) };
    vec![
        ("deposit", deposit(3, "7"), "empty open exit with left refu"),
        ("same deposit", deposit(2, "1"), "= = = = = ="),
        (
            "arrival",
            confirm_deposit(2),
            "open open exit with left open",
        ),
        ("failure", fail, "empty open exit with left refu"),
        ("unknown arrival", confirm_deposit(7), "- - - - - -"),
        ("lock", lock(2, "3"), "- open - - - -"),
        ("same lock", lock(1, "10"), "- = = = = -"),
        ("unlock", unlock, "- open exit with left -"),
        (
            "impound",
            impound(2, "4", 1),
            "empty open exit with left refu",
        ),
        (
            "impound for later",
            impound(2, "4", 3),
            "empty open - with - refu",
        ),
        ("same impound", impound(1, "5", 1), "empty = = = = refu"),
        ("slash", slash(1), "- open exit with left -"),
        ("restore", restore, "- open exit with left -"),
        ("exit", CollateralEvent::Exit, "- exit = left = -"),
        ("request", request(7, "20"), "- with left - - -"),
        ("same request", request(8, "50"), "- with left = = -"),
        ("cancel", cancel, "- - - open exit -"),
        ("confirm", confirm(8), "- - - open exit -"),
        ("past confirm", confirm(9), "- - - - - ="),
        ("failed return", fail_return(9, 1), "- - - - - open"),
        ("reversal", take_back(5, 1, "30"), "- open exit with left -"),
        (
            "reversal of what never came",
            take_back(5, 2, "1"),
            "- - - - - -",
        ),
        (
            "unknown reversal's end",
            CollateralEvent::GiveBack { id: id(5) },
            "- - - - - -",
        ),
    ]
}

fn letters(state: CollateralState) -> &'static str {
    match state {
        CollateralState::Empty => "empty",
        CollateralState::Open => "open",
        CollateralState::Exiting { .. } => "exit",
        CollateralState::Withdrawing { exited: None } => "with",
        CollateralState::Withdrawing { exited: Some(_) } => "left",
        CollateralState::Refunded => "refu",
    }
}

#[test]
fn every_event_is_answered_in_every_state() {
    for (name, event, expected) in table() {
        for ((state, account), expected) in states().into_iter().zip(expected.split(' ')) {
            let mut next = account.clone();
            // Late enough for every confirmation.
            let result = apply(&mut next, &event, 30 * DAY);
            let found = match &result {
                Err(_) => "-",
                Ok(Effect::Exists) => "=",
                Ok(Effect::Moved(_)) => letters(next.state()),
            };
            assert_eq!(found, expected, "{name} when {state}: {result:?}");
            if matches!(result, Ok(Effect::Moved(_))) {
                assert_eq!(next.changed_at(), at(30 * DAY));
                // Once more is nothing more.
                let once = next.clone();
                assert_eq!(
                    apply(&mut next, &event, 31 * DAY),
                    Ok(Effect::Exists),
                    "{name} when {state}"
                );
                assert_eq!(next, once);
            } else {
                assert_eq!(next, account, "{name} when {state} changed something");
            }
        }
    }
}

#[test]
fn only_the_expected_money_moves() {
    for (name, event, _) in table() {
        for (state, account) in states() {
            let mut next = account.clone();
            let moves = match apply(&mut next, &event, 30 * DAY) {
                Ok(Effect::Moved(movements)) => movements,
                Ok(Effect::Exists) | Err(_) => Vec::new(),
            };
            let is_still = moves.is_empty();
            assert_eq!(
                is_still,
                pockets(&next) == pockets(&account) && next.owed() == account.owed(),
                "{name} when {state}"
            );
        }
    }
}
