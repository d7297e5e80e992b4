use super::{Change, Notice, Penalty, Refusal, SlashingPolicy, StandingKind, StandingRules};
use crate::{Fact, Grounds, PolicyStamp, Timestamp};

/// The most facts that a decision keeps, the most telling first.
const MAX_EVIDENCE: usize = 32;

/// What one application of an event decides by, and what it has decided.
pub(super) struct Court<'a> {
    pub(super) now: Timestamp,
    pub(super) rules: &'a StandingRules,
    pub(super) stamp: &'a PolicyStamp,
    pub(super) slashing: &'a dyn SlashingPolicy,
    decisions: Vec<Grounds>,
    penalties: Vec<Penalty>,
    pub(super) notice: Option<Notice>,
}

impl<'a> Court<'a> {
    pub(super) const fn new(
        now: Timestamp,
        rules: &'a StandingRules,
        stamp: &'a PolicyStamp,
        slashing: &'a dyn SlashingPolicy,
    ) -> Self {
        Self {
            now,
            rules,
            stamp,
            slashing,
            decisions: Vec::new(),
            penalties: Vec::new(),
            notice: None,
        }
    }

    pub(super) fn decide(
        &mut self,
        rule: impl Into<std::borrow::Cow<'static, str>>,
        evidence: &[Fact],
    ) -> Grounds {
        let mut grounds = Grounds::new(rule, self.stamp.clone());
        grounds.evidence = evidence.iter().take(MAX_EVIDENCE).cloned().collect();
        self.decisions.push(grounds.clone());
        grounds
    }

    /// The penalty as it is now; of one that changes twice the last word counts.
    pub(super) fn tell(&mut self, penalty: &Penalty) {
        self.penalties.retain(|told| told.id != penalty.id);
        self.penalties.push(penalty.clone());
    }

    pub(super) fn close(
        self,
        from: StandingKind,
        to: StandingKind,
        answer: Result<(), Refusal>,
    ) -> Change {
        Change {
            from,
            to,
            refused: answer.err(),
            decisions: self.decisions,
            penalties: self.penalties,
            notice: self.notice,
        }
    }
}
