//! A stream is paid for in slices: what is held covers its input and a part of its answer, and more is set aside as it goes on.
//! Before each write, since nothing may reach the consumer that is not covered; a whole answer has its worst case held, because
//! it could not be ended in the middle without work that nobody sees and nobody pays.

use std::time::Duration;

use swan_core::health::Ending;
use swan_core::{Amount, Currency, ProviderId, RequestEvent, Seen, Usage, Work};
use tokio::time::Instant;

use super::RequestError;
use super::funds::in_usd;
use super::hold::HoldFailed;
use super::parse::Asked;
use super::quoted::Quoted;
use super::receipt::Settling;
use super::settle::Bill;
use super::tally::Tally;
use super::unanswered::AttemptsFailed;
use crate::admission::Refused;
use crate::config::Limits;
use crate::events::Outcome;
use crate::ledger::LedgerError;

/// How far what is held reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Covered {
    /// The completion tokens that are paid for, of all choices together.
    tokens: u64,
    /// How many the next slice has, at least.
    slice: u64,
    /// As long as the stream has no more bytes of content than this, nothing has to be looked at.
    look_after: u64,
    /// Until when a hold of the request may be needed.
    until: Instant,
}

/// What of a stream goes to the consumer, when the event after it does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(super) out: usize,
    bytes: u64,
    events: u64,
    tokens: u64,
}

/// Why a stream must not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// It has come to the end of what was asked for. What has come last is still delivered.
    UsedUp { tokens: u64 },
    /// More was not to be had. What has come last is not delivered.
    Unfunded(RequestError),
}

impl Stop {
    pub(super) const fn ending(&self) -> Ending {
        match self {
            Self::UsedUp { .. } => Ending::TooLong,
            Self::Unfunded(_) => Ending::Cancelled,
        }
    }
}

impl From<Stop> for RequestError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::UsedUp { tokens } => AttemptsFailed::UsedUp { tokens }.into(),
            Stop::Unfunded(error) => error,
        }
    }
}

impl Mark {
    pub(super) const fn of(out: usize, tally: &Tally) -> Self {
        Self {
            out,
            bytes: tally.content_bytes,
            events: tally.content_events,
            tokens: tally.content_tokens(),
        }
    }

    pub(super) const fn nothing() -> Self {
        Self {
            out: 0,
            bytes: 0,
            events: 0,
            tokens: 0,
        }
    }
}

impl Covered {
    /// What is held at first for a request; `None` when its worst case is.
    pub(super) fn at_first(
        asked: &Asked,
        quoted: &Quoted,
        limits: &Limits,
        lasts: Duration,
    ) -> Option<Self> {
        let slice = limits.stream_slice_tokens;
        let is_longer = asked.is_stream() && slice > 0 && quoted.most_tokens() > slice;
        is_longer.then_some(Self {
            tokens: slice,
            slice,
            look_after: 0,
            until: Instant::now() + lasts,
        })
    }

    pub(super) const fn tokens(&self) -> u64 {
        self.tokens
    }

    /// As many more tokens as are asked for first: the longer the answer, the more, so that the slices of one are few.
    fn step(&self) -> u64 {
        self.slice.max(self.tokens / 2)
    }

    /// The next look is where half of what is left may be used up: each byte is a token at most, and may stand for the like in
    /// choices that are not shown.
    fn look_later(&mut self, work: &Work, content_bytes: u64, most: u64) {
        let hidden = match work {
            Work::Text {
                choices, generated, ..
            } => generated.div_ceil((*choices).max(1)).max(1),
            Work::Vectors | Work::Images { .. } | Work::Audio { .. } => 1,
        };
        let left = self.tokens.saturating_sub(most);
        self.look_after = content_bytes.saturating_add(left / hidden.saturating_mul(2));
    }
}

impl Bill {
    /// Whether what the tally has counted may go to the consumer, and more may follow.
    pub(super) fn goes_on(&mut self, tally: &Tally) -> Result<(), Stop> {
        if let Some(covered) = self.covered
            && tally.content_bytes > covered.look_after
        {
            self.look(covered, tally).map_err(Stop::Unfunded)?;
        }
        let Some(quoted) = &self.quoted else {
            return Ok(());
        };
        let metering = self.hub().policy.metering();
        match metering.is_work_used_up(&quoted.work, tally.content_bytes) {
            true => Err(Stop::UsedUp {
                tokens: self.seen.max_output_tokens,
            }),
            false => Ok(()),
        }
    }

    /// Sets more aside where what the tally has counted may cost more than is held.
    fn look(&mut self, mut covered: Covered, tally: &Tally) -> Result<(), RequestError> {
        let Some(work) = self.quoted.as_ref().map(|quoted| quoted.work) else {
            return Ok(());
        };
        let seen = Seen {
            content_bytes: tally.content_bytes,
            content_tokens: Some(tally.content_tokens()),
            ..self.seen
        };
        let most = self.hub().policy.metering().most_so_far(&work, &seen);
        if most > covered.tokens {
            covered.tokens = self.cover(&covered, most)?;
        }
        covered.look_later(&work, tally.content_bytes, most);
        self.covered = Some(covered);
        Ok(())
    }

    /// Sets enough aside for `least` tokens and, if there is as much, for a slice more. Answers for how many there is enough.
    fn cover(&mut self, covered: &Covered, least: u64) -> Result<u64, RequestError> {
        let mut more = covered.step();
        let lasts = covered.until.saturating_duration_since(Instant::now());
        loop {
            let tokens = least.saturating_add(more);
            match self.set_aside(tokens, lasts) {
                Ok(()) => return Ok(tokens),
                Err(RequestError::Limit(refused)) if more == 0 => {
                    return Err(self.hub().desk.counted(refused).into());
                }
                Err(error) if more == 0 => return Err(error),
                // The last cents are used as well.
                Err(_) => more /= 2,
            }
        }
    }

    /// Holds what so many tokens cost where they are generated.
    fn set_aside(&mut self, tokens: u64, lasts: Duration) -> Result<(), RequestError> {
        let (Some(hold), Some(quoted)) = (&self.hold, &self.quoted) else {
            return Ok(());
        };
        let terms = quoted.quote.terms();
        let (amount, held) = (quoted.cost_of(self.at, tokens), hold.amount());
        let Ok(more) = amount.checked_sub(held) else {
            return Ok(());
        };
        if more <= Amount::ZERO {
            return Ok(());
        }
        let (usd, currency) = (in_usd(terms, more), terms.currency());
        let expires = self.hub().clock.now().after(lasts);
        if let Some(pass) = self.pass() {
            pass.hold_more(usd).map_err(cap_ended)?;
        }
        let Some(hold) = &mut self.hold else {
            return Ok(());
        };
        let Err(error) = hold.extend(amount, expires) else {
            return Ok(());
        };
        if let Some(pass) = self.pass() {
            pass.give_back_spend(usd);
        }
        Err(funds_ended(&error, currency).into())
    }

    /// Ends the request after what is marked: charges that, and nothing that came later.
    pub(super) fn settle_at(&mut self, mark: &Mark) -> Settling {
        if mark.events > self.seen.content_events {
            self.content(mark.bytes, mark.events, Some(mark.tokens));
        }
        // What the model server says may count what the consumer does not get.
        self.usage = None;
        if self.seen.content_events == 0 {
            self.step(RequestEvent::GiveUp);
            if let Some(hold) = self.hold.take() {
                hold.release("the funds ended before anything was delivered");
            }
            return Settling::nothing();
        }
        self.settle_partly(Outcome::Broken)
    }
}

impl Quoted {
    /// The most tokens that any of the models may give.
    fn most_tokens(&self) -> u64 {
        let others = self.others.iter().map(Self::most_tokens);
        others.fold(self.work.max_output_tokens(), u64::max)
    }

    /// The most that the request can cost with an answer of so many tokens, whoever serves it.
    pub(super) fn amount_of(&self, tokens: u64) -> Amount {
        let others = self.others.iter().map(|other| other.amount_of(tokens));
        let own = self
            .own
            .iter()
            .map(|(at, _)| self.cost_of(Some(*at), tokens));
        others
            .chain(own)
            .fold(self.cost_of(None, tokens), Amount::max)
    }

    /// The most that it can cost there.
    fn cost_of(&self, at: Option<ProviderId>, tokens: u64) -> Amount {
        let quote = self.quote_at(at);
        let worst = quote.worst();
        let usage = Usage::tokens(worst.prompt_tokens, 0, tokens.min(worst.completion_tokens));
        // An error cannot be: the worst case had a price.
        quote.terms().price(&usage).unwrap_or(quote.amount())
    }
}

fn cap_ended(refused: Refused) -> Refused {
    match refused {
        Refused::SpendCap {
            holder, cap, per, ..
        } => Refused::CapEnded { holder, cap, per },
        other => other,
    }
}

fn funds_ended(error: &LedgerError, currency: Currency) -> HoldFailed {
    match error {
        LedgerError::InsufficientFunds { .. } => HoldFailed::FundsEnded { currency },
        LedgerError::Unavailable { .. } => HoldFailed::Unavailable,
        other => {
            tracing::error!(error = %other, "a hold could not be extended");
            HoldFailed::Ledger(other.to_string())
        }
    }
}
