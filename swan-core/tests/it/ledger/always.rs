//! What is true for all inputs.

use proptest::prelude::*;
use swan_core::ledger::{
    Account, Cause, Detail, Entry, Group, JournalAudit, Kind, Ledger, Rule, Transfer,
};
use swan_core::{Amount, Currency, TransferId};

use super::{account, at, pico};

/// Any transfer at all over few ids, accounts and amounts, so that collisions are common.
fn any_transfer() -> impl Strategy<Value = Transfer> {
    let id = || (0_u128..12).prop_map(TransferId::from_u128);
    let kind = prop_oneof![
        3 => Just(Kind::Posted),
        3 => (0_u64..40).prop_map(|expires| Kind::Pending { expires: at(expires) }),
        2 => id().prop_map(|pending| Kind::Post { pending }),
        1 => id().prop_map(|pending| Kind::Void { pending }),
        1 => id().prop_map(|pending| Kind::Expire { pending }),
    ];
    let key = || {
        let account = prop_oneof![
            Just(Account::Grants),
            Just(Account::Clearing),
            Just(Account::Consumer(account(1))),
            Just(Account::Consumer(account(2))),
        ];
        let currency = prop_oneof![9 => Just(Currency::Usd), 1 => Just(Currency::Swan)];
        (account, currency).prop_map(|(account, currency)| account.in_currency(currency))
    };
    let amount = prop_oneof![
        20 => (-1_i128..12).prop_map(pico),
        1 => Just(Amount::MAX),
    ];
    (id(), kind, key(), key(), amount).prop_map(|(id, kind, debit, credit, amount)| Transfer {
        id,
        kind,
        debit,
        credit,
        amount,
    })
}

fn any_group() -> impl Strategy<Value = (Group, u64)> {
    let rule = prop_oneof![Just(Rule::Grant), Just(Rule::Hold)];
    (prop::collection::vec(any_transfer(), 0..4), rule, 0_u64..40).prop_map(
        |(transfers, rule, now)| {
            let cause = Cause {
                rule,
                request: None,
                policy: None,
                detail: Detail::None,
            };
            (Group { transfers, cause }, now)
        },
    )
}

type State = (
    Vec<(swan_core::ledger::AccountKey, swan_core::ledger::Balance)>,
    Vec<swan_core::ledger::PendingHold>,
);

fn state(ledger: &Ledger) -> State {
    (ledger.accounts(), ledger.pending().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_sequence_of_groups_breaks_a_rule(groups in prop::collection::vec(any_group(), 1..60)) {
        let mut ledger = Ledger::new();
        let mut journal = Vec::new();
        for (group, now) in groups {
            let before = state(&ledger);
            match ledger.apply(&group, at(now)) {
                Ok(swan_core::ledger::Applied::Created) => {
                    let seq = journal.len() as u64 + 1;
                    journal.push(Entry { seq, at: ledger.now(), group: group.clone() });
                    let again = ledger.apply(&group, at(now));
                    prop_assert_eq!(again, Ok(swan_core::ledger::Applied::Exists));
                }
                Ok(_) | Err(_) => prop_assert_eq!(state(&ledger), before, "it changed something"),
            }
            for row in ledger.trial_balance() {
                prop_assert!(row.is_balanced(), "{:?}", row);
            }
            let breaches = ledger.audit();
            // Arbitrary groups may leave something in clearing; those of requests never do.
            prop_assert!(breaches.iter().all(|b| b.name() == "clearing_not_empty"), "{:?}", breaches);
        }
        let mut audit = JournalAudit::new();
        journal.iter().for_each(|entry| audit.observe(entry));
        let report = audit.finish();
        prop_assert_eq!(state(&report.ledger), state(&ledger), "replay(journal) == state");
    }

    #[test]
    fn due_holds_always_expire(expiries in prop::collection::vec(1_u64..100, 1..40), now in 0_u64..120) {
        use swan_core::ledger::entries;
        let mut ledger = Ledger::new();
        let grant = entries::grant(TransferId::from_u128(1), account(1), Currency::Usd, pico(1_000), "x");
        let _ = ledger.apply(&grant, at(0)).unwrap();
        for (request, expires) in (10..).zip(&expiries) {
            let _ = ledger.apply(&entries::hold(&super::terms(request, 1, 7, *expires)), at(0)).unwrap();
        }
        for group in ledger.due(at(now), usize::MAX) {
            let _ = ledger.apply(&group, at(now)).unwrap();
        }
        let left = expiries.iter().filter(|expires| **expires > now).count();
        prop_assert_eq!(ledger.pending_count(), left);
        prop_assert_eq!(ledger.due(at(now), 1).len(), 0);
        let available = ledger.available(&Account::Consumer(account(1)).in_currency(Currency::Usd));
        prop_assert_eq!(available, pico(1_000 - 7 * left as i128));
    }
}
