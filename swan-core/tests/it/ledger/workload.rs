//! A busy, partly hostile market from a seed, against an auditor that shares no code with the ledger.

use swan_core::ledger::{Applied, Entry, Group, JournalAudit, Ledger, entries};
use swan_core::testkit::{LedgerAuditor, MoneyEvent, MoneyWorkload, Verdict};
use swan_core::{SeededRng, Timestamp, TransferId};

use super::record;

/// Runs `events` events of one seed and answers the journal and the ledger.
pub(super) fn run(seed: u64, events: usize) -> (Vec<Entry>, Ledger) {
    let mut workload = MoneyWorkload::new(SeededRng::new(seed));
    let mut auditor = LedgerAuditor::default();
    let mut shell = Shell::default();
    for step in 0..events {
        let event = workload.next_event();
        let expected = auditor.observe(&event);
        let verdict = shell.perform(&event);
        assert_eq!(verdict, expected, "seed {seed}, step {step}: {event:?}");
        // Every balance at every step would take most of the test's time; drift shows soon enough.
        if step % 16 == 0 || step + 1 == events {
            let differences = auditor.differences(&shell.ledger);
            assert_eq!(differences, [""; 0], "seed {seed}, step {step}: {event:?}");
            assert_eq!(shell.ledger.audit(), [], "seed {seed}, step {step}");
        }
    }
    (shell.journal, shell.ledger)
}

/// What a hub does with the ledger, without the hub.
#[derive(Default)]
struct Shell {
    ledger: Ledger,
    journal: Vec<Entry>,
    now: Timestamp,
    terms: std::collections::BTreeMap<u128, entries::HoldTerms>,
}

impl Shell {
    fn perform(&mut self, event: &MoneyEvent) -> Verdict {
        let group = match event {
            MoneyEvent::Grant(id, account, currency, amount) => {
                let id = TransferId::from_u128(*id);
                Some(entries::grant(id, *account, *currency, *amount, "test"))
            }
            MoneyEvent::Hold(request, account, currency, amount, expires) => {
                let terms = entries::HoldTerms {
                    request: *request,
                    account: *account,
                    currency: *currency,
                    amount: *amount,
                    expires: *expires,
                    policy: Some(super::stamp()),
                    extended: 0,
                };
                let verdict = self.apply(entries::hold(&terms));
                if verdict == Verdict::Done {
                    self.terms.insert(request.as_u128(), terms);
                }
                return verdict;
            }
            MoneyEvent::Extend(request, amount, expires) => {
                let Some(terms) = self.terms.get(&request.as_u128()) else {
                    return Verdict::Refused;
                };
                let (larger, group) = entries::extend(terms, *amount, *expires);
                let verdict = self.apply(group);
                if verdict == Verdict::Done {
                    self.terms.insert(request.as_u128(), larger);
                }
                return verdict;
            }
            MoneyEvent::Settle(request, provider, parts) => {
                let terms = self.terms.get(&request.as_u128());
                terms.map(|terms| entries::settle(terms, record(Some(*provider), *parts)).unwrap())
            }
            MoneyEvent::Release(request) => {
                let terms = self.terms.get(&request.as_u128());
                terms.map(|terms| entries::release(terms, "test".into()))
            }
            MoneyEvent::Time(now) => {
                self.now = *now;
                // A ledger knows the time by what it is asked to apply, and a clock may go back before it is asked.
                let mut nothing = entries::release(&super::terms(1, 1, 1, 1), "test".into());
                nothing.transfers.clear();
                assert_eq!(self.apply(nothing), Verdict::Refused);
                for due in self.ledger.due(*now, usize::MAX) {
                    assert_eq!(self.apply(due), Verdict::Done);
                }
                return Verdict::Done;
            }
        };
        group.map_or(Verdict::Refused, |group| self.apply(group))
    }

    fn apply(&mut self, group: Group) -> Verdict {
        match self.ledger.apply(&group, self.now) {
            Ok(Applied::Created) => {
                let seq = u64::try_from(self.journal.len()).unwrap() + 1;
                self.journal.push(Entry {
                    seq,
                    at: self.ledger.now(),
                    group,
                });
                Verdict::Done
            }
            Ok(Applied::Exists) => Verdict::Repeat,
            Err(_) => Verdict::Refused,
        }
    }
}

#[test]
fn every_verdict_and_balance_is_as_predicted() {
    for seed in 0..40 {
        run(seed, 2_000);
    }
}

/// The clock went on and back again with nothing between, and a hold came that would have ended between the two.
#[test]
fn a_clock_that_goes_back_before_anything_happens_is_predicted_as_well() {
    run(13_239_305_316_035_055_914, 400);
}

#[test]
fn the_journal_replays_to_the_same_ledger_and_is_clean() {
    for seed in 100..110 {
        let (journal, ledger) = run(seed, 3_000);
        let mut audit = JournalAudit::new();
        for entry in &journal {
            audit.observe(entry);
        }
        let report = audit.finish();
        assert_eq!(report.breaches, []);
        assert_eq!(report.entries, u64::try_from(journal.len()).unwrap());
        assert_eq!(report.ledger.accounts(), ledger.accounts());
        let (replayed, live): (Vec<_>, Vec<_>) = (
            report.ledger.pending().collect(),
            ledger.pending().collect(),
        );
        assert_eq!(replayed, live);
        assert_eq!(report.pending, live.len());
    }
}
