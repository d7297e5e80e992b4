//! One row an event: what is done, and the outcome that the rules demand.

use swan_core::ledger::{
    Account, AccountKey, Applied, Cause, Detail, Field, Group, HoldEvent, HoldState, Kind, Ledger,
    Reason, Rule, Transfer,
};
use swan_core::{Amount, Currency, TransferId};

use super::{at, pico};

const USD: Currency = Currency::Usd;
const A: Account = Account::Consumer(swan_core::AccountId::from_u128(1));
const B: Account = Account::Consumer(swan_core::AccountId::from_u128(2));
const G: Account = Account::Grants;
const C: Account = Account::Clearing;

const fn usd(account: Account) -> AccountKey {
    account.in_currency(USD)
}

fn id(n: u128) -> TransferId {
    TransferId::from_u128(n)
}

fn transfer(n: u128, kind: Kind, debit: Account, credit: Account, amount: i128) -> Transfer {
    Transfer {
        id: id(n),
        kind,
        debit: usd(debit),
        credit: usd(credit),
        amount: pico(amount),
    }
}

fn post(n: u128, debit: Account, credit: Account, amount: i128) -> Transfer {
    transfer(n, Kind::Posted, debit, credit, amount)
}

fn hold(n: u128, amount: i128, expires: u64) -> Transfer {
    transfer(
        n,
        Kind::Pending {
            expires: at(expires),
        },
        A,
        C,
        amount,
    )
}

fn end(n: u128, kind: fn(TransferId) -> Kind, of: u128, amount: i128) -> Transfer {
    transfer(n, kind(id(of)), A, C, amount)
}

fn posts(pending: TransferId) -> Kind {
    Kind::Post { pending }
}

fn voids(pending: TransferId) -> Kind {
    Kind::Void { pending }
}

fn expires(pending: TransferId) -> Kind {
    Kind::Expire { pending }
}

fn group(transfers: impl Into<Vec<Transfer>>) -> Group {
    let cause = Cause {
        rule: Rule::Grant,
        request: None,
        policy: None,
        detail: Detail::None,
    };
    Group {
        transfers: transfers.into(),
        cause,
    }
}

type Outcome = Result<Applied, (usize, Reason)>;

const CREATED: Outcome = Ok(Applied::Created);
const EXISTS: Outcome = Ok(Applied::Exists);

fn refused(reason: Reason) -> Outcome {
    Err((0, reason))
}

/// The only code that touches the ledger: applies each row, compares, and checks that a refusal changed nothing.
fn check(rows: &[(u64, Vec<Transfer>, Outcome)]) -> Ledger {
    let mut ledger = Ledger::new();
    for (row, (now, transfers, expected)) in rows.iter().enumerate() {
        let before = (ledger.accounts(), ledger.pending().collect::<Vec<_>>());
        let outcome = ledger.apply(&group(transfers.clone()), at(*now));
        let outcome = outcome.map_err(|rejected| (rejected.index, rejected.reason));
        assert_eq!(outcome, *expected, "row {row}: {transfers:?}");
        if outcome != CREATED {
            let after = (ledger.accounts(), ledger.pending().collect::<Vec<_>>());
            assert_eq!(after, before, "row {row} changed something");
        }
        let breaches = ledger.audit();
        let open = |breach: &swan_core::ledger::Breach| breach.name() != "clearing_not_empty";
        assert!(!breaches.iter().any(open), "row {row}: {breaches:?}");
    }
    ledger
}

#[test]
fn money_is_given_spent_and_never_overspent() {
    let short = |available| {
        refused(Reason::InsufficientFunds {
            available: pico(available),
        })
    };
    let ledger = check(&[
        (1, vec![post(1, A, B, 1)], short(0)),
        (1, vec![post(2, G, A, 100)], CREATED),
        (1, vec![post(3, A, B, 101)], short(100)),
        (1, vec![post(4, A, B, 100)], CREATED),
        (1, vec![post(5, A, B, 1)], short(0)),
        (1, vec![post(6, B, G, 101)], short(100)),
        (1, vec![post(7, G, B, 7), post(8, B, G, 107)], CREATED),
        (1, vec![post(9, G, A, 5)], CREATED),
        (1, vec![post(10, B, A, 1)], short(0)),
    ]);
    assert_eq!(ledger.available(&usd(A)), pico(5));
    assert_eq!(ledger.available(&usd(B)), pico(0));
    assert_eq!(ledger.balance(&usd(G)).posted(), pico(-5));
}

#[test]
fn the_outside_takes_back_no_more_than_it_gave() {
    let other = Account::Treasury;
    check(&[
        (1, vec![post(1, G, A, 10)], CREATED),
        (1, vec![post(2, A, G, 4)], CREATED),
        (1, vec![post(3, A, other, 6)], CREATED),
        (1, vec![post(4, other, G, 6)], CREATED),
        (
            1,
            vec![post(5, G, A, 1), post(6, A, G, 2)],
            Err((1, Reason::InsufficientFunds { available: pico(1) })),
        ),
    ]);
}

#[test]
fn a_repeat_is_recognised_and_a_conflict_names_the_field() {
    let conflict = |field| refused(Reason::IdConflict(field));
    check(&[
        (1, vec![post(1, G, A, 10)], CREATED),
        (1, vec![post(1, G, A, 10)], EXISTS),
        (1, vec![post(1, G, A, 11)], conflict(Field::Amount)),
        (1, vec![post(1, G, B, 11)], conflict(Field::Credit)),
        (1, vec![post(1, B, A, 10)], conflict(Field::Debit)),
        (
            1,
            vec![transfer(1, posts(id(9)), G, A, 10)],
            conflict(Field::Kind),
        ),
        (1, vec![hold(2, 5, 100)], CREATED),
        (2, vec![hold(2, 5, 100)], EXISTS),
        (2, vec![hold(2, 5, 101)], conflict(Field::Expires)),
        (2, vec![hold(2, 6, 100)], conflict(Field::Amount)),
        (2, vec![end(3, posts, 2, 5)], CREATED),
        (2, vec![end(3, posts, 2, 5)], EXISTS),
        (2, vec![end(3, posts, 1, 5)], conflict(Field::Pending)),
        (2, vec![end(3, voids, 2, 5)], conflict(Field::Kind)),
        (2, vec![hold(2, 5, 100)], EXISTS),
        (2, vec![post(4, G, A, 1), post(5, G, B, 1)], CREATED),
        (2, vec![post(4, G, A, 1), post(5, G, B, 1)], EXISTS),
        (
            2,
            vec![post(4, G, A, 1), post(6, G, B, 1)],
            Err((1, Reason::GroupConflict)),
        ),
        (
            2,
            vec![post(6, G, A, 1), post(5, G, B, 1)],
            Err((1, Reason::GroupConflict)),
        ),
        (
            2,
            vec![post(4, G, A, 1), post(5, G, B, 2)],
            Err((1, Reason::IdConflict(Field::Amount))),
        ),
    ]);
}

#[test]
fn a_hold_ends_exactly_once() {
    let ended = |state| refused(Reason::HoldEnded(state));
    let differs = refused(Reason::HoldAmountDiffers { held: pico(50) });
    let ledger = check(&[
        (1, vec![post(1, G, A, 100)], CREATED),
        (1, vec![hold(10, 50, 100)], CREATED),
        (1, vec![hold(11, 50, 100)], CREATED),
        (
            1,
            vec![hold(12, 1, 100)],
            refused(Reason::InsufficientFunds { available: pico(0) }),
        ),
        (1, vec![end(20, posts, 10, 51)], differs),
        (1, vec![end(20, voids, 10, 49)], differs),
        (
            1,
            vec![end(20, posts, 99, 50)],
            refused(Reason::HoldNotFound),
        ),
        (
            1,
            vec![end(20, posts, 1, 50)],
            refused(Reason::HoldNotFound),
        ),
        (
            1,
            vec![transfer(20, posts(id(10)), B, C, 50)],
            refused(Reason::HoldAccountsDiffer),
        ),
        (
            1,
            vec![end(20, expires, 10, 50)],
            refused(Reason::HoldNotOverdue),
        ),
        (1, vec![end(20, posts, 10, 30)], CREATED),
        (1, vec![end(21, posts, 10, 20)], ended(HoldState::Posted)),
        (1, vec![end(21, voids, 10, 50)], ended(HoldState::Posted)),
        (1, vec![end(22, voids, 11, 50)], CREATED),
        (1, vec![end(23, posts, 11, 50)], ended(HoldState::Voided)),
        (1, vec![hold(13, 70, 200)], CREATED),
        (
            199,
            vec![end(24, expires, 13, 70)],
            refused(Reason::HoldNotOverdue),
        ),
        (
            200,
            vec![end(24, posts, 13, 70)],
            refused(Reason::HoldOverdue),
        ),
        // A clock that goes back does not revive it.
        (
            150,
            vec![end(24, posts, 13, 70)],
            refused(Reason::HoldOverdue),
        ),
        (150, vec![end(24, expires, 13, 70)], CREATED),
        (150, vec![end(25, voids, 13, 70)], ended(HoldState::Expired)),
        (150, vec![hold(14, 1, 180)], refused(Reason::ExpiresInPast)),
    ]);
    assert_eq!(ledger.available(&usd(A)), pico(70));
    assert_eq!(ledger.pending_count(), 0);
}

#[test]
fn the_first_reason_in_order_of_precedence_is_the_answer() {
    let zero = |n| post(n, A, A, 0);
    let cross = Transfer {
        credit: A.in_currency(Currency::Swan),
        ..post(2, G, A, 5)
    };
    let long: Vec<_> = (0..65).map(|n| post(100 + n, G, A, 1)).collect();
    let twice = vec![post(5, G, A, 1), post(5, G, A, 1)];
    check(&[
        (1, vec![], refused(Reason::GroupEmpty)),
        (1, long, refused(Reason::GroupTooLong)),
        (1, vec![zero(0)], refused(Reason::IdZero)),
        (1, vec![zero(2)], refused(Reason::AmountNotPositive)),
        (
            1,
            vec![post(2, A, A, -5)],
            refused(Reason::AmountNotPositive),
        ),
        (1, vec![post(2, A, A, 5)], refused(Reason::SameAccount)),
        (1, vec![cross], refused(Reason::CurrencyMismatch)),
        (1, vec![hold(2, 5, 1)], refused(Reason::ExpiresInPast)),
        (1, twice, Err((1, Reason::IdRepeated))),
        (
            1,
            vec![post(2, G, A, 1), zero(3), post(4, G, A, 1)],
            Err((1, Reason::AmountNotPositive)),
        ),
        (1, vec![post(2, G, A, Amount::MAX.pico())], CREATED),
        (1, vec![post(3, G, A, 1)], refused(Reason::Overflow)),
    ]);
}

#[test]
fn a_group_happens_wholly_or_not_at_all() {
    let funds = |available| Reason::InsufficientFunds {
        available: pico(available),
    };
    let ledger = check(&[
        (1, vec![post(1, G, A, 10)], CREATED),
        (
            1,
            vec![post(2, A, B, 10), hold(3, 1, 9)],
            Err((1, funds(0))),
        ),
        (1, vec![hold(3, 8, 9), hold(4, 3, 9)], Err((1, funds(2)))),
        (
            1,
            vec![hold(3, 8, 9), end(5, posts, 3, 8), post(6, A, B, 3)],
            Err((2, funds(2))),
        ),
        (1, vec![hold(7, 8, 9)], CREATED),
        (
            1,
            vec![end(8, voids, 7, 8), post(9, A, B, 11)],
            Err((1, funds(10))),
        ),
        (1, vec![end(8, voids, 7, 8), post(9, A, B, 10)], CREATED),
        (1, vec![post(2, B, A, 10), hold(3, 1, 9)], CREATED),
    ]);
    assert_eq!(ledger.available(&usd(A)), pico(9));
}

#[test]
fn every_state_and_event_of_a_hold_is_decided() {
    use {HoldEvent as E, HoldState as S};
    for state in [S::Pending, S::Posted, S::Voided, S::Expired] {
        for (event, next) in [
            (E::Post, S::Posted),
            (E::Void, S::Voided),
            (E::Expire, S::Expired),
        ] {
            let result = state.on(event);
            if state == S::Pending {
                assert_eq!(result, Ok(next));
            } else {
                assert_eq!(result.unwrap_err().state, state, "{state} {event:?}");
            }
        }
    }
}
