//! How much collateral providers hold, and what becomes of it.

mod always;
mod amounts;
mod answers;
mod course;
mod hostile;
mod origins;
mod pairs;
mod shortfall;

use std::time::Duration;

use swan_core::collateral::{CollateralAccount, CollateralError, CollateralEvent, Effect, Source};
use swan_core::standing::Destination;
use swan_core::{Amount, CaseId, Currency, Policy, RequestId, Timestamp, TransferId};

const DAY: u64 = 86_400_000;
const WAIT: Duration = Duration::from_secs(7 * 86_400);

fn amount(text: &str) -> Amount {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

const fn id(number: u128) -> TransferId {
    TransferId::from_u128(number)
}

const fn job(number: u128) -> RequestId {
    RequestId::from_u128(number)
}

const fn case(number: u128) -> CaseId {
    CaseId::from_u128(number)
}

fn deposit(number: u128, text: &str) -> CollateralEvent {
    CollateralEvent::Deposit {
        id: id(number),
        amount: amount(text),
        source: Source::Card,
    }
}

const fn confirm_deposit(number: u128) -> CollateralEvent {
    CollateralEvent::ConfirmDeposit { id: id(number) }
}

fn lock(number: u128, text: &str) -> CollateralEvent {
    CollateralEvent::Lock {
        job: job(number),
        amount: amount(text),
    }
}

fn impound(number: u128, text: &str, conduct: u64) -> CollateralEvent {
    CollateralEvent::Impound {
        case: case(number),
        amount: amount(text),
        conduct_at: at(conduct),
    }
}

const fn slash(number: u128) -> CollateralEvent {
    CollateralEvent::Slash {
        case: case(number),
        to: Destination::Burn,
    }
}

fn request(number: u128, text: &str) -> CollateralEvent {
    CollateralEvent::RequestWithdrawal {
        id: id(number),
        amount: amount(text),
    }
}

const fn confirm(number: u128) -> CollateralEvent {
    CollateralEvent::ConfirmWithdrawal {
        id: id(number),
        payout_pending: false,
    }
}

const fn fail_return(withdrawal: u128, deposit: u128) -> CollateralEvent {
    CollateralEvent::FailReturn {
        withdrawal: id(withdrawal),
        deposit: id(deposit),
    }
}

fn take_back(number: u128, deposit: u128, text: &str) -> CollateralEvent {
    CollateralEvent::TakeBack {
        id: id(number),
        deposit: id(deposit),
        amount: amount(text),
    }
}

/// What an account holds, or held: free, locked, impounded, waiting, paid out, slashed.
fn pockets(account: &CollateralAccount) -> [Amount; 6] {
    [
        account.free(),
        account.locked(),
        account.impounded(),
        account.withdrawing(),
        account.paid_out(),
        account.slashed(),
    ]
}

fn apply(
    account: &mut CollateralAccount,
    event: &CollateralEvent,
    millis: u64,
) -> Result<Effect, CollateralError> {
    account.apply(event, at(millis), WAIT)
}

/// An account after these events at these times, each of which must happen.
fn after(events: &[(u64, CollateralEvent)]) -> CollateralAccount {
    let mut account = CollateralAccount::new(Currency::Usd);
    for (millis, event) in events {
        let effect = apply(&mut account, event, *millis);
        assert!(effect.is_ok(), "{event:?}: {effect:?}");
    }
    account
}

#[test]
fn both_built_in_policies_wait_seven_days() {
    for policy in [Policy::swan_1_0(), Policy::swan_2_0()] {
        assert_eq!(policy.collateral().unwrap().withdrawal_wait(), WAIT);
    }
}
