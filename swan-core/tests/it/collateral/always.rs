//! What is true after any sequence of events.

use std::collections::BTreeMap;

use proptest::prelude::*;
use swan_core::collateral::{CollateralAccount, CollateralEvent, Effect, Pocket, Source};
use swan_core::standing::Destination;
use swan_core::{Amount, Currency};

use super::{apply, at, case, id, job, pockets};

fn any_event() -> impl Strategy<Value = CollateralEvent> {
    let number = || 0_u128..6;
    let money = || {
        prop_oneof![Just(0_i128), 1..40_i128, -3..0_i128]
            .prop_map(|n| Amount::from_pico(n * 700_000_000_001).unwrap())
    };
    let to = prop::sample::select(vec![
        Destination::Burn,
        Destination::Treasury,
        Destination::GrowthFund,
    ]);
    prop_oneof![
        4 => (number(), money(), any::<bool>()).prop_map(|(n, amount, card)| {
            let source = if card { Source::Card } else { Source::Chain(254) };
            CollateralEvent::Deposit { id: id(n), amount, source }
        }),
        4 => number().prop_map(|n| CollateralEvent::ConfirmDeposit { id: id(n) }),
        1 => number().prop_map(|n| CollateralEvent::FailDeposit { id: id(n) }),
        2 => (number(), money()).prop_map(|(n, amount)| CollateralEvent::Lock { job: job(n), amount }),
        1 => number().prop_map(|n| CollateralEvent::Unlock { job: job(n) }),
        2 => (number(), money(), 0_u64..60).prop_map(|(n, amount, t)| CollateralEvent::Impound { case: case(n), amount, conduct_at: at(t) }),
        1 => (number(), to).prop_map(|(n, to)| CollateralEvent::Slash { case: case(n), to }),
        1 => number().prop_map(|n| CollateralEvent::Restore { case: case(n) }),
        1 => Just(CollateralEvent::Exit),
        2 => (number(), money()).prop_map(|(n, amount)| CollateralEvent::RequestWithdrawal { id: id(n), amount }),
        1 => number().prop_map(|n| CollateralEvent::CancelWithdrawal { id: id(n) }),
        2 => (number(), any::<bool>()).prop_map(|(n, payout_pending)| CollateralEvent::ConfirmWithdrawal { id: id(n), payout_pending }),
        1 => (number(), number()).prop_map(|(n, of)| CollateralEvent::FailReturn { withdrawal: id(n), deposit: id(of) }),
        1 => (number(), number(), money()).prop_map(|(n, of, amount)| CollateralEvent::TakeBack { id: id(n), deposit: id(of), amount }),
        1 => number().prop_map(|n| CollateralEvent::GiveBack { id: id(n) }),
    ]
}

/// The sum over each pocket of what moved in, less what moved out.
type Booked = BTreeMap<&'static str, i128>;

fn pocket(pocket: Pocket) -> &'static str {
    match pocket {
        Pocket::Origin(_) => "outside",
        Pocket::Owed => "owed",
        Pocket::Free => "free",
        Pocket::Locked(_) => "locked",
        Pocket::Impounded(_) => "impounded",
        Pocket::Withdrawing => "withdrawing",
        Pocket::Burnt | Pocket::Treasury | Pocket::GrowthFund => "slashed",
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn money_is_conserved_and_never_negative(
        events in prop::collection::vec((any_event(), 0_u64..400_000_000), 0..120),
        back in prop::collection::vec(any::<bool>(), 120),
    ) {
        let mut account = CollateralAccount::new(Currency::Swan);
        let mut booked = Booked::new();
        let mut now = 0;
        for ((event, step), back) in events.into_iter().zip(back) {
            now += step;
            let before = account.clone();
            let time = if back && step % 7 == 0 { now / 2 } else { now };
            match apply(&mut account, &event, time) {
                Ok(Effect::Moved(movements)) => {
                    for movement in movements {
                        prop_assert!(movement.amount > Amount::ZERO);
                        *booked.entry(pocket(movement.from)).or_default() -= movement.amount.pico();
                        *booked.entry(pocket(movement.to)).or_default() += movement.amount.pico();
                    }
                    prop_assert!(account.changed_at() >= before.changed_at());
                    let mut again = account.clone();
                    prop_assert_eq!(apply(&mut again, &event, time), Ok(Effect::Exists));
                    prop_assert_eq!(&again, &account);
                }
                Ok(Effect::Exists) | Err(_) => prop_assert_eq!(&account, &before),
            }
            let all = pockets(&account);
            prop_assert!(all.iter().all(|pocket| !pocket.is_negative()));
            prop_assert!(!account.shortfall().is_negative());
            let taken = account.taken_back();
            prop_assert_eq!(Amount::checked_sum(all.into_iter().chain([taken])), Ok(account.deposited()));
            each_deposit_is_accounted_for(&account, taken)?;
            let [free, locked, impounded, withdrawing, paid, slashed] = all.map(Amount::pico);
            for (name, held) in [
                ("free", free),
                ("locked", locked),
                ("impounded", impounded),
                ("withdrawing", withdrawing),
                ("slashed", slashed),
                ("outside", paid + taken.pico() + account.owed().pico() - account.deposited().pico()),
                ("owed", -account.owed().pico()),
            ] {
                prop_assert_eq!(booked.get(name).copied().unwrap_or(0), held, "{}", name);
            }
            prop_assert!(account.paid_out().pico() <= account.deposited().pico() - slashed);
            prop_assert!(account.owed().is_zero() || account.free().is_zero());
        }
    }
}

/// No card or wallet gets back more than it gave, less what was slashed and taken back of it.
fn each_deposit_is_accounted_for(
    account: &CollateralAccount,
    taken: Amount,
) -> Result<(), TestCaseError> {
    let mut gone = 0;
    for (deposit, amount, source, left) in account.arrived() {
        let parts = account
            .parts()
            .filter(|part| part.deposit == deposit && !part.failed);
        let mut back = 0;
        for part in parts {
            prop_assert_eq!(part.source, source);
            prop_assert!(!part.to_card || part.amount.pico() % 10_000_000_000 == 0);
            back += part.amount.pico();
        }
        prop_assert!(!left.is_negative() && back + left.pico() <= amount.pico());
        gone += amount.pico() - back - left.pico();
    }
    // What is neither back nor left was slashed or taken back, of this deposit or in its place.
    prop_assert_eq!(gone, account.slashed().pico() + taken.pico());
    let holds = [
        account.free(),
        account.locked(),
        account.impounded(),
        account.withdrawing(),
    ];
    prop_assert_eq!(Ok(account.left()), Amount::checked_sum(holds));
    Ok(())
}
