//! Payments by card: what each moves, and what an audit takes for one.

use swan_core::ledger::{
    Account, Applied, AuditReport, Breach, Entry, Group, JournalAudit, Kind, Ledger, PaymentKind,
    PaymentRecord, PaymentTerms, Reason, entries,
};
use swan_core::{Amount, Currency, TopupId, TransferId};

use super::{account, at, pico};

fn payment(id: u128, kind: PaymentKind, amount: i128) -> Group {
    entries::payment(&PaymentTerms {
        id: TransferId::from_u128(id),
        kind,
        account: account(1),
        currency: Currency::Usd,
        amount: pico(amount),
        record: PaymentRecord {
            topup: TopupId::from_u128(5),
            object: "pi_1".into(),
            told_by: "event evt_1".into(),
        },
    })
}

fn balances(ledger: &Ledger) -> [Amount; 3] {
    [
        Account::Consumer(account(1)),
        Account::Card,
        Account::Shortfall(account(1)),
    ]
    .map(|account| ledger.balance(&account.in_currency(Currency::Usd)).posted())
}

#[test]
fn what_is_paid_in_and_back_balances() {
    use PaymentKind::{Refund, RefundReturned, Reversal, ReversalReturned, Topup};
    let mut ledger = Ledger::new();
    let steps = [
        (payment(1, Topup, 100), [100, -100, 0]),
        (payment(2, Refund, 30), [70, -70, 0]),
        (payment(3, RefundReturned, 30), [100, -100, 0]),
        (payment(4, Reversal, 90), [100, -10, -90]),
        (
            entries::collection(5, account(1), Currency::Usd, pico(60)),
            [40, -10, -30],
        ),
        (payment(6, ReversalReturned, 90), [130, -100, -30]),
    ];
    for (group, expected) in &steps {
        assert_eq!(ledger.apply(group, at(1)).unwrap(), Applied::Created);
        assert_eq!(balances(&ledger), expected.map(pico));
        assert_eq!(ledger.audit(), []);
    }
    for (group, _) in &steps {
        assert_eq!(ledger.apply(group, at(2)).unwrap(), Applied::Exists);
    }
}

#[test]
fn nobody_gets_back_more_than_is_there() {
    let mut ledger = Ledger::new();
    let reason =
        |ledger: &mut Ledger, group: &Group| ledger.apply(group, at(1)).unwrap_err().reason;
    let refund = payment(2, PaymentKind::Refund, 101);
    assert!(matches!(
        reason(&mut ledger, &refund),
        Reason::InsufficientFunds { .. }
    ));
    let _ = ledger
        .apply(&payment(1, PaymentKind::Topup, 100), at(1))
        .unwrap();
    assert!(matches!(
        reason(&mut ledger, &refund),
        Reason::InsufficientFunds { .. }
    ));
    let taken = payment(3, PaymentKind::Reversal, 101);
    assert!(matches!(
        reason(&mut ledger, &taken),
        Reason::ExceedsDebits { .. }
    ));
    let collected = entries::collection(4, account(1), Currency::Usd, pico(1));
    assert!(matches!(
        reason(&mut ledger, &collected),
        Reason::ExceedsDebits { .. }
    ));
}

fn audit(groups: impl IntoIterator<Item = Group>) -> AuditReport {
    let mut audit = JournalAudit::new();
    for (group, seq) in groups.into_iter().zip(1..) {
        audit.observe(&Entry {
            seq,
            at: at(seq),
            group,
        });
    }
    audit.finish()
}

#[test]
fn an_audit_knows_each_rule_by_its_sides() {
    let paid = payment(1, PaymentKind::Topup, 100);
    assert!(audit([paid.clone(), payment(2, PaymentKind::Reversal, 50)]).is_clean());
    let mut odd: Vec<Group> = Vec::new();
    let mut other = payment(2, PaymentKind::Refund, 5);
    other.cause.rule = PaymentKind::Topup.rule();
    odd.push(other);
    let mut held = payment(2, PaymentKind::Refund, 5);
    held.transfers[0].kind = Kind::Pending { expires: at(99) };
    odd.push(held);
    let mut unsaid = payment(2, PaymentKind::Refund, 5);
    unsaid.cause.detail = swan_core::ledger::Detail::None;
    odd.push(unsaid);
    let mut foreign = payment(2, PaymentKind::Refund, 5);
    foreign.transfers[0].credit = Account::Treasury.in_currency(Currency::Usd);
    odd.push(foreign);
    for group in odd {
        let report = audit([paid.clone(), group.clone()]);
        assert_eq!(report.breaches, [Breach::Malformed { seq: 2 }], "{group:?}");
    }
}
