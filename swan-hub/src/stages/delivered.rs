//! What of an answer has gone to the consumer, which is what is charged.

use swan_core::RequestEvent;

use super::settle::Bill;
use super::tally::Tally;
use super::whole::Whole;

impl Bill {
    /// What the tally has counted goes to the consumer now.
    pub(crate) fn deliver(&mut self, tally: &Tally) {
        if tally.content_events > self.seen.content_events {
            let tokens = Some(tally.content_tokens());
            self.content(tally.content_bytes, tally.content_events, tokens);
        }
        if let Some(usage) = tally.usage() {
            self.usage = Some(usage.clone());
        }
    }

    /// That much content goes to the consumer now, all in all.
    pub(super) fn content(&mut self, bytes: u64, events: u64, tokens: Option<u64>) {
        self.step(RequestEvent::Content);
        self.seen.content_bytes = bytes;
        self.seen.content_events = events;
        self.seen.content_tokens = tokens;
        self.recorder.first_content();
    }

    /// This answer goes to the consumer, as one piece.
    pub(crate) fn whole(&mut self, whole: &Whole) {
        self.content(whole.content_bytes, 1, None);
        self.seen.items = whole.items;
        self.texts.answered(&whole.body);
    }
}
