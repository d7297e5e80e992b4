//! What providers do about the requests of a day: most answer, some in every bad way.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use swan_core::protocol::{Request, StreamEnd};

use super::ask::tag_of;
use super::auditor::Auditor;
use super::weather::Bug;
use crate::dice::Dice;
use crate::gateway::answer::{streamed, usage, whole};
use crate::gateway::provider::{Act, Script};

const WORDS_MAX: u64 = 8;
/// How long the id of a request is.
const ID_CHARS: usize = 36;
/// More than anybody believes.
const TOO_MANY: i128 = 1_000_000;

/// What will be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) words: u64,
    /// The tokens of the prompt, as the provider counts them.
    pub(super) prompt: i128,
    pub(super) claim: Claim,
    pub(super) deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// As many tokens as words.
    Honest,
    Nothing,
    TooMuch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Serves,
    /// A status in the place of an answer.
    Refuses(u16),
    /// After so many words the connection to the model server breaks.
    Breaks(u64),
    /// After so many words there is no more, and nothing says that this was the end.
    Stops(u64),
    /// After so many words the model server says that it has failed.
    Fails(u64),
    /// After so many words there is silence.
    Hangs(u64),
}

impl Plan {
    /// How it is answered is decided by the dice of the request, not by when it comes.
    fn draw(dice: &mut Dice, misdeeds: u64) -> Self {
        let words = dice.between(1, WORDS_MAX);
        let claim = match dice.below(10) {
            0 => Claim::Nothing,
            1 => Claim::TooMuch,
            _ => Claim::Honest,
        };
        let after = dice.below(words + 1);
        let deed = match dice.below(16) {
            _ if !dice.chance(misdeeds) => Deed::Serves,
            0..3 => Deed::Refuses(dice.pick(&[400, 429, 500, 503])),
            3..7 => Deed::Breaks(after),
            7..10 => Deed::Stops(after),
            10..15 => Deed::Fails(after),
            _ => Deed::Hangs(after),
        };
        Self {
            words,
            prompt: i128::from(dice.between(5, 20)),
            claim,
            deed,
        }
    }

    fn acts(&self, is_stream: bool) -> VecDeque<Act> {
        let told = match self.claim {
            Claim::Honest => Some(i128::from(self.words)),
            Claim::Nothing => None,
            Claim::TooMuch => Some(TOO_MANY),
        };
        let usage = told.map(|told| usage(self.prompt, told));
        let all: VecDeque<_> = match is_stream {
            true => streamed(self.words, usage.as_deref()).collect(),
            false => VecDeque::from(whole(self.words, usage.as_deref())),
        };
        let end = Act::Finish(StreamEnd::default());
        let failed = Bytes::from_static(match is_stream {
            true => b"data: {\"error\":{\"message\":\"out of memory\"}}\n\n",
            false => b"{\"error\":{\"message\":\"out of memory\"}}",
        });
        let (after, last) = match self.deed {
            Deed::Serves => return all,
            Deed::Refuses(status) => {
                let head = Act::Head(status, "application/json");
                return VecDeque::from([head, Act::Body(failed, 0), end]);
            }
            Deed::Breaks(after) => (after, vec![Act::Fail]),
            Deed::Stops(after) => (after, vec![end]),
            Deed::Fails(after) => (after, vec![Act::Body(failed, 0), end]),
            Deed::Hangs(after) => (after, Vec::new()),
        };
        // A whole answer comes in one piece, so that of a broken one there is only the head.
        let after = if is_stream { after } else { 0 };
        let begun = all.into_iter().take(1 + usize::try_from(after).unwrap());
        begun.chain(last).collect()
    }
}

/// One provider's part in a day.
pub(super) struct Part {
    pub(super) who: usize,
    pub(super) seed: u64,
    /// Of a thousand requests so many are not served as they should be.
    pub(super) misdeeds: u64,
    pub(super) auditor: Arc<Auditor>,
    pub(super) bug: Option<Bug>,
}

impl Script for Part {
    fn answer(&self, request: &Request) -> (usize, VecDeque<Act>) {
        let tag = tag_of(&request.body);
        let attempt = self.auditor.attempts(tag);
        let purpose = 1 << 40 | (tag as u64) << 8 | attempt;
        let plan = Plan::draw(&mut Dice::new(self.seed, purpose), self.misdeeds);
        // What follows the id is which attempt this is.
        let id = request.request_id.chars().take(ID_CHARS).collect();
        let number = self.auditor.delivers(tag, id, self.who, plan);
        (number, plan.acts(request.streaming))
    }

    fn said(&self, answer: usize, words: u64) {
        self.auditor.said(answer, words);
    }

    fn disturbed(&self) {
        // Frames that are there twice and nobody knows why are a bug of whoever counts them.
        if self.bug != Some(Bug::CountsTwice) {
            self.auditor.disturbed(self.who);
        }
    }
}
