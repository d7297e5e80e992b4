use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Destination, Slash};
use crate::{CaseId, Grounds, ProviderId, Timestamp};

/// What an offence costs, as a [`SlashingPolicy`](super::SlashingPolicy) says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "rules of one's own build it")]
pub struct Measure {
    /// The rule, named by its source.
    pub rule: Cow<'static, str>,
    /// How much collateral it costs.
    pub slash: Slash,
    /// Where that goes.
    pub destination: Destination,
    /// How long requests stay away from the provider, from the moment of the decision.
    pub suspension: Option<Duration>,
    /// Whether the provider is removed once the penalty is carried out.
    pub removal: bool,
}

/// A penalty with everything that whoever is punished may ask: by which rule, on what evidence, how much, and until when it
/// may be appealed.
///
/// It starts [held](PenaltyState::Held): the money is set aside and nobody has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Penalty {
    /// The case: the benchmark run, the proof of fraud. One case has one penalty at most.
    pub id: CaseId,
    /// Who is punished.
    pub provider: ProviderId,
    /// Rule, policy and evidence.
    pub grounds: Grounds,
    /// How much collateral is lost.
    pub slash: Slash,
    /// Where it goes.
    pub destination: Destination,
    /// Until when the provider is kept from requests by it, if it is.
    pub suspended_until: Option<Timestamp>,
    /// Whether the provider is removed when it is carried out.
    pub removal: bool,
    /// Which failure in a row it was, for a failed benchmark.
    pub in_a_row: Option<u32>,
    /// Counts the provider's runs of failures, so that an appeal is set against its own.
    pub streak: u32,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Where it stands.
    pub state: PenaltyState,
}

impl Penalty {
    /// Whether money is set aside for it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.state.is_open()
    }
}

/// Where a penalty stands.
///
/// ```text
/// held --appeal--> appealed --denied--> carried out (denied)
///  |                  |------upheld---> lifted (upheld)
///  |                  '--no decision--> lifted (undecided)
///  '--window ends--> carried out (lapsed)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever carries a penalty out handles each"
)]
pub enum PenaltyState {
    /// The money is set aside; the provider may appeal.
    Held {
        /// The end of the appeal window.
        until: Timestamp,
    },
    /// The provider has appealed; the money stays set aside.
    Appealed {
        /// When an appeal that nobody decides counts as upheld, since nobody waits for ever for money.
        decide_by: Timestamp,
    },
    /// The money goes where the rule says.
    CarriedOut {
        /// Since when.
        at: Timestamp,
        /// Why it came to that.
        why: Final,
    },
    /// The money is released, and the standing is as if it had not been decided.
    Lifted {
        /// Since when.
        at: Timestamp,
        /// Why it came to that.
        why: Lift,
    },
}

/// Why a penalty was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "there are two ways")]
pub enum Final {
    /// Nobody appealed in time.
    Lapsed,
    /// The appeal was denied.
    Denied,
}

/// Why a penalty was lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "there are two ways")]
pub enum Lift {
    /// The appeal was upheld.
    Upheld,
    /// Nobody decided the appeal in time.
    Undecided,
}

/// What happens to a penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "its whole life")]
pub enum PenaltyEvent {
    /// Time passes.
    Tick,
    /// The provider appeals.
    Appeal,
    /// The appeal is upheld.
    Uphold,
    /// The appeal is denied.
    Deny,
}

/// Why an event does nothing to a penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppealError {
    /// It was carried out or lifted already.
    #[error("the penalty is already decided for good")]
    Closed,
    /// There is nothing to decide, since nobody appealed.
    #[error("nobody has appealed against this penalty")]
    NotAppealed,
    /// The appeal is there already.
    #[error("this penalty is already appealed against")]
    AlreadyAppealed,
}

impl PenaltyState {
    /// Whether money is set aside.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Held { .. } | Self::Appealed { .. })
    }

    /// The state after `event` at `now`; `decision` is how long an appeal may stay undecided.
    ///
    /// What is due by time happens first: an appeal that comes when the window has ended finds the penalty carried out.
    ///
    /// # Errors
    ///
    /// [`AppealError`] says why the event changes nothing.
    pub fn on(
        self,
        event: PenaltyEvent,
        now: Timestamp,
        decision: Duration,
    ) -> Result<Self, AppealError> {
        use PenaltyEvent as E;
        match (self.due(now), event) {
            (state, E::Tick) => Ok(state),
            (Self::Held { .. }, E::Appeal) => Ok(Self::Appealed {
                decide_by: now.after(decision),
            }),
            (Self::Held { .. }, E::Uphold | E::Deny) => Err(AppealError::NotAppealed),
            (Self::Appealed { .. }, E::Appeal) => Err(AppealError::AlreadyAppealed),
            (Self::Appealed { .. }, E::Uphold) => Ok(Self::Lifted {
                at: now,
                why: Lift::Upheld,
            }),
            (Self::Appealed { .. }, E::Deny) => Ok(Self::CarriedOut {
                at: now,
                why: Final::Denied,
            }),
            (Self::CarriedOut { .. } | Self::Lifted { .. }, E::Appeal | E::Uphold | E::Deny) => {
                Err(AppealError::Closed)
            }
        }
    }

    fn due(self, now: Timestamp) -> Self {
        match self {
            Self::Held { until } if now >= until => Self::CarriedOut {
                at: until,
                why: Final::Lapsed,
            },
            Self::Appealed { decide_by } if now >= decide_by => Self::Lifted {
                at: decide_by,
                why: Lift::Undecided,
            },
            Self::Held { .. }
            | Self::Appealed { .. }
            | Self::CarriedOut { .. }
            | Self::Lifted { .. } => self,
        }
    }
}
