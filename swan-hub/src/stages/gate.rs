//! Who is in the hub, and who is let in on its way to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU8, AtomicUsize};

use tokio::sync::Notify;

use super::admit::AdmitError;

const OPEN: u8 = 0;
const LEAVING: u8 = 1;
const CLOSED: u8 = 2;

/// Counts the requests in the hub, and lets none in while it drains.
#[derive(Debug)]
pub(crate) struct Gate {
    limit: AtomicUsize,
    /// Requests that came before the hub was told to leave, which is all of them until then.
    early: AtomicUsize,
    /// Requests that came afterwards.
    late: AtomicUsize,
    phase: AtomicU8,
    left: Notify,
}

/// The place of one request in the hub; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Admission {
    gate: Arc<Gate>,
    is_late: bool,
}

impl Gate {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            early: AtomicUsize::new(0),
            late: AtomicUsize::new(0),
            phase: AtomicU8::new(OPEN),
            left: Notify::new(),
        })
    }

    /// Takes a place.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Admission, AdmitError> {
        let is_late = self.phase.load(Relaxed) != OPEN;
        let (own, others) = match is_late {
            false => (&self.early, &self.late),
            true => (&self.late, &self.early),
        };
        let before = own.fetch_add(1, SeqCst) + others.load(Relaxed);
        let gate = Arc::clone(self);
        let admission = Admission { gate, is_late };
        // Asked after the count has gone up, so that a drain either sees this request or refuses it.
        if self.phase.load(SeqCst) == CLOSED {
            Err(AdmitError::Draining)
        } else if before >= self.limit.load(Relaxed) {
            let limit = self.limit.load(Relaxed);
            Err(AdmitError::Overloaded { limit })
        } else {
            Ok(admission)
        }
    }

    /// From now on that many requests have a place; those that have one keep it.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Relaxed);
    }

    /// Tells those who come from now on from those who are here.
    pub(crate) fn leave(&self) {
        self.phase.fetch_max(LEAVING, SeqCst);
    }

    /// Lets nobody in any more.
    pub(crate) fn close(&self) {
        self.phase.store(CLOSED, SeqCst);
    }

    /// Whether the hub is on its way to its end, and a balancer should look elsewhere.
    pub(crate) fn is_leaving(&self) -> bool {
        self.phase.load(SeqCst) != OPEN
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.early.load(SeqCst) + self.late.load(SeqCst)
    }

    /// Resolves when those are gone who were in the hub when it was told to leave.
    pub(crate) async fn turned_over(&self) {
        self.until(|| self.early.load(SeqCst) == 0).await;
    }

    /// Resolves when no request is in the hub. Only a hub that leaves is told.
    pub(crate) async fn empty(&self) {
        self.until(|| self.in_flight() == 0).await;
    }

    async fn until(&self, reached: impl Fn() -> bool) {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            // Registered before the count is read, so that a request that leaves in between is not missed.
            left.as_mut().enable();
            if reached() {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let gate = &self.gate;
        let own = if self.is_late {
            &gate.late
        } else {
            &gate.early
        };
        if own.fetch_sub(1, SeqCst) == 1 && gate.is_leaving() {
            gate.left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn a_hub_that_leaves_tells_those_who_came_later_from_those_who_were_there() {
        let gate = Gate::new(3);
        let early = gate.enter().unwrap();
        gate.leave();
        let late = gate.enter().unwrap();
        assert!(gate.is_leaving());
        assert!(gate.turned_over().now_or_never().is_none());
        let mut turned_over = std::pin::pin!(gate.turned_over());
        assert!(turned_over.as_mut().now_or_never().is_none());
        drop(early);
        assert!(turned_over.now_or_never().is_some());
        assert_eq!(gate.in_flight(), 1);
        let others = [gate.enter().unwrap(), gate.enter().unwrap()];
        assert_eq!(
            gate.enter().unwrap_err(),
            AdmitError::Overloaded { limit: 3 },
            "both kinds count"
        );
        gate.close();
        drop(others);
        assert_eq!(gate.enter().unwrap_err(), AdmitError::Draining);
        drop(late);
        assert!(gate.empty().now_or_never().is_some());
    }
}
