//! The reading end of one stream of a provider's session, which gives credit back and says when nobody reads any more.

use std::sync::Arc;

use swan_core::protocol::{CancelReason, MIN_DATA_COST};

use super::line::{Command, Line};
use super::mailbox::Mailbox;

/// After how much the provider gets new credit: often enough to keep a stream moving, and rarely
/// enough that most answers never need any.
const CREDIT_STEP: usize = 64 << 10;

/// The reading end of one stream of a session.
#[derive(Debug)]
pub(crate) struct SessionSource {
    /// Where the pieces arrive.
    pub(crate) mailbox: Arc<Mailbox>,
    /// Whom to tell about credit and cancel.
    pub(crate) line: Arc<Line>,
    /// Bytes handed out since the connection was last told.
    pub(crate) uncredited: usize,
    /// What they cost of the credit.
    pub(crate) uncredited_cost: usize,
}

impl SessionSource {
    pub(super) fn consumed(&mut self, bytes: usize) {
        self.uncredited = self.uncredited.saturating_add(bytes);
        self.uncredited_cost = self
            .uncredited_cost
            .saturating_add(bytes.max(MIN_DATA_COST));
        if self.uncredited_cost >= CREDIT_STEP {
            self.uncredited_cost = 0;
            let bytes = std::mem::take(&mut self.uncredited);
            if self.mailbox.add_credit(bytes) {
                // A connection that is gone needs no credit; the mailbox tells of the loss.
                let _ = self.line.send(Command::Credit(Arc::clone(&self.mailbox)));
            }
        }
    }

    pub(super) fn cancel(&self, reason: CancelReason) {
        self.mailbox.abandon();
        // A connection that is gone has nothing left to cancel.
        let _ = self
            .line
            .send(Command::Cancel(Arc::clone(&self.mailbox), reason));
    }
}
