//! A journal that somebody has tampered with: each kind of damage is found and named.

use swan_core::ledger::{Account, Breach, Detail, Entry, JournalAudit, Kind, entries};
use swan_core::{Amount, Currency, RequestId, TransferId};

use super::{account, at, pico, provider, record, terms};

/// Grant, hold, charge, hold, release.
fn journal() -> Vec<Entry> {
    let id = TransferId::from_u128(1);
    let (first, second) = (terms(7, 1, 1_000, 99), terms(8, 1, 1_000, 99));
    let parts = [pico(190), pico(10), pico(0), pico(0)];
    let groups = [
        entries::grant(id, account(1), Currency::Usd, pico(5_000), "x"),
        entries::hold(&first),
        entries::settle(&first, record(Some(provider(4)), parts)).unwrap(),
        entries::hold(&second),
        entries::release(&second, "x".into()),
    ];
    groups
        .into_iter()
        .zip(1..)
        .map(|(group, seq)| Entry {
            seq,
            at: at(seq),
            group,
        })
        .collect()
}

fn audit(journal: &[Entry]) -> Vec<&'static str> {
    let mut audit = JournalAudit::new();
    for entry in journal {
        audit.observe(entry);
    }
    audit.finish().breaches.iter().map(Breach::name).collect()
}

fn charge(journal: &mut [Entry]) -> &mut swan_core::ledger::ChargeRecord {
    match &mut journal[2].group.cause.detail {
        Detail::Charge(charge) => charge,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_true_journal_is_clean() {
    assert_eq!(audit(&journal()), [""; 0]);
}

type Damage = fn(&mut Vec<Entry>);

#[expect(clippy::too_many_lines, reason = "a table")]
#[test]
fn each_kind_of_damage_has_its_name() {
    let cases: [(&str, Damage, &str); 14] = [
        (
            "an entry is missing",
            |j| drop(j.remove(3)),
            "sequence_broken",
        ),
        (
            "an entry is there twice",
            |j| j.insert(3, j[2].clone()),
            "entry_repeated",
        ),
        (
            "two entries are swapped",
            |j| j.swap(1, 2),
            "entry_rejected",
        ),
        ("the clock went back", |j| j[4].at = at(1), "time_went_back"),
        (
            "the grant is smaller",
            |j| j[0].group.transfers[0].amount = pico(100),
            "entry_rejected",
        ),
        (
            "the hold is smaller",
            |j| j[1].group.transfers[0].amount = pico(100),
            "entry_rejected",
        ),
        (
            "the gross is larger",
            |j| charge(j).gross = pico(201),
            "split_differs",
        ),
        (
            "a share is larger",
            |j| charge(j).provider_share = pico(191),
            "moved_differs",
        ),
        (
            "a provider is another",
            |j| charge(j).provider = Some(provider(5)),
            "moved_differs",
        ),
        (
            "a leg is missing",
            |j| j[2].group.transfers.truncate(2),
            "clearing_not_empty",
        ),
        (
            "a leg goes elsewhere",
            |j| j[2].group.transfers[2].credit.account = Account::Burn,
            "moved_differs",
        ),
        (
            "the charge is another request's",
            |j| j[2].group.cause.request = Some(RequestId::from_u128(9)),
            "foreign_hold",
        ),
        (
            "the evidence is gone",
            |j| j[2].group.cause.detail = Detail::None,
            "malformed",
        ),
        (
            "a release moves money",
            |j| {
                let transfer = &mut j[4].group.transfers[0];
                let Kind::Void { pending } = transfer.kind else {
                    panic!()
                };
                transfer.kind = Kind::Post { pending };
            },
            "malformed",
        ),
    ];
    for (what, damage, name) in cases {
        let mut journal = journal();
        damage(&mut journal);
        let found = audit(&journal);
        assert!(found.contains(&name), "{what}: {found:?}");
    }
}

#[test]
fn a_second_charge_of_a_request_is_found_even_with_fresh_ids() {
    let mut journal = journal();
    let again = terms(11, 1, 1_000, 99);
    let parts = [Amount::ZERO, Amount::ZERO, pico(5), Amount::ZERO];
    let mut hold = entries::hold(&again);
    let mut settle = entries::settle(&again, record(None, parts)).unwrap();
    let request = Some(RequestId::from_u128(7));
    (hold.cause.request, settle.cause.request) = (request, request);
    for group in [hold, settle] {
        let seq = u64::try_from(journal.len()).unwrap() + 1;
        journal.push(Entry {
            seq,
            at: at(seq),
            group,
        });
    }
    assert_eq!(audit(&journal), ["charged_twice"]);
}
