use serde::{Deserialize, Serialize};

use super::{GovernanceRules, ProposalEvent};
use crate::{Amount, BasisPoints, MoneyError};

/// What a voter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "there are three answers")]
pub enum Choice {
    /// For the proposal.
    Yes,
    /// Against it.
    No,
    /// Neither; it counts to the quorum only.
    Abstain,
}

/// The stake behind each answer, in SWAN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "it is the three answers; tests and shells build it"
)]
pub struct Tally {
    /// For the proposal.
    pub yes: Amount,
    /// Against it.
    pub no: Amount,
    /// Neither.
    pub abstain: Amount,
}

impl Tally {
    /// The tally with one more vote.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when the stake of one answer is no amount.
    pub fn with(mut self, choice: Choice, power: Amount) -> Result<Self, MoneyError> {
        let side = match choice {
            Choice::Yes => &mut self.yes,
            Choice::No => &mut self.no,
            Choice::Abstain => &mut self.abstain,
        };
        *side = side.checked_add(power)?;
        Ok(self)
    }

    /// How a vote ends with this tally, when `total` was the whole stake at its snapshot.
    ///
    /// Exactly the quorum is enough; exactly the majority share is not (SIP-003, public record 3.5: "10 % of stake as
    /// quorum, > 50 % yes"). Nobody's yes passes nothing, and no stake at all is no quorum.
    #[must_use]
    pub fn outcome(&self, total: Amount, rules: &GovernanceRules) -> ProposalEvent {
        let share = |part: i128, whole: i128, of: BasisPoints| {
            // Three amounts times 10,000 stay far inside 128 bits.
            let whole_share = whole * i128::from(of.get());
            (part * i128::from(BasisPoints::WHOLE.get())).cmp(&whole_share)
        };
        let [yes, no, abstain] = [self.yes, self.no, self.abstain].map(Amount::pico);
        let voted = yes + no + abstain;
        if total <= Amount::ZERO || voted == 0 || share(voted, total.pico(), rules.quorum()).is_lt()
        {
            ProposalEvent::MissQuorum
        } else if share(yes, yes + no, rules.majority_above()).is_gt() {
            ProposalEvent::Pass
        } else {
            ProposalEvent::Reject
        }
    }
}
