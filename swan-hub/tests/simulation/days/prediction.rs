//! What an answer costs, by the catalogue and by what was delivered. It shares no code with the hub.

use super::ask::{Seen, Shape, TOKENS_MAX};
use super::script::{Claim, Deed, Plan};
use crate::gateway::answer::WORD;

/// $0.01 for a million tokens in, $0.03 out.
const fn price(prompt: i128, completion: i128) -> i128 {
    prompt * 10_000 + completion * 30_000
}

/// What a body of so many bytes may cost before anything is delivered, and in all.
pub(super) fn sets_aside(shape: Shape, body: &str) -> [i128; 2] {
    // Every byte a token, and as many as a chat template may add.
    let prompt = body.len() as i128 + 128;
    let first = if shape.is_stream() { SLICE } else { TOKENS_MAX };
    [price(prompt, first), price(prompt, TOKENS_MAX)]
}

/// The tokens that a stream has set aside at a time.
pub(super) const SLICE: i128 = 20;

/// How many tokens a hub counts in so many words: a word of up to four letters costs 57 parts of 64, and a fifth letter 13.
fn counted(words: u64) -> i128 {
    (i128::from(words) * 70 + 32) / 64
}

/// How many tokens of so many words are believed: twice what is counted, and those that show no text; of no words none.
fn believed(words: u64) -> i128 {
    if words == 0 {
        return 0;
    }
    let bytes = i128::from(words) * WORD.len() as i128;
    let most = bytes.min((2 * counted(words)).max(bytes / 4)) + 16;
    most.min(TOKENS_MAX)
}

impl Plan {
    /// What an answer costs whose usage the hub was told.
    fn claimed(&self, shape: Shape, words: u64) -> i128 {
        match self.claim {
            Claim::Honest => price(self.prompt, i128::from(self.words).min(believed(words))),
            Claim::TooMuch => price(self.prompt, believed(words)),
            Claim::Nothing => unclaimed(shape, words),
        }
    }
}

/// What an answer costs of which nobody said how much it was.
fn unclaimed(shape: Shape, words: u64) -> i128 {
    price(shape.own_prompt(), counted(words))
}

/// What was delivered for a request.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) tag: usize,
    pub(super) request: String,
    pub(super) who: usize,
    pub(super) plan: Plan,
    /// The words that the provider has sent.
    pub(super) said: u64,
    /// The order of its frames is not what it was.
    pub(super) is_disturbed: bool,
}

/// How a request came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has none: the hub has died, or it goes on.
    Open,
    /// The consumer has left.
    Left,
    /// The consumer has read whatever there was.
    Read,
}

/// What a request may be charged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) amounts: Vec<i128>,
    /// Or nothing.
    pub(super) free: bool,
}

/// What else is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knows {
    /// The answer goes on when its consumer has left.
    pub(super) is_keyed: bool,
    /// What was in memory alone is lost.
    pub(super) is_dead: bool,
    /// The store has failed.
    pub(super) was_bad: bool,
    /// Holds may have been over before their time.
    pub(super) has_jumped: bool,
}

impl Allowed {
    /// What a request may be charged, by what was delivered for it and what its consumer saw.
    pub(super) fn of(
        (shape, end, knows): (Shape, End, Knows),
        seen: &Seen,
        delivered: &[&Delivery],
    ) -> Self {
        let mut allowed = Self::default();
        let served = |delivery: &&&Delivery| delivery.plan.deed == Deed::Serves;
        let whole = || delivered.iter().filter(served);
        let words = seen.words;
        match end {
            End::Read if seen.is_whole() => {
                for delivery in whole() {
                    allowed.may_be(delivery.plan.claimed(shape, words));
                    if delivery.is_disturbed && shape.is_stream() {
                        // The usage may have come too late.
                        allowed.may_be(unclaimed(shape, words));
                    }
                }
                // A word that got lost with the end of its answer leaves an answer that looks whole.
                if delivered.iter().any(|delivery| delivery.is_disturbed) && shape.is_stream() {
                    allowed.may_be(unclaimed(shape, words));
                }
            }
            End::Read if seen.status == Some(200) => {
                allowed.broken(shape, words, delivered);
                let is_unsure = knows.is_dead && knows.was_bad || knows.has_jumped;
                allowed.free = words == 0 || is_unsure;
            }
            End::Read => {
                allowed.free = true;
                if seen.code == "ledger_unavailable" {
                    for delivery in whole() {
                        allowed.may_be(delivery.plan.claimed(shape, delivery.plan.words));
                    }
                }
            }
            End::Left | End::Open if !shape.is_stream() => {
                allowed.free = true;
                for delivery in whole() {
                    allowed.may_be(delivery.plan.claimed(shape, delivery.plan.words));
                }
            }
            End::Left if !knows.is_keyed => {
                allowed.broken(shape, words, delivered);
                allowed.free = words == 0 || knows.is_dead || knows.has_jumped;
            }
            End::Left | End::Open => {
                allowed.free = true;
                let most = delivered.iter().map(|delivery| 2 * delivery.said).max();
                for words in words..=most.unwrap_or(words).max(words) {
                    allowed.broken(shape, words, delivered);
                }
            }
        }
        allowed
    }

    fn may_be(&mut self, amount: i128) {
        if !self.amounts.contains(&amount) {
            self.amounts.push(amount);
        }
    }

    /// The stream ended after so many words, or at its end.
    fn broken(&mut self, shape: Shape, words: u64, delivered: &[&Delivery]) {
        if words == 0 {
            return;
        }
        self.may_be(unclaimed(shape, words));
        for delivery in delivered {
            let is_all = words >= delivery.plan.words && delivery.plan.deed == Deed::Serves;
            if is_all || delivery.is_disturbed {
                self.may_be(delivery.plan.claimed(shape, words));
            }
        }
    }

    pub(super) fn least(&self) -> i128 {
        let least = self.amounts.iter().min().copied();
        least.filter(|_| !self.free).unwrap_or(0)
    }

    pub(super) fn most(&self) -> i128 {
        self.amounts.iter().max().copied().unwrap_or(0)
    }

    /// There is one thing that it can be.
    pub(super) fn is_exact(&self) -> bool {
        self.amounts.len() + usize::from(self.free) == 1
    }
}
