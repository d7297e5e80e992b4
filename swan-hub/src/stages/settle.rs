//! What the request costs. Last of all that moves money, and before the consumer sees the end of its answer: an end that
//! was seen is a charge that survives a crash.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use swan_core::health::Ending;
use swan_core::ledger::ChargeRecord;
use swan_core::protocol::{Operation, StreamEnd};
use swan_core::{
    Amount, Basis, Currency, ProviderId, ReportedUsage, RequestEvent, RequestId, RequestState,
    Seen, Usage, Work,
};
use tokio::time::Instant;

use super::RequestError;
use super::admit::Admission;
use super::authenticate::Consumer;
use super::quoted::Quoted;
use super::record::Recorder;
use super::tally::Tally;
use crate::events::Outcome;
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::ledger::{Hold, Settled};
use crate::providers::{self, AttemptError, ConnectionMode, Slot, Suspect};

/// Everything that one request must give back: its funds, its place at a provider, its place in the hub, its record.
///
/// Dropped at any point, it charges what was delivered until then and releases the rest.
#[derive(Debug)]
pub(crate) struct Bill {
    hub: Arc<Shared>,
    state: RequestState,
    pub(super) quoted: Option<Quoted>,
    hold: Option<Hold>,
    slot: Option<Slot>,
    /// Who is paid: a provider, or nobody but the hub itself for its own endpoints.
    payee: Option<ProviderId>,
    /// Who serves, paid or not.
    at: Option<ProviderId>,
    dispatched: Instant,
    pub(super) seen: Seen,
    usage: Option<Bytes>,
    /// Why this provider was chosen, where the consumer wants to know.
    trace: Option<String>,
    pub(super) recorder: Recorder,
    /// The last to go, so that a hub that drains has nothing left to do when it is empty.
    admission: Option<Admission>,
}

/// What was charged, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// What was asked for.
    pub(crate) work: Work,
    pub(crate) usage: Usage,
    /// Whether the model server's own usage object says the same.
    pub(crate) trusted: bool,
    pub(crate) cost: Amount,
}

/// A charge on its way to the disk.
#[derive(Debug)]
pub(crate) struct Settling {
    receipt: Receipt,
    way: Way,
}

/// How far it has come.
#[derive(Debug)]
enum Way {
    Writing(Settled),
    /// It could not even be entered.
    Refused,
    Done,
}

impl Bill {
    /// The bill of a request that has just arrived.
    pub(crate) fn open(hub: &Arc<Shared>, request: RequestId) -> Self {
        Self {
            hub: Arc::clone(hub),
            state: RequestState::Admitted,
            quoted: None,
            hold: None,
            slot: None,
            payee: None,
            at: None,
            dispatched: Instant::now(),
            seen: Seen::default(),
            usage: None,
            trace: None,
            recorder: Recorder::new(hub, request),
            admission: None,
        }
    }

    pub(crate) const fn request(&self) -> RequestId {
        self.recorder.record.request
    }

    pub(super) const fn hub(&self) -> &Arc<Shared> {
        &self.hub
    }

    /// What is asked for.
    pub(crate) fn operation(&mut self, operation: Operation) {
        self.recorder.record.operation = operation;
    }

    /// What the request is paid in.
    pub(crate) const fn currency(&self) -> Currency {
        self.recorder.record.currency
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.recorder.elapsed()
    }

    pub(crate) fn authenticated(&mut self, consumer: &Consumer) {
        self.recorder.record.account = Some(consumer.account);
        self.recorder.record.key = consumer.key;
    }

    pub(crate) fn admitted(&mut self, admission: Admission) {
        self.admission = Some(admission);
    }

    /// Gives the place in the hub back before the end, when nothing that is left to do needs it.
    pub(super) fn leave(&mut self) {
        self.admission = None;
    }

    /// Takes over the funds that were set aside.
    pub(crate) fn held(&mut self, hold: Hold, quoted: Quoted, prompt_bytes: usize) {
        self.step(RequestEvent::Hold);
        self.seen.prompt_bytes = prompt_bytes as u64;
        self.recorder.record.currency = quoted.quote.currency();
        self.hold = Some(hold);
        self.quoted = Some(quoted);
        self.asks_for_model();
    }

    /// The most tokens that one choice may have, as held.
    pub(crate) fn per_choice(&self) -> u64 {
        self.quoted.as_ref().map_or(0, |quoted| quoted.per_choice)
    }

    pub(crate) const fn streaming(&mut self, streaming: bool) {
        self.recorder.record.streaming = streaming;
    }

    /// Takes over the place at the provider who is tried next.
    pub(crate) fn attempt(&mut self, slot: Slot) {
        self.step(RequestEvent::Dispatch);
        self.payee = (slot.mode() == ConnectionMode::Websocket).then(|| slot.provider());
        self.at = Some(slot.provider());
        self.recorder.attempt(&slot);
        self.recorder.record.provider = self.payee;
        self.dispatched = Instant::now();
        self.slot = Some(slot);
    }

    /// The head of the answer of whoever is being tried is there.
    pub(super) fn head(&mut self, status: u16) {
        self.recorder.head(status);
    }

    /// Whoever is being tried has shown content: its answer is the one that the consumer gets.
    pub(super) fn chosen(&mut self) {
        self.recorder.chosen();
    }

    /// Keeps the latest word on why this provider was chosen.
    pub(super) fn traced(&mut self, trace: Option<String>) {
        self.trace = trace.or(self.trace.take());
    }

    /// Why this provider was chosen, or nobody, where the consumer wants to know.
    pub(crate) fn take_trace(&mut self) -> Option<String> {
        self.trace.take()
    }

    /// The place at the provider who is being tried.
    pub(crate) fn slot(&self) -> Result<&Slot, AttemptError> {
        self.slot
            .as_ref()
            .ok_or_else(|| AttemptError::Lost("the attempt is over".into()))
    }

    /// The provider who was being tried has failed, or was ended.
    pub(crate) fn attempt_failed(&mut self, ending: Ending) {
        self.step(RequestEvent::AttemptFailed);
        self.recorder.attempt_ended(ending);
        if let Some(slot) = self.slot.take() {
            slot.finish(providers::Outcome::Failed(ending));
        }
    }

    /// The provider who was being tried has failed as it may over a request that breaks everybody.
    pub(crate) fn attempt_suspect(&mut self, ending: Ending) -> Option<Suspect> {
        self.step(RequestEvent::AttemptFailed);
        self.recorder.attempt_ended(ending);
        self.slot.take().map(|slot| slot.suspect(ending))
    }

    /// What the tally has counted goes to the consumer now.
    pub(crate) fn deliver(&mut self, tally: &Tally) {
        if tally.content_events > self.seen.content_events {
            self.content(tally.content_bytes, tally.content_events);
        }
        if let Some(usage) = tally.usage() {
            self.usage = Some(usage.clone());
        }
    }

    /// The tokens that were set aside, once the stream has used all of them and goes on.
    pub(super) fn used_up(&self, tally: &Tally) -> Option<u64> {
        let work = &self.quoted.as_ref()?.work;
        let metering = self.hub.policy.metering();
        let used_up = metering.is_work_used_up(work, tally.content_bytes);
        used_up.then_some(self.seen.max_output_tokens)
    }

    /// That much content goes to the consumer now, all in all.
    pub(crate) fn content(&mut self, bytes: u64, events: u64) {
        self.step(RequestEvent::Content);
        self.seen.content_bytes = bytes;
        self.seen.content_events = events;
        self.recorder.first_content();
    }

    /// That many vectors or images go to the consumer.
    pub(crate) const fn items(&mut self, items: u64) {
        self.seen.items = items;
    }

    /// The answer is whole: charges it.
    pub(crate) fn settle(&mut self, usage: Option<&Bytes>, hints: Option<StreamEnd>) -> Settling {
        self.step(RequestEvent::Complete);
        self.recorder.attempt_ended(Ending::Served);
        // A whole answer comes at once, and says nothing about its first token.
        let first_content = self.recorder.first_content_at();
        let first_token = first_content
            .filter(|_| self.recorder.record.streaming)
            .map(|first| first.saturating_duration_since(self.dispatched));
        if let Some(slot) = self.slot.take() {
            slot.finish(providers::Outcome::Served { first_token });
        }
        let told = usage.and_then(|object| ReportedUsage::from_json(object).ok());
        let hinted = || {
            let hints = hints?;
            // The public agent sends zeros when it does not know.
            let known = |count: Option<u64>| count.filter(|count| *count > 0);
            ReportedUsage::new(known(hints.tokens_input), known(hints.tokens_output)).ok()
        };
        self.charge(told.or_else(hinted), told.is_some(), Outcome::Completed)
    }

    /// The answer broke, or the consumer went away: charges what was delivered.
    pub(crate) fn settle_partly(&mut self, outcome: Outcome) -> Settling {
        self.step(RequestEvent::GiveUp);
        let usage = self.usage.take();
        let told = usage.and_then(|object| ReportedUsage::from_json(&object).ok());
        self.charge(told, told.is_some(), outcome)
    }

    /// The consumer has been told why it gets no answer.
    pub(crate) fn answered(&mut self, answer: &Answer) {
        self.recorder.record.error = Some(answer.code.to_string());
    }

    fn charge(
        &mut self,
        reported: Option<ReportedUsage>,
        object: bool,
        outcome: Outcome,
    ) -> Settling {
        let (Some(hold), Some(quoted)) = (self.hold.take(), self.quoted.as_ref()) else {
            return Settling::nothing();
        };
        let work = quoted.work;
        let metering = self.hub.policy.metering();
        let metered = metering.charge_of(&work, reported.as_ref(), &self.seen);
        let (cost, split) = quoted.charge(self.at, &metered.usage, &self.hub);
        let record = ChargeRecord::new(quoted.model.clone(), self.payee, &metered, cost, &split);
        // What is not paid by the token has no counts of ours that the model server's could contradict.
        let trusted = object && (metered.basis == Basis::Reported || !work.is_in_tokens());
        let receipt = Receipt {
            work,
            usage: metered.usage,
            trusted,
            cost,
        };
        match hold.settle(record) {
            Ok(settled) => {
                self.step(RequestEvent::Posted);
                self.recorder.record.outcome = outcome;
                self.recorder.record.usage = Some(metered.usage);
                self.recorder.record.charge = cost;
                Settling {
                    receipt,
                    way: Way::Writing(
                        settled.until(Instant::now() + self.hub.limits.settle_deadline),
                    ),
                }
            }
            Err(error) => {
                tracing::error!(request = %self.request(), %error, "a request could not be charged");
                Settling {
                    receipt,
                    way: Way::Refused,
                }
            }
        }
    }

    fn step(&mut self, event: RequestEvent) {
        match self.state.on(event) {
            Ok(state) => self.state = state,
            Err(error) => {
                tracing::error!(request = %self.request(), %error, "a fault of the hub");
            }
        }
    }
}

impl Drop for Bill {
    fn drop(&mut self) {
        if self.hold.is_none() {
            return;
        }
        if self.seen.content_events > 0 {
            // In memory the charge stands at once; nobody is left to wait for the disk.
            drop(self.settle_partly(Outcome::Abandoned));
        } else {
            self.step(RequestEvent::GiveUp);
            if let Some(hold) = self.hold.take() {
                hold.release("nothing was delivered");
            }
        }
    }
}

impl Settling {
    fn nothing() -> Self {
        let receipt = Receipt {
            work: Work::Vectors,
            usage: Usage::default(),
            trusted: false,
            cost: Amount::ZERO,
        };
        Self {
            receipt,
            way: Way::Done,
        }
    }

    /// Waits until the charge survives a crash.
    pub(crate) async fn durable(mut self) -> Result<Receipt, RequestError> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    /// As [`Settling::durable`], for hand-written futures.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Receipt, RequestError>> {
        let written = match &mut self.way {
            Way::Writing(settled) => ready!(settled.poll_durable(cx)).is_ok(),
            Way::Refused => false,
            Way::Done => true,
        };
        self.way = Way::Done;
        Poll::Ready(match written {
            true => Ok(self.receipt),
            false => Err(RequestError::Unsettled),
        })
    }
}
