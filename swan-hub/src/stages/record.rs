//! What there is to know about the request afterwards. Outermost, since a request that is dropped at any point has a
//! record too.

use std::sync::Arc;
use std::time::Duration;

use swan_core::RequestId;
use swan_core::health::Ending;
use tokio::time::Instant;

use crate::events::{AttemptRecord, RequestRecord};
use crate::hub::Shared;
use crate::providers::Slot;

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

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// An attempt at whom `slot` stands for begins.
    pub(crate) fn attempt(&mut self, slot: &Slot) {
        let started = self.elapsed();
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
            hedge: false,
            chosen: false,
            is_open: true,
        });
    }

    /// The head of the answer to the last attempt is there.
    pub(crate) fn head(&mut self, status: u16) {
        let now = self.elapsed();
        if let Some(attempt) = self.record.attempts.last_mut() {
            attempt.first_byte = Some(now);
            attempt.status = Some(status);
        }
    }

    /// The last attempt has shown content, and is the one whose answer goes to the consumer.
    pub(crate) fn chosen(&mut self) {
        let now = self.elapsed();
        if let Some(attempt) = self.record.attempts.last_mut() {
            attempt.first_content = Some(now);
            attempt.chosen = true;
        }
    }

    /// The last attempt is over, unless it was already.
    pub(crate) fn attempt_ended(&mut self, ending: Ending) {
        let now = self.elapsed();
        if let Some(attempt) = self.record.attempts.last_mut().filter(|last| last.is_open) {
            attempt.ended = now;
            attempt.ending = ending;
            attempt.is_open = false;
            if let Ending::Status { code } = ending {
                attempt.status = Some(code);
            }
        }
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

impl Drop for Recorder {
    fn drop(&mut self) {
        self.attempt_ended(Ending::Cancelled);
        self.record.duration = self.elapsed();
        self.record.first_content = self
            .first_content
            .map(|first| first.saturating_duration_since(self.started));
        self.hub.events.on_request(&self.record);
        let id = self.record.request;
        let record = std::mem::replace(&mut self.record, RequestRecord::of(id));
        self.hub.generations.push(record);
    }
}
