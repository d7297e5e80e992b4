//! Deposits on a chain: what each moves, and what an audit takes for one.

use swan_core::ledger::{
    Account, Applied, BonusRecord, BonusTerms, Breach, ChainRecord, DepositKind, DepositTerms,
    Detail, Entry, Group, JournalAudit, Ledger, Reason, Rule, entries,
};
use swan_core::{Currency, DepositId, TransferId};

use super::{account, at, pico};

fn deposit(id: u128, kind: DepositKind, amount: i128) -> Group {
    entries::deposit(&DepositTerms {
        id: TransferId::from_u128(id),
        kind,
        account: account(1),
        currency: Currency::Swan,
        amount: pico(amount),
        record: ChainRecord {
            deposit: DepositId::from_u128(5),
            chain: 254,
            block: 7,
            block_hash: [1; 32],
            transaction: [2; 32],
            log: 3,
            token: "SWAN".into(),
            units: "100000000".into(),
            told_by: "2 nodes".into(),
        },
    })
}

#[test]
fn what_comes_in_and_is_taken_back_balances() {
    use DepositKind::{Credited, Reversed};
    let mut ledger = Ledger::new();
    let steps = [
        (deposit(1, Credited, 100), [100, -100, 0]),
        (deposit(2, Reversed, 100), [100, 0, -100]),
        (deposit(3, Credited, 100), [200, -100, -100]),
    ];
    for (group, expected) in &steps {
        assert_eq!(ledger.apply(group, at(1)).unwrap(), Applied::Created);
        assert_eq!(ledger.apply(group, at(1)).unwrap(), Applied::Exists);
        let accounts = [
            Account::Consumer(account(1)),
            Account::Chain,
            Account::Shortfall(account(1)),
        ];
        let found = accounts.map(|account| {
            ledger
                .balance(&account.in_currency(Currency::Swan))
                .posted()
        });
        assert_eq!(found, expected.map(pico));
        assert_eq!(ledger.audit(), []);
    }
    let reason = ledger.apply(&deposit(4, Reversed, 101), at(1)).unwrap_err();
    assert!(
        matches!(reason.reason, Reason::ExceedsDebits { .. }),
        "a chain takes back no more than it brought: {reason:?}"
    );
}

fn audited(group: Group) -> Vec<Breach> {
    let mut audit = JournalAudit::new();
    audit.observe(&Entry {
        seq: 1,
        at: at(1),
        group,
    });
    audit.finish().breaches
}

fn bonus(id: u128, kind: DepositKind) -> Group {
    entries::deposit_bonus(&BonusTerms {
        id: TransferId::from_u128(id),
        kind,
        account: account(1),
        currency: Currency::Swan,
        policy: None,
        record: BonusRecord {
            deposit: DepositId::from_u128(5),
            credited: pico(100),
            bps: 2_000,
        },
    })
}

#[test]
fn a_bonus_comes_from_the_grants_and_goes_back_there() {
    let mut ledger = Ledger::new();
    for (group, expected) in [
        (bonus(1, DepositKind::Credited), [20, -20, 0]),
        (bonus(2, DepositKind::Reversed), [20, 0, -20]),
    ] {
        assert_eq!(ledger.apply(&group, at(1)).unwrap(), Applied::Created);
        assert_eq!(ledger.apply(&group, at(1)).unwrap(), Applied::Exists);
        let accounts = [
            Account::Consumer(account(1)),
            Account::Grants,
            Account::Shortfall(account(1)),
        ];
        let found = accounts.map(|account| {
            let key = account.in_currency(Currency::Swan);
            ledger.balance(&key).posted()
        });
        assert_eq!(found, expected.map(pico));
    }
}

/// The evidence says how much, and from where.
#[test]
fn an_audit_refuses_a_bonus_that_is_not_its_share() {
    let good = bonus(1, DepositKind::Credited);
    assert_eq!(audited(good.clone()), []);
    let mut other_rule = good.clone();
    other_rule.cause.rule = Rule::DepositBonusReversed;
    let mut other_side = good.clone();
    other_side.transfers[0].debit = Account::Treasury.in_currency(Currency::Swan);
    let mut other_amount = good.clone();
    other_amount.transfers[0].amount = pico(21);
    let mut none = good;
    none.cause.detail = Detail::None;
    for odd in [other_rule, other_side, other_amount, none] {
        let found = audited(odd);
        assert_eq!(found.first(), Some(&Breach::Malformed { seq: 1 }));
    }
}

#[test]
fn an_audit_refuses_what_no_chain_does() {
    let good = deposit(1, DepositKind::Credited, 100);
    assert_eq!(audited(good.clone()), []);
    let mut other_rule = good.clone();
    other_rule.cause.rule = Rule::DepositReversed;
    let mut other_side = good.clone();
    other_side.transfers[0].debit = Account::Grants.in_currency(Currency::Swan);
    let mut two = good;
    two.transfers
        .extend(deposit(2, DepositKind::Credited, 1).transfers);
    for odd in [other_rule, other_side, two] {
        assert_eq!(audited(odd), [Breach::Malformed { seq: 1 }]);
    }
}
