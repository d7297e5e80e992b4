//! Damage that no group can do, done by hand: the audit must find it even so.

use super::balance::{Move, Slot};
use super::*;
use crate::{AccountId, Amount, Currency, RequestId, Timestamp, TransferId};

const ALICE: AccountId = AccountId::from_u128(1);
const FUNDS: AccountKey = Account::Consumer(ALICE).in_currency(Currency::Usd);
const GRANTS: AccountKey = Account::Grants.in_currency(Currency::Usd);

fn pico(pico: i128) -> Amount {
    Amount::from_pico(pico).unwrap()
}

fn hold() -> entries::HoldTerms {
    entries::HoldTerms {
        request: RequestId::from_u128(9),
        account: ALICE,
        currency: Currency::Usd,
        amount: pico(40),
        expires: Timestamp::from_millis(60),
        policy: None,
        extended: 0,
    }
}

/// 100 were granted, 40 of them are held; 7 were granted in the other currency.
fn ledger() -> Ledger {
    let grant = |id, currency, amount| {
        entries::grant(TransferId::from_u128(id), ALICE, currency, amount, "x")
    };
    let mut ledger = Ledger::new();
    for group in [
        grant(1, Currency::Usd, pico(100)),
        grant(2, Currency::Swan, pico(7)),
        entries::hold(&hold()),
    ] {
        let applied = ledger.apply(&group, Timestamp::from_millis(1));
        assert_eq!(applied, Ok(Applied::Created));
    }
    ledger
}

fn balance<'a>(ledger: &'a mut Ledger, key: &AccountKey) -> &'a mut Balance {
    let slot = ledger.index[key];
    &mut ledger.slot_mut(slot).balance
}

fn row(currency: Currency, accounts: usize, posted: i128, pending: i128) -> TrialRow {
    TrialRow {
        currency,
        accounts,
        credits_posted: pico(posted),
        debits_posted: pico(posted),
        credits_pending: pico(pending),
        debits_pending: pico(pending),
    }
}

#[test]
fn the_trial_balance_sums_each_currency() {
    let expected = [row(Currency::Usd, 3, 100, 40), row(Currency::Swan, 2, 7, 0)];
    assert_eq!(ledger().trial_balance(), expected);
    assert_eq!(Ledger::new().trial_balance(), []);
}

#[test]
fn a_row_is_balanced_when_both_pairs_are_equal() {
    let even = row(Currency::Usd, 3, 100, 40);
    assert!(even.is_balanced());
    for by in [-1, 1] {
        let mut posted = even;
        posted.credits_posted = pico(100 + by);
        assert!(!posted.is_balanced(), "posted, by {by}");
        let mut pending = even;
        pending.debits_pending = pico(40 + by);
        assert!(!pending.is_balanced(), "pending, by {by}");
    }
}

#[test]
fn damage_to_the_state_is_found_with_its_amounts() {
    let unbalanced = |posted, pending| Breach::Unbalanced {
        currency: Currency::Usd,
        posted: pico(posted),
        pending: pico(pending),
    };
    let differs = |account, counted| Breach::PendingDiffers {
        account,
        counted: pico(counted),
        held: pico(40),
    };
    let overspent = |account, available| Breach::Overspent {
        account,
        available: pico(available),
    };
    let clearing = Account::Clearing.in_currency(Currency::Usd);
    type Damage = fn(&mut Ledger);
    let cases: [(&str, Damage, Vec<Breach>); 8] = [
        ("nothing", |_| (), vec![]),
        (
            "money from nowhere",
            |ledger| balance(ledger, &FUNDS).credits_posted = pico(103),
            vec![unbalanced(3, 0)],
        ),
        (
            "money into nowhere",
            |ledger| balance(ledger, &FUNDS).debits_posted = pico(4),
            vec![unbalanced(-4, 0)],
        ),
        (
            "more set aside than is held",
            |ledger| balance(ledger, &FUNDS).debits_pending = pico(45),
            vec![unbalanced(0, -5), differs(FUNDS, 45)],
        ),
        (
            "less expected than is held",
            |ledger| {
                let clearing = Account::Clearing.in_currency(Currency::Usd);
                balance(ledger, &clearing).credits_pending = pico(39);
            },
            vec![unbalanced(0, -1), differs(clearing, 39)],
        ),
        (
            "one more is given back than is free",
            |ledger| {
                balance(ledger, &FUNDS).debits_posted = pico(61);
                balance(ledger, &GRANTS).credits_posted = pico(61);
            },
            vec![overspent(FUNDS, -1)],
        ),
        (
            "the outside took back one more than it gave",
            |ledger| {
                balance(ledger, &GRANTS).credits_posted = pico(101);
                balance(ledger, &FUNDS).debits_posted = pico(101);
            },
            vec![overspent(FUNDS, -41), overspent(GRANTS, 1)],
        ),
        (
            "a hold that would never expire",
            |ledger| ledger.due.clear(),
            vec![Breach::ExpiryLost {
                hold: entries::hold_id(hold().request),
            }],
        ),
    ];
    for (what, damage, expected) in cases {
        let mut ledger = ledger();
        damage(&mut ledger);
        assert_eq!(ledger.audit(), expected, "{what}");
    }
}

#[test]
fn a_limit_is_kept_to_the_last_unit() {
    let counters = |debits_pending, debits_posted, credits_pending, credits_posted| Balance {
        debits_pending: pico(debits_pending),
        debits_posted: pico(debits_posted),
        credits_pending: pico(credits_pending),
        credits_posted: pico(credits_posted),
    };
    let (funds, contra) = (Limit::DebitsWithinCredits, Limit::CreditsWithinDebits);
    for (balance, limit, within) in [
        (counters(4, 5, 0, 10), funds, true),
        (counters(5, 5, 0, 10), funds, true),
        (counters(6, 5, 0, 10), funds, false),
        (counters(6, 5, 9, 10), funds, false),
        (counters(0, 10, 4, 5), contra, true),
        (counters(0, 10, 5, 5), contra, true),
        (counters(0, 10, 6, 5), contra, false),
        (counters(9, 10, 6, 5), contra, false),
    ] {
        assert_eq!(balance.is_within(limit), within, "{balance:?} {limit:?}");
    }
}

#[test]
fn a_counter_never_falls_below_zero() {
    type Change = fn(&mut Slot, Move, Amount) -> Result<(), Reason>;
    let (debit, credit): (Change, Change) = (Slot::debit, Slot::credit);
    for change in [debit, credit] {
        let balance = Balance {
            debits_pending: pico(5),
            credits_pending: pico(5),
            ..Balance::default()
        };
        let mut slot = Slot {
            key: FUNDS,
            balance,
        };
        assert_eq!(
            change(&mut slot, Move::Free, pico(6)),
            Err(Reason::Overflow)
        );
        assert_eq!(slot.balance, balance);
        assert_eq!(change(&mut slot, Move::Free, pico(5)), Ok(()));
        assert_ne!(slot.balance, balance);
    }
}

/// A map that looks up by a poor hash is right but slow, which nothing else would show.
#[test]
fn keys_that_are_alike_spread_over_a_map() {
    use core::hash::{BuildHasher as _, BuildHasherDefault};
    const KEYS: u128 = 1 << 12;
    let build = BuildHasherDefault::<hash::FoldHasher>::default();
    let account = |key: Account, currency| build.hash_one(key.in_currency(currency));
    type Keys<'a> = (&'a str, &'a dyn Fn(u128) -> u64);
    let families: [Keys<'_>; 6] = [
        ("counted ids", &|n| build.hash_one(TransferId::from_u128(n))),
        ("ids counted in the upper half", &|n| {
            build.hash_one(TransferId::from_u128(n << 64))
        }),
        ("ids with both halves alike", &|n| {
            build.hash_one(TransferId::from_u128(n << 64 | n))
        }),
        ("the legs of counted requests", &|n| {
            let id = entries::hold_id(RequestId::from_u128(n));
            build.hash_one(id)
        }),
        ("consumers", &|n| {
            account(Account::Consumer(AccountId::from_u128(n)), Currency::Usd)
        }),
        ("consumers and providers in both currencies", &|n| {
            let id = n >> 2;
            let key = match n & 1 {
                0 => Account::Consumer(AccountId::from_u128(id)),
                _ => Account::ProviderEarnings(crate::ProviderId::from_u128(id)),
            };
            let swan = n & 2 == 0;
            account(key, if swan { Currency::Swan } else { Currency::Usd })
        }),
    ];
    for (what, hash) in families {
        let hashes: Vec<u64> = (0..KEYS).map(hash).collect();
        // A table of this size takes its place from the low bits and tells neighbours apart by the seven highest.
        let places = |of: fn(u64) -> u64| {
            let places = hashes.iter().map(|hash| of(*hash));
            places.collect::<std::collections::BTreeSet<_>>().len()
        };
        let low = places(|hash| hash & 0xFFF);
        let high = places(|hash| hash >> 57);
        // Drawn at random, 4096 keys take 63 of 100 places, and all tags.
        assert!(low > 2_400, "{what}: {low} places");
        assert_eq!(high, 128, "{what}");
        assert_eq!(places(|hash| hash), hashes.len(), "{what}: equal hashes");
    }
}
