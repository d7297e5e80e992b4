//! What there is to know about the request afterwards. Outermost, since a request that is dropped at any point has a
//! record too.

use std::sync::Arc;
use std::time::Duration;

use swan_core::{Amount, Currency, RequestId};
use tokio::time::Instant;

use crate::events::{Outcome, RequestRecord};
use crate::hub::Shared;

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
            record: RequestRecord {
                request,
                account: None,
                key: None,
                model: None,
                provider: None,
                streaming: false,
                attempts: 0,
                outcome: Outcome::Failed,
                error: None,
                usage: None,
                charge: Amount::ZERO,
                currency: Currency::Usd,
                duration: Duration::ZERO,
                first_content: None,
            },
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
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
        self.record.duration = self.elapsed();
        self.record.first_content = self
            .first_content
            .map(|first| first.saturating_duration_since(self.started));
        self.hub.events.on_request(&self.record);
    }
}
