//! What a provider or a careless hub might try.

use swan_core::collateral::{CollateralEvent, CollateralState};
use swan_core::standing::Slash;
use swan_core::{Amount, Currency};

use super::{DAY, after, amount, apply, at, case, confirm_deposit, deposit, impound, slash};

const fn restore(number: u128) -> CollateralEvent {
    CollateralEvent::Restore { case: case(number) }
}

/// Whoever left and lost everything has nothing to ask back, so no withdrawal would ever end its exit.
#[test]
fn an_exit_ends_when_nothing_is_left_to_withdraw() {
    let mut account = after(&[(0, deposit(1, "20")), (0, confirm_deposit(1))]);
    apply(&mut account, &CollateralEvent::Exit, 1).unwrap();
    apply(&mut account, &impound(1, "20", 1), 2).unwrap();
    // It may still be restored.
    assert_eq!(account.state(), CollateralState::Exiting { since: at(1) });
    apply(&mut account, &slash(1), 3).unwrap();
    assert_eq!(account.state(), CollateralState::Refunded);
    // A new deposit opens it again, as after any refund.
    apply(&mut account, &deposit(2, "20"), 4).unwrap();
    apply(&mut account, &confirm_deposit(2), 4).unwrap();
    assert_eq!(account.state(), CollateralState::Open);
}

#[test]
fn an_exit_goes_on_while_anything_is_left() {
    let mut account = after(&[(0, deposit(1, "20")), (0, confirm_deposit(1))]);
    apply(&mut account, &CollateralEvent::Exit, 1).unwrap();
    apply(&mut account, &impound(1, "19", 1), 2).unwrap();
    apply(&mut account, &impound(2, "1", 1), 2).unwrap();
    apply(&mut account, &slash(1), 3).unwrap();
    assert_eq!(account.state(), CollateralState::Exiting { since: at(1) });
    apply(&mut account, &restore(2), DAY).unwrap();
    assert_eq!(account.free(), amount("1"));
    assert_eq!(account.state(), CollateralState::Exiting { since: at(1) });
}

/// Seed 003: twice the stake is owed, also where there is less.
#[test]
fn a_fraud_beyond_the_balance_is_asked_for_in_full_and_leaves_a_shortfall() {
    let mut account = after(&[(0, deposit(1, "20")), (0, confirm_deposit(1))]);
    let twice = Slash::Multiple {
        stake: amount("15"),
        currency: Currency::Usd,
        multiple_bps: 20_000,
    };
    assert_eq!(account.extent(twice), Ok(amount("30")));
    apply(&mut account, &impound(1, "30", 1), 2).unwrap();
    assert_eq!(
        (account.shortfall(), account.impounded()),
        (amount("10"), amount("20"))
    );
}

/// Otherwise the second fraud of the largest amount would be refused, and go unpunished.
#[test]
fn shortfalls_beyond_every_amount_still_let_penalties_through() {
    let mut account = after(&[(0, deposit(1, "20")), (0, confirm_deposit(1))]);
    let most = Amount::MAX;
    let huge = Slash::Multiple {
        stake: most,
        currency: Currency::Usd,
        multiple_bps: 20_000,
    };
    assert_eq!(account.extent(huge), Ok(most));
    for number in 1..=3 {
        let impound = CollateralEvent::Impound {
            case: case(number),
            amount: most,
            conduct_at: at(1),
        };
        apply(&mut account, &impound, 2).unwrap();
    }
    assert_eq!(account.shortfall(), most);
    for number in [3, 2, 1] {
        apply(&mut account, &restore(number), 3).unwrap();
    }
    assert_eq!(
        (account.shortfall(), account.free()),
        (Amount::ZERO, amount("20"))
    );
}
