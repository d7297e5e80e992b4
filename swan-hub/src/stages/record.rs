//! What there is to know about the request afterwards. Outermost, since a request that is dropped at any point has a
//! record too.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use swan_core::health::Ending;
use swan_core::receipt::SignTerms;
use swan_core::{Amount, RequestId};
use tokio::time::Instant;

use super::settle::Bill;
use crate::events::{AttemptRecord, Outcome, RequestRecord};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::idempotency::{Charge, Charged};
use crate::ledger::Settled;
use crate::providers::{Slot, Witnessed};
use crate::receipts::{self, Attested};

/// Gathers the record of one request and hands it to the sink when dropped.
#[derive(Debug)]
pub(crate) struct Recorder {
    hub: Arc<Shared>,
    started: Instant,
    first_content: Option<Instant>,
    pub(crate) record: RequestRecord,
}

impl Recorder {
    pub(crate) fn new(hub: &Arc<Shared>, request: RequestId) -> Self {
        Self {
            hub: Arc::clone(hub),
            started: Instant::now(),
            first_content: None,
            record: RequestRecord::of(request),
        }
    }

    /// When the request came.
    pub(super) const fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// An attempt at whom `slot` stands for begins; gives its place on record.
    pub(super) fn attempt(&mut self, slot: &Slot, hedge: bool, now: Instant) -> usize {
        let started = now.saturating_duration_since(self.started);
        let index = self.record.attempts.len();
        // Nearly all requests need one.
        self.record.attempts.reserve_exact(1);
        self.record.attempts.push(AttemptRecord {
            provider: slot.provider(),
            name: Arc::clone(slot.provider_name()),
            mode: slot.mode(),
            started,
            first_byte: None,
            first_content: None,
            ended: started,
            ending: Ending::Cancelled,
            status: None,
            hedge,
            chosen: false,
            is_open: true,
        });
        index
    }

    /// This attempt has shown content, and is the one whose answer goes to the consumer.
    pub(super) fn chosen(&mut self, index: usize, head: Option<(Instant, u16)>) {
        let (now, began) = (self.elapsed(), self.started);
        if let Some(attempt) = self.record.attempts.get_mut(index) {
            headed(attempt, began, head);
            attempt.first_content = Some(now);
            attempt.chosen = true;
        }
    }

    /// This attempt is over.
    pub(super) fn ended(&mut self, index: usize, head: Option<(Instant, u16)>, ending: Ending) {
        let (now, began) = (self.elapsed(), self.started);
        if let Some(attempt) = self.record.attempts.get_mut(index) {
            headed(attempt, began, head);
            close(attempt, now, ending);
        }
    }

    /// Whoever called the request wrong did so alone: somebody else serves it.
    pub(super) fn refused_alone(&mut self, index: usize) {
        if let Some(attempt) = self.record.attempts.get_mut(index) {
            attempt.ending = Ending::RefusedAlone;
        }
    }

    /// Every attempt is over that was not before.
    pub(super) fn all_ended(&mut self, ending: Ending) {
        let now = self.elapsed();
        let open = self.record.attempts.iter_mut().filter(|one| one.is_open);
        open.for_each(|attempt| close(attempt, now, ending));
    }

    /// Notes when the first content went out.
    pub(crate) fn first_content(&mut self) {
        if self.first_content.is_none() {
            self.first_content = Some(Instant::now());
        }
    }

    pub(crate) const fn first_content_at(&self) -> Option<Instant> {
        self.first_content
    }
}

impl Bill {
    /// Finds the place of the request in a trace, where the hub sends any.
    #[cfg(feature = "otel")]
    pub(crate) fn begin_trace(&mut self, headers: &http::HeaderMap) {
        let request = self.request();
        let telemetry = self.recorder.hub.telemetry.as_ref();
        self.recorder.record.trace = telemetry.map(|it| it.begin(request, headers));
    }

    /// Tells of the charge as soon as it stands.
    pub(crate) fn tell(&mut self, charged: Charged) {
        self.charged = Some(charged);
    }

    /// So much was charged, which may be nothing.
    pub(super) fn tell_charged(&self, cost: Amount, settled: Option<&Settled>) {
        if let Some(charged) = &self.charged {
            // A request is charged once, so nobody was here before.
            let _ = charged.set(Charge {
                cost,
                currency: self.currency(),
                settled: settled.map(Settled::again),
            });
        }
    }

    /// Hashes the body of a request whose consumer wants a receipt with hashes; nobody else pays for that.
    pub(super) fn prove_request(&mut self, headers: &http::HeaderMap, body: &[u8]) {
        let wanted = headers.get("x-swan-receipt");
        if wanted.is_some_and(|wanted| wanted == "1" || wanted == "true") {
            let [asked, _] = &mut self.recorder.record.digests;
            *asked = Some(Sha256::digest(body).into());
        }
    }

    /// What whoever `slot` stands for shall sign for the same consumer, if it can.
    pub(super) fn to_sign(&self, slot: &Slot) -> Option<Box<SignTerms>> {
        let [asked, _] = &self.recorder.record.digests;
        let quoted = self.quoted.as_ref();
        let quoted = quoted.filter(|_| asked.is_some() && slot.signs())?;
        let terms = quoted.quote_at(Some(slot.provider())).terms();
        Some(Box::new(SignTerms {
            model: quoted.model.clone(),
            price: receipts::listed(terms.listed()),
            policy: Some(terms.policy().version().clone()),
            policy_hash: terms.policy().hash().copied(),
        }))
    }

    /// Whoever serves was sent these bytes and asked to sign.
    pub(super) fn asked_to_sign(&mut self, sent: Option<[u8; 32]>) {
        self.recorder.record.attested = sent.map(|sent| Box::new(Attested::asked(sent)));
    }

    /// What came of that.
    pub(super) fn attest(&mut self, witnessed: Option<Witnessed>) {
        if let (Some(attested), Some(witnessed)) = (&mut self.recorder.record.attested, witnessed) {
            attested.took(witnessed);
        }
    }

    /// Hashes a whole answer for the same consumer.
    pub(super) fn prove_answer(&mut self, body: &[Bytes]) {
        let [asked, answered] = &mut self.recorder.record.digests;
        if asked.is_some() {
            let hashed = body
                .iter()
                .fold(Sha256::new(), |hash, part| hash.chain_update(part));
            *answered = Some(hashed.finalize().into());
        }
    }

    /// What hashes a streamed answer for the same consumer.
    pub(super) fn proof(&self) -> Option<Box<Sha256>> {
        let [asked, _] = &self.recorder.record.digests;
        asked.is_some().then(Box::default)
    }

    /// The streamed answer is whole, or has said why it is not.
    pub(super) fn prove_events(&mut self, proof: Sha256) {
        let [_, answered] = &mut self.recorder.record.digests;
        *answered = Some(proof.finalize().into());
    }

    /// The consumer gets what was answered before.
    pub(crate) const fn replayed(&mut self) {
        self.recorder.record.outcome = Outcome::Replayed;
    }

    /// The consumer has been told what the request would cost, and no more was asked.
    pub(crate) const fn quoted(&mut self) {
        self.recorder.record.outcome = Outcome::Quoted;
    }

    /// The consumer has been told why it gets no answer.
    pub(crate) fn answered(&mut self, answer: &Answer) {
        self.recorder.record.error = Some(answer.code.to_string());
        self.recorder.record.error_status = Some(answer.status.as_u16());
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.all_ended(Ending::Cancelled);
        self.record.duration = self.elapsed();
        if let Some((code, status)) = self.hub.streams.last_words(self.record.request) {
            self.record.error = Some(code);
            self.record.error_status = Some(status);
        }
        self.record.first_content = self
            .first_content
            .map(|first| first.saturating_duration_since(self.started));
        self.hub.metrics.observe(&self.record);
        self.hub.events.on_request(&self.record);
        #[cfg(feature = "otel")]
        if let Some(telemetry) = &self.hub.telemetry {
            telemetry.push(&self.record, &self.hub.external);
        }
        let id = self.record.request;
        let record = std::mem::replace(&mut self.record, RequestRecord::of(id));
        self.hub.generations.push(record);
    }
}

fn headed(attempt: &mut AttemptRecord, began: Instant, head: Option<(Instant, u16)>) {
    if let Some((at, status)) = head {
        attempt.first_byte = Some(at.saturating_duration_since(began));
        attempt.status = Some(status);
    }
}

fn close(attempt: &mut AttemptRecord, now: Duration, ending: Ending) {
    attempt.ended = now;
    attempt.ending = ending;
    attempt.is_open = false;
    if let Ending::Status { code } = ending {
        attempt.status = Some(code);
    }
}
