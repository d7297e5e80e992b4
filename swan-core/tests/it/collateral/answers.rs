//! What an account answers to events that it has seen before, and in which words.

use swan_core::Currency;
use swan_core::collateral::{CollateralAccount, CollateralEvent, CollateralState, Effect};

use super::{
    after, apply, at, case, confirm, confirm_deposit, deposit, id, impound, job, lock, request,
    slash,
};

#[test]
fn the_last_1024_that_ended_are_known_and_no_more() {
    let mut account = after(&[(0, deposit(1, "100")), (0, confirm_deposit(1))]);
    let unlock = |number| CollateralEvent::Unlock { job: job(number) };
    for number in 0..1_026 {
        for event in [
            lock(number, "0.01"),
            unlock(number),
            impound(number, "0.01", 0),
            slash(number),
        ] {
            apply(&mut account, &event, 0).unwrap();
        }
    }
    assert_eq!(CollateralAccount::REMEMBERED, 1_024);
    for (number, known) in [(0, false), (1, false), (2, true), (3, true), (1_025, true)] {
        for event in [unlock(number), slash(number)] {
            let answer = apply(&mut account, &event, 0);
            let expected = known.then_some(Effect::Exists);
            assert_eq!(answer.ok(), expected, "{event:?}");
        }
    }
}

#[test]
fn states_and_events_are_named_as_errors_show_them() {
    let since = at(1);
    for (state, word) in [
        (CollateralState::Empty, "empty"),
        (CollateralState::Open, "open"),
        (
            CollateralState::Exiting { since },
            "that of a provider who left",
        ),
        (
            CollateralState::Withdrawing { exited: None },
            "being withdrawn",
        ),
        (CollateralState::Refunded, "refunded"),
    ] {
        assert_eq!(state.as_str(), word);
    }
    for (event, word) in [
        (deposit(1, "1"), "a deposit"),
        (confirm_deposit(1), "the arrival of a deposit"),
        (
            CollateralEvent::FailDeposit { id: id(1) },
            "the failure of a deposit",
        ),
        (lock(1, "1"), "a lock"),
        (CollateralEvent::Unlock { job: job(1) }, "an unlock"),
        (impound(1, "1", 0), "an impoundment"),
        (slash(1), "a slash"),
        (CollateralEvent::Restore { case: case(1) }, "a restoration"),
        (CollateralEvent::Exit, "an exit"),
        (request(1, "1"), "a request to withdraw"),
        (
            CollateralEvent::CancelWithdrawal { id: id(1) },
            "the cancelling of a withdrawal",
        ),
        (confirm(1), "a withdrawal"),
    ] {
        assert_eq!(event.as_str(), word);
    }
    let mut empty = CollateralAccount::new(Currency::Usd);
    let error = apply(&mut empty, &CollateralEvent::Exit, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an exit does not happen to collateral that is empty"
    );
}
