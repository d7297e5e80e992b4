//! A snapshot and what came after it is the same as everything, wherever it was taken and however slowly.

use proptest::prelude::*;
use swan_core::Timestamp;
use swan_core::ledger::{Copying, Entry, JournalAudit, Ledger};

use super::workload::run;

fn replay(ledger: &mut Ledger, journal: &[Entry]) {
    for entry in journal {
        let _ = ledger.apply(&entry.group, entry.at).unwrap();
    }
}

fn last_at(journal: &[Entry]) -> Timestamp {
    journal.last().map_or(Timestamp::EPOCH, |entry| entry.at)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_snapshot_and_the_tail_are_the_whole(
        seed: u64, events in 1_usize..1_500, place: prop::sample::Index, window in 1_usize..400,
    ) {
        let (journal, _) = run(seed, events);
        let place = place.index(journal.len() + 1);
        let (before, after) = journal.split_at(place);
        let mut whole = Ledger::with_window(window);
        replay(&mut whole, before);
        let snapshot = whole.snapshot(last_at(before));
        let mut resumed = Ledger::restore(snapshot.clone()).unwrap();
        prop_assert_eq!(&resumed.snapshot(last_at(before)), &snapshot);
        prop_assert_eq!(resumed.audit(), whole.audit());
        replay(&mut whole, after);
        replay(&mut resumed, after);
        let at = last_at(&journal);
        prop_assert_eq!(resumed.snapshot(at), whole.snapshot(at));
    }

    /// Pieces of any size, while entries of any number come in between.
    #[test]
    fn a_copy_made_on_the_way_is_the_state_at_its_end(
        seed: u64,
        events in 1_usize..1_500,
        window in 1_usize..400,
        steps in prop::collection::vec((0_usize..40, 1_usize..60), 0..80),
    ) {
        let (journal, _) = run(seed, events);
        let mut ledger = Ledger::with_window(window);
        let (mut copying, mut rest) = (Copying::default(), journal.as_slice());
        for (entries, most) in steps {
            let (now, later) = rest.split_at(entries.min(rest.len()));
            replay(&mut ledger, now);
            rest = later;
            let _ = ledger.copy_on(&mut copying, most);
        }
        let done = &journal[..journal.len() - rest.len()];
        let at = last_at(done);
        let plain = ledger.snapshot(at);
        prop_assert_eq!(ledger.copied(copying, at), plain);
    }
}

#[test]
fn an_audit_that_goes_on_from_a_snapshot_finds_what_is_wrong_after_it() {
    let (mut journal, _) = run(7, 800);
    let mut before = Ledger::new();
    let half = journal.len() / 2;
    replay(&mut before, &journal[..half]);
    let at = last_at(&journal[..half]);
    let resumed = || {
        let ledger = Ledger::restore(before.snapshot(at)).unwrap();
        JournalAudit::resume(ledger, half as u64)
    };
    let mut audit = resumed();
    journal[half..]
        .iter()
        .for_each(|entry| audit.observe(entry));
    let report = audit.finish();
    assert_eq!(
        (report.breaches.as_slice(), report.entries),
        (&[][..], journal.len() as u64)
    );

    let lost = journal.remove(half);
    let mut audit = resumed();
    journal[half..]
        .iter()
        .for_each(|entry| audit.observe(entry));
    let breaches = audit.finish().breaches;
    assert_eq!(
        breaches[0].name(),
        "sequence_broken",
        "without entry {}",
        lost.seq
    );
}
