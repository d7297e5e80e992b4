//! What an audit says of a journal, in numbers and in words.

use swan_core::ledger::{
    Account, AuditReport, Breach, Entry, Field, HoldState, JournalAudit, Rule, UsageBasis, entries,
};
use swan_core::{Amount, Currency, TransferId};

use super::{account, at, pico, provider, record, terms};

fn audit(groups: impl IntoIterator<Item = swan_core::ledger::Group>) -> AuditReport {
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

fn grant(id: u128, amount: i128) -> swan_core::ledger::Group {
    let id = TransferId::from_u128(id);
    entries::grant(id, account(1), Currency::Usd, pico(amount), "x")
}

#[test]
fn a_report_counts_what_happened() {
    let parts = [pico(190), pico(10), Amount::ZERO, Amount::ZERO];
    let paid = terms(7, 1, 1_000, 99);
    let report = audit([
        grant(1, 5_000),
        grant(2, 500),
        entries::hold(&paid),
        entries::hold(&terms(8, 1, 100, 99)),
        entries::hold(&terms(9, 1, 200, 99)),
        entries::settle(&paid, record(Some(provider(4)), parts)).unwrap(),
        entries::release(&terms(8, 1, 100, 99), "x".into()),
    ]);
    assert!(report.is_clean());
    assert_eq!((report.entries, report.holds, report.pending), (7, 3, 1));
    let groups: Vec<_> = report.groups.iter().map(|(rule, n)| (*rule, *n)).collect();
    assert_eq!(
        groups,
        [
            (Rule::Grant, 2),
            (Rule::Hold, 3),
            (Rule::Charge, 1),
            (Rule::Release, 1)
        ]
    );
    // A charge is its hold's end and one leg for each part that is not nothing.
    assert_eq!(report.transfers, 2 + 3 + 3 + 1);
    let [row] = report.trial_balance[..] else {
        panic!("{:?}", report.trial_balance)
    };
    // Grants, the consumer, clearing, the provider and the growth fund.
    assert_eq!((row.currency, row.accounts), (Currency::Usd, 5));
    // Given 5 500, charged 200, which clearing hands on.
    assert_eq!(row.debits_posted, pico(5_500 + 200 + 200));
    assert_eq!(row.credits_posted, row.debits_posted);
    assert_eq!(row.debits_pending, pico(200));
    assert_eq!(row.credits_pending, row.debits_pending);
}

#[test]
fn holds_are_listed_by_their_expiry() {
    let mut ledger = swan_core::ledger::Ledger::new();
    let expiries = [(7, 90), (8, 80), (9, 99)];
    let groups = expiries.map(|(request, expires)| entries::hold(&terms(request, 1, 10, expires)));
    for group in [grant(1, 100)].iter().chain(&groups) {
        let _ = ledger.apply(group, at(1)).unwrap();
    }
    let pending: Vec<_> = ledger.pending().map(|hold| hold.expires).collect();
    assert_eq!(pending, [at(80), at(90), at(99)]);
}

#[test]
fn a_report_lists_no_more_breaches_than_it_may() {
    let listed = JournalAudit::BREACHES_MAX;
    for (entries, more) in [
        (listed - 1, 0),
        (listed, 0),
        (listed + 1, 1),
        (listed + 3, 3),
    ] {
        let mut audit = JournalAudit::new();
        for id in 1..=entries {
            // Nobody counts from here, so each entry stands where another belongs.
            audit.observe(&Entry {
                seq: 10,
                at: at(1),
                group: grant(id as u128, 1),
            });
        }
        let report = audit.finish();
        assert!(!report.is_clean());
        assert_eq!(report.breaches.len(), entries.min(listed));
        assert_eq!(report.more_breaches, more, "{entries} breaches");
    }
}

#[test]
fn breaches_say_who_and_how_much() {
    let consumer = Account::Consumer(account(1)).in_currency(Currency::Usd);
    let earnings = Account::ProviderEarnings(provider(2)).in_currency(Currency::Swan);
    let overspent = Breach::Overspent {
        account: consumer,
        available: pico(-1),
    };
    let differs = Breach::PendingDiffers {
        account: earnings,
        counted: pico(2),
        held: pico(1),
    };
    for (breach, words) in [
        (
            overspent,
            format!(
                "consumer {} USD has spent more than it had: -0.000000000001 available",
                account(1)
            ),
        ),
        (
            differs,
            format!(
                "earnings {} SWAN has 0.000000000002 pending, its holds sum to 0.000000000001",
                provider(2)
            ),
        ),
    ] {
        assert_eq!(breach.to_string(), words);
    }
}

#[test]
fn accounts_states_and_fields_have_the_names_that_tables_show() {
    let accounts = [
        Account::Clearing,
        Account::GrowthFund,
        Account::Treasury,
        Account::Burn,
        Account::Grants,
    ];
    assert_eq!(
        accounts.map(|account| account.to_string()),
        ["clearing", "growth fund", "treasury", "burn", "grants"]
    );
    let states = [
        HoldState::Pending,
        HoldState::Posted,
        HoldState::Voided,
        HoldState::Expired,
    ];
    assert_eq!(
        states.map(|state| state.to_string()),
        ["pending", "posted", "voided", "expired"]
    );
    let fields = [
        Field::Kind,
        Field::Pending,
        Field::Expires,
        Field::Debit,
        Field::Credit,
        Field::Amount,
    ];
    assert_eq!(
        fields.map(|field| field.to_string()),
        [
            "kind",
            "pending hold",
            "expiry",
            "debit account",
            "credit account",
            "amount"
        ]
    );
}

#[test]
fn rules_and_bases_have_the_names_that_tables_show() {
    let rules = [
        Rule::Grant,
        Rule::Hold,
        Rule::Charge,
        Rule::Release,
        Rule::Expiry,
        Rule::Recovery,
        Rule::Extension,
    ];
    assert_eq!(
        rules.map(Rule::as_str),
        [
            "grant",
            "hold",
            "charge",
            "release",
            "expiry",
            "recovery",
            "extension"
        ]
    );
    let bases = [
        UsageBasis::Reported,
        UsageBasis::Bounded,
        UsageBasis::Estimated,
        UsageBasis::Measured,
    ];
    assert_eq!(
        bases.map(UsageBasis::as_str),
        ["reported", "bounded", "estimated", "measured"]
    );
}
