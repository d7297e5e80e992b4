//! What must be true afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use swan_core::ledger::{Detail, Entry};
use swan_hub::ledger::read_journal;
use swan_hub::store::Store;

use super::consumer::Deeds;
use crate::Failure;

/// The most that is told of what is wrong with each rule.
const TOLD: usize = 5;

/// Every charge of the journal in pico-units, by request.
#[derive(Debug, Default)]
pub(super) struct Charges(BTreeMap<String, Vec<i128>>);

impl Charges {
    pub(super) async fn read(store: &dyn Store) -> Result<Self, Failure> {
        let mut charges = Self::default();
        read_journal(store, 1, |entry| charges.observe(&entry)).await?;
        Ok(charges)
    }

    fn observe(&mut self, entry: &Entry) {
        if let (Detail::Charge(record), Some(request)) =
            (&entry.group.cause.detail, entry.group.cause.request)
        {
            let of_it = self.0.entry(request.to_string()).or_default();
            of_it.push(record.gross.pico());
        }
    }
}

/// Everything that is known at the end.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) deeds: Deeds,
    /// How long each start took.
    pub(super) kills: Vec<Duration>,
    /// What `audit --json` says.
    pub(super) audit: Value,
    pub(super) charges: Charges,
}

impl Verdict {
    /// The report, and whether everything is right.
    pub(super) fn report(&self, seed: u64) -> (String, bool) {
        let deeds = &self.deeds;
        let all = self.charges.0.len();
        let longest = self.kills.iter().max().copied().unwrap_or_default();
        let mut text = format!(
            "{} kills, seed {seed}; {} answers seen to the end, {} more with a key ({} of them asked again), {} broken, {} refused; {all} charges; the longest start took {longest:.1?}\n\n",
            self.kills.len(),
            deeds.seen.len(),
            deeds.keyed.len(),
            deeds.repeated,
            deeds.broken,
            deeds.refused.len(),
        );
        let mut passed = true;
        for (rule, wrong) in [
            (
                "consumers were answered as they must be",
                deeds.wrong.clone(),
            ),
            ("no request is charged twice", self.twice()),
            (
                "every answer whose end was seen is charged, at the price that was told",
                self.seen(),
            ),
            (
                "a request with a key is charged once, however often it was asked",
                self.lost(),
            ),
            ("what was refused is not charged", self.refused()),
            (
                "every other charge is of a request that broke",
                self.others(),
            ),
            ("the audit is clean and nothing is held", self.audited()),
        ] {
            passed &= wrong.is_empty();
            let mark = if wrong.is_empty() { "yes" } else { "**NO**" };
            let _infallible = writeln!(text, "* {rule}: {mark}");
            for line in wrong.iter().take(TOLD) {
                let _infallible = writeln!(text, "  * {line}");
            }
        }
        (text, passed)
    }

    fn twice(&self) -> Vec<String> {
        let twice = self
            .charges
            .0
            .iter()
            .filter(|(_, charges)| charges.len() > 1);
        twice
            .map(|(id, charges)| format!("{id}: {charges:?}"))
            .collect()
    }

    fn seen(&self) -> Vec<String> {
        let seen = self.deeds.seen.iter().chain(&self.deeds.keyed);
        let is_wrong = |(id, cost): &&(String, i128)| self.charges.0.get(id) != Some(&vec![*cost]);
        let wrong = seen.filter(is_wrong);
        wrong
            .map(|(id, cost)| format!("{id}: {cost} seen, {:?} charged", self.charges.0.get(id)))
            .collect()
    }

    fn lost(&self) -> Vec<String> {
        let is_missing = |id: &&String| !self.charges.0.contains_key(*id);
        let missing = self.deeds.lost.iter().filter(is_missing);
        missing
            .map(|id| format!("{id}: said to be charged, and is not"))
            .collect()
    }

    fn refused(&self) -> Vec<String> {
        let refused = self.deeds.refused.iter();
        let charged = refused.filter(|(id, _)| self.charges.0.contains_key(id));
        charged.map(|(id, code)| format!("{id}: {code}")).collect()
    }

    /// Requests with keys are all explained, so what is left must have broken, and have had no key.
    fn others(&self) -> Vec<String> {
        let deeds = &self.deeds;
        let known = deeds.seen.iter().chain(&deeds.keyed).map(|(id, _)| id);
        let known: BTreeSet<&String> = known.chain(&deeds.lost).collect();
        let others = self
            .charges
            .0
            .keys()
            .filter(|id| !known.contains(id))
            .count() as u64;
        if others <= deeds.broken {
            return Vec::new();
        }
        vec![format!(
            "{others} charges nobody saw, {} requests broke",
            deeds.broken
        )]
    }

    fn audited(&self) -> Vec<String> {
        let of = |name: &str| self.audit.get(name).cloned().unwrap_or_default();
        if of("clean") == Value::Bool(true) && of("pending") == 0 {
            return Vec::new();
        }
        vec![format!("{} pending, {}", of("pending"), of("breaches"))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(charged: &[(&str, &[i128])]) -> Verdict {
        let charges = charged
            .iter()
            .map(|(id, all)| ((*id).to_owned(), all.to_vec()));
        Verdict {
            deeds: Deeds {
                seen: vec![("a".into(), 5)],
                keyed: vec![("b".into(), 6)],
                lost: vec!["c".into()],
                refused: vec![("d".into(), "no_provider".into())],
                broken: 1,
                ..Deeds::default()
            },
            kills: Vec::new(),
            audit: serde_json::json!({"clean": true, "pending": 0}),
            charges: Charges(charges.collect()),
        }
    }

    #[test]
    fn what_differs_from_what_was_seen_is_found() {
        let right: [(&str, &[i128]); 4] = [("a", &[5]), ("b", &[6]), ("c", &[7]), ("x", &[8])];
        assert!(verdict(&right).report(1).1);
        assert!(
            verdict(&right[..3]).report(1).1,
            "what broke may be charged or not"
        );
        for (wrong, place) in [
            (("a", &[5_i128, 5][..]), 0),
            (("a", &[4][..]), 0),
            (("z", &[5][..]), 0),
            (("z", &[7][..]), 2),
            (("d", &[8][..]), 3),
        ] {
            let mut charged = right;
            charged[place] = wrong;
            assert!(!verdict(&charged).report(1).1, "{wrong:?}");
        }
        let one_more: Vec<_> = right.into_iter().chain([("y", &[1][..])]).collect();
        assert!(!verdict(&one_more).report(1).1);
    }
}
