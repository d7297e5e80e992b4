//! What the failed attempts at one request say together: one that breaks every model server is likelier at fault than they.

use swan_core::health::{Ending, is_poison};

use crate::providers::{Outcome, Slot, Suspect};

/// The failures of one request so far. Empty, as for nearly all requests, it owns no memory.
///
/// Dropped at any point, it holds against each provider what that did, unless the request has turned out to be poison.
#[derive(Debug, Default)]
pub(super) struct Failures {
    endings: Vec<Ending>,
    suspects: Vec<Suspect>,
    /// Who called the request wrong.
    refusers: Vec<Suspect>,
}

impl Failures {
    /// The attempt that had `slot` has ended like this.
    pub(super) fn add(&mut self, ending: Ending, slot: Slot) {
        self.endings.push(ending);
        if ending.is_server_error() {
            self.suspects.push(slot.suspect(ending));
        } else if ending.is_refusal() {
            self.refusers.push(slot.suspect(Ending::RefusedAlone));
        } else {
            slot.finish(Outcome::Failed(ending));
        }
    }

    /// Somebody has served it, so whoever failed over it, or called it wrong, did so by himself.
    pub(super) fn served(&mut self) {
        self.endings.push(Ending::Served);
    }
}

impl Drop for Failures {
    fn drop(&mut self) {
        if is_poison(&self.endings) {
            self.suspects.drain(..).for_each(Suspect::acquit);
        }
        if !self.endings.contains(&Ending::Served) {
            self.refusers.drain(..).for_each(Suspect::acquit);
        }
    }
}
