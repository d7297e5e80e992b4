use serde::{Deserialize, Serialize};

/// Whom a failure speaks against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "there are three parties to a request"
)]
pub enum Blame {
    /// Whoever asked, or what was asked.
    Consumer,
    /// The provider, its model server or its line.
    Provider,
    /// The hub.
    Hub,
}

/// How one attempt at one provider ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the table of what counts must be whole"
)]
pub enum Ending {
    /// The answer was delivered.
    Served,
    /// The model server refused to say this (`content_filter`); an answer all the same.
    ContentFilter,
    /// The provider or its model server answered with a status that is no success.
    Status {
        /// The HTTP status.
        code: u16,
    },
    /// It could not be reached.
    Unreachable,
    /// Its connection was lost while the request was under way.
    Lost,
    /// Nothing came by the deadline of the first byte.
    NoFirstByte,
    /// It fell silent in the middle of its answer.
    Idle,
    /// The answer flowed until the time for an answer was over.
    TooLong,
    /// The answer was not what its operation promises: no JSON, no events, no choices.
    Malformed,
    /// The consumer went away.
    Cancelled,
    /// The consumer read so slowly that the hub's buffer was full.
    SlowConsumer,
    /// The request does not fit what this provider takes in one piece.
    TooLarge,
    /// This provider's protocol cannot carry such a request.
    Unsupported,
    /// As much is under way on its connection as that can carry.
    LineBusy,
    /// It had said that it goes.
    Draining,
    /// Another provider, asked beside it, showed content earlier.
    Outrun,
    /// It called the request wrong, and another one served it.
    RefusedAlone,
    /// The hub failed.
    HubFailed,
}

/// What an ending means to one of those who count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a count goes up, down or not at all"
)]
pub enum Counts {
    /// Good.
    Success,
    /// Bad.
    Failure,
    /// It says nothing.
    Neutral,
}

/// What an ending says, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// Whom it speaks against; `None` when nobody did anything wrong.
    pub blame: Option<Blame>,
    /// To the circuit breaker, which asks whether the provider works at all.
    pub breaker: Counts,
    /// To the recent success that routing weighs, which asks whether requests should go there now.
    pub routing: Counts,
    /// To the success rate of the provider's standing (Seed 001, "Inference success rate < 80%").
    pub standing: Counts,
    /// Whether another provider may do better, as long as the consumer has seen nothing.
    pub retry: bool,
}

impl Ending {
    /// The one table of who is to blame for what.
    ///
    /// | ending | blame | breaker | routing | standing | retry |
    /// |---|---|---|---|---|---|
    /// | served, content filter | nobody | good | good | good | no |
    /// | 400, 405, 406, 409, 411-417, 422, 431 | consumer | - | - | - | no |
    /// | 429 | provider | - | bad | - | yes |
    /// | refused alone | provider | - | bad | - | yes |
    /// | any other status | provider | bad | bad | bad | yes |
    /// | unreachable, lost, no first byte, idle, malformed | provider | bad | bad | bad | yes |
    /// | cancelled, slow consumer | consumer | - | - | - | no |
    /// | too large | consumer | - | - | - | yes |
    /// | unsupported, line busy, draining | hub | - | - | - | yes |
    /// | outrun | nobody | - | - | - | no |
    /// | too long, hub failed | hub | - | - | - | no |
    ///
    /// A 429 is busy and not broken: a provider that answers it works, so its breaker stays closed and its standing is not
    /// touched, but less traffic goes there while it lasts.
    ///
    /// A request that one model server calls wrong may still be served by another, whose window is longer or which knows a field more:
    /// [`is_refusal`](Self::is_refusal) says which statuses are worth one other opinion. Whoever refused what the other serves gets less
    /// traffic, and no more is held against it.
    ///
    /// ```
    /// use swan_core::health::{Blame, Counts, Ending};
    ///
    /// let busy = Ending::Status { code: 429 }.verdict();
    /// assert_eq!((busy.blame, busy.breaker, busy.routing), (Some(Blame::Provider), Counts::Neutral, Counts::Failure));
    /// ```
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Served | Self::ContentFilter => Verdict {
                blame: None,
                breaker: Counts::Success,
                routing: Counts::Success,
                standing: Counts::Success,
                retry: false,
            },
            Self::Status { code } => of_status(code),
            Self::Unreachable | Self::Lost | Self::NoFirstByte | Self::Idle | Self::Malformed => {
                FAILED
            }
            Self::Cancelled | Self::SlowConsumer => neutral(Some(Blame::Consumer), false),
            Self::TooLarge => neutral(Some(Blame::Consumer), true),
            Self::Unsupported | Self::LineBusy | Self::Draining => neutral(Some(Blame::Hub), true),
            Self::Outrun => neutral(None, false),
            Self::RefusedAlone => BUSY,
            Self::TooLong | Self::HubFailed => neutral(Some(Blame::Hub), false),
        }
    }

    /// Whether the model server called the request itself wrong.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        match self {
            Self::Status { code } => matches!(of_status(code).blame, Some(Blame::Consumer)),
            _ => false,
        }
    }

    /// Whether the model server itself broke, as it may over a request that breaks every model server.
    #[must_use]
    pub const fn is_server_error(self) -> bool {
        matches!(
            self,
            Self::Malformed | Self::Status { code: 500..=502 | 504..=599 }
        )
    }
}

/// Whether a request is likelier at fault than the providers that broke over it: at least two of them did, and none served it.
///
/// One provider's 500 is its own; when the next one breaks over the same request as well, their breakers, weights and standings
/// should not pay for it.
#[must_use]
pub fn is_poison(endings: &[Ending]) -> bool {
    let broke = endings
        .iter()
        .filter(|ending| ending.is_server_error())
        .count();
    broke >= 2 && !endings.contains(&Ending::Served)
}

const FAILED: Verdict = Verdict {
    blame: Some(Blame::Provider),
    breaker: Counts::Failure,
    routing: Counts::Failure,
    standing: Counts::Failure,
    retry: true,
};

/// It works, and should get less for now.
const BUSY: Verdict = Verdict {
    breaker: Counts::Neutral,
    standing: Counts::Neutral,
    ..FAILED
};

const fn neutral(blame: Option<Blame>, retry: bool) -> Verdict {
    Verdict {
        blame,
        breaker: Counts::Neutral,
        routing: Counts::Neutral,
        standing: Counts::Neutral,
        retry,
    }
}

const fn of_status(code: u16) -> Verdict {
    match code {
        400 | 405 | 406 | 409 | 411..=417 | 422 | 431 => neutral(Some(Blame::Consumer), false),
        429 => BUSY,
        _ => FAILED,
    }
}
