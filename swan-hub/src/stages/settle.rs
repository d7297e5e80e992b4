//! What the request costs. Last of all that moves money, and before the consumer sees the end of its answer: an end that
//! was seen is a charge that survives a crash.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use swan_core::health::Ending;
use swan_core::ledger::ChargeRecord;
use swan_core::protocol::{Operation, StreamEnd};
use swan_core::{
    Amount, Basis, Currency, ProviderId, ReportedUsage, RequestEvent, RequestId, RequestState,
    Seen, Work,
};
use tokio::time::Instant;

use super::authenticate::Consumer;
use super::funds::{self, Funds};
use super::gate::Admission;
use super::parse::Asked;
use super::quoted::Quoted;
use super::receipt::{Receipt, Settling, Way};
use super::record::Recorder;
use super::slices::Covered;
use super::texts::Texts;
use crate::admission::{Access, FreeLeft, FreeRun, Pass};
use crate::events::Outcome;
use crate::hub::Shared;
use crate::idempotency::Charged;
use crate::ledger::Hold;
use crate::providers::{self, Slot};

/// Everything that one request must give back: its funds, its place at a provider, its place in the hub, its record.
///
/// Dropped at any point, it charges what was delivered until then and releases the rest.
#[derive(Debug)]
pub(crate) struct Bill {
    hub: Arc<Shared>,
    state: RequestState,
    pub(super) quoted: Option<Quoted>,
    pub(super) hold: Option<Hold>,
    /// How far that reaches, where it is not the worst case.
    pub(super) covered: Option<Covered>,
    pub(super) slot: Option<Slot>,
    /// Who is paid: a provider, or nobody but the hub itself for its own endpoints.
    pub(super) payee: Option<ProviderId>,
    /// Who serves, paid or not.
    pub(super) at: Option<ProviderId>,
    pub(super) dispatched: Instant,
    pub(super) seen: Seen,
    pub(super) texts: Texts,
    pub(super) usage: Option<Bytes>,
    /// Why this provider was chosen, where the consumer wants to know.
    trace: Option<String>,
    pub(super) recorder: Recorder,
    /// Who asks within which limits, and what of them the request has taken.
    access: Option<Arc<Access>>,
    pass: Option<Pass>,
    /// The leave of a request that costs nothing, in the place of a hold.
    free: Option<FreeRun>,
    /// Whom to tell that the request was charged, if it has an idempotency key.
    pub(super) charged: Option<Charged>,
    /// The last to go, so that a hub that drains has nothing left to do when it is empty.
    admission: Option<Admission>,
}

impl Bill {
    /// The bill of a request that has just arrived.
    pub(crate) fn open(hub: &Arc<Shared>, request: RequestId) -> Self {
        let recorder = Recorder::new(hub, request);
        Self {
            hub: Arc::clone(hub),
            state: RequestState::Admitted,
            quoted: None,
            hold: None,
            covered: None,
            slot: None,
            payee: None,
            at: None,
            dispatched: recorder.started(),
            seen: Seen::default(),
            texts: Texts::default(),
            usage: None,
            trace: None,
            recorder,
            access: None,
            pass: None,
            free: None,
            charged: None,
            admission: None,
        }
    }

    pub(crate) const fn request(&self) -> RequestId {
        self.recorder.record.request
    }

    pub(crate) const fn hub(&self) -> &Arc<Shared> {
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
        self.access = consumer.access.clone();
    }

    /// Within which limits the request is made, once it is known who asks.
    pub(crate) const fn access(&self) -> Option<&Arc<Access>> {
        self.access.as_ref()
    }

    /// Takes over what the request has taken of its limits.
    pub(crate) fn passed(&mut self, pass: Pass) {
        self.pass = Some(pass);
    }

    pub(super) const fn pass(&mut self) -> Option<&mut Pass> {
        self.pass.as_mut()
    }

    /// Whether nothing is charged for it.
    pub(crate) const fn is_free(&self) -> bool {
        self.recorder.record.free
    }

    /// What the free tier leaves to the account, where it pays.
    pub(crate) fn free_left(&self) -> Option<FreeLeft> {
        let account = self.recorder.record.account.filter(|_| self.is_free())?;
        let (hub, now) = (&self.hub, self.hub.clock.now());
        hub.desk.free.left(&hub.policy, now, account)
    }

    pub(crate) fn admitted(&mut self, admission: Admission) {
        self.admission = Some(admission);
    }

    /// Gives the place in the hub back before the end, when nothing that is left to do needs it.
    pub(super) fn leave(&mut self) {
        self.pass = None;
        self.admission = None;
    }

    /// Takes over the funds that were set aside.
    pub(crate) fn held(&mut self, funds: Funds, quoted: Quoted, asked: &Asked) {
        self.step(RequestEvent::Hold);
        self.seen.prompt_bytes = asked.body.len() as u64;
        self.texts = Texts::of(asked);
        self.recorder.record.currency = quoted.quote.currency();
        match funds {
            Funds::Held { hold, covered } => {
                self.hold = Some(hold);
                self.covered = covered;
            }
            Funds::Free(run) => {
                self.recorder.record.free = true;
                self.free = Some(run);
            }
        }
        let terms = quoted.quote.terms();
        self.recorder.record.policy = Some(terms.policy().clone());
        self.recorder.record.discount = terms.discount();
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

    /// Keeps the latest word on why this provider was chosen.
    pub(super) fn traced(&mut self, trace: Option<String>) {
        self.trace = trace.or(self.trace.take());
    }

    /// Why this provider was chosen, or nobody, where the consumer wants to know.
    pub(crate) fn take_trace(&mut self) -> Option<String> {
        self.trace.take()
    }

    /// The place at the provider who serves.
    pub(crate) const fn slot(&self) -> Option<&Slot> {
        self.slot.as_ref()
    }

    /// The provider who serves has failed, or was ended.
    pub(crate) fn attempt_failed(&mut self, ending: Ending) {
        self.step(RequestEvent::AttemptFailed);
        self.recorder.all_ended(ending);
        if let Some(slot) = self.slot.take() {
            slot.finish(providers::Outcome::Failed(ending));
        }
    }

    /// The answer is whole: charges it.
    pub(crate) fn settle(&mut self, usage: Option<&Bytes>, hints: Option<StreamEnd>) -> Settling {
        self.step(RequestEvent::Complete);
        self.recorder.all_ended(Ending::Served);
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

    fn charge(
        &mut self,
        reported: Option<ReportedUsage>,
        object: bool,
        outcome: Outcome,
    ) -> Settling {
        if self.free.is_some() {
            return self.charge_nothing(reported, object, outcome);
        }
        let (Some(hold), Some(quoted)) = (self.hold.take(), self.quoted.as_ref()) else {
            return Settling::nothing();
        };
        // What is delivered is covered before; a charge beyond its hold would be none at all.
        let most = self.covered.map_or(u64::MAX, |covered| covered.tokens());
        let work = quoted.work.at_most(most);
        let metering = self.hub.policy.metering();
        self.texts
            .count(metering, reported.as_ref(), &mut self.seen);
        let metered = metering.charge_of(&work, reported.as_ref(), &self.seen);
        let (cost, split) = quoted.charge(self.at, &metered.usage, &self.hub);
        let terms = quoted.quote_at(self.at).terms();
        let usd = funds::in_usd(terms, cost);
        self.recorder.record.price = Some(*terms.listed());
        self.recorder.record.rate = terms.rate().cloned();
        let record = ChargeRecord::new(quoted.model.clone(), self.payee, &metered, cost, &split)
            .with_spending(self.recorder.record.key, usd);
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
                self.recorder.record.basis = Some(metered.basis);
                self.recorder.record.charge = cost;
                if let Some(pass) = &mut self.pass {
                    pass.settle(&metered.usage, usd);
                }
                self.tell_charged(cost, Some(&settled));
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

    /// The end of a free request: its tokens count, and nothing is charged, split or journalled.
    fn charge_nothing(
        &mut self,
        reported: Option<ReportedUsage>,
        object: bool,
        outcome: Outcome,
    ) -> Settling {
        let work = self
            .quoted
            .as_ref()
            .map_or(Work::Vectors, |quoted| quoted.work);
        let metering = self.hub.policy.metering();
        self.texts
            .count(metering, reported.as_ref(), &mut self.seen);
        let metered = metering.charge_of(&work, reported.as_ref(), &self.seen);
        let usage = metered.usage;
        if let Some(run) = self.free.take() {
            run.settle(usage.prompt_tokens.saturating_add(usage.completion_tokens));
        }
        if let Some(pass) = &mut self.pass {
            pass.settle(&usage, Amount::ZERO);
        }
        self.step(RequestEvent::Posted);
        self.recorder.record.outcome = outcome;
        self.recorder.record.usage = Some(usage);
        self.recorder.record.basis = Some(metered.basis);
        self.tell_charged(Amount::ZERO, None);
        let trusted = object && metered.basis == Basis::Reported;
        Settling::free(work, usage, trusted)
    }

    pub(super) fn step(&mut self, event: RequestEvent) {
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
        if self.hold.is_none() && self.free.is_none() {
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
