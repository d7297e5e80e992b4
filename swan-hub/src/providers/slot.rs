//! The right to send one request to one provider.

use std::sync::Arc;
use std::time::Duration;

use swan_core::health::{Blame, Ending};
use swan_core::{Clock, Permit, ProviderId};

use super::attempt::AttemptError;
use super::job::Job;
use super::line::{Command, Order};
use super::link::{ConnectionMode, Link, Way};
use super::mailbox::Mailbox;
use super::reply::{Bounds, Reply, Source};
use super::session_source::SessionSource;
use crate::admission::Queue;
use crate::external::is_refusal;

/// What became of an attempt, as far as it says something about the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was served.
    Served {
        /// Time from dispatch to the first content of a stream.
        first_token: Option<Duration>,
    },
    /// It failed, or was ended, like this.
    Failed(Ending),
}

/// A place in a provider's capacity, taken before and given back after the request, whatever happens to it.
#[derive(Debug)]
pub(crate) struct Slot {
    link: Arc<Link>,
    clock: Arc<dyn Clock>,
    /// The breaker's leave, until it has been given back.
    permit: Option<Permit>,
    /// Who waits for such a place, and hears when it is given back.
    queue: Option<Arc<Queue>>,
}

impl Slot {
    /// Takes a place at `link`, if it has one and its breaker lets the request through. `queue` hears when it is given back, at once
    /// where the breaker refuses: somebody may have seen it taken meanwhile.
    pub(crate) fn take(
        link: &Arc<Link>,
        clock: &Arc<dyn Clock>,
        queue: Option<&Arc<Queue>>,
    ) -> Option<Self> {
        let now = clock.now();
        if link.rests(now).is_some() || !link.try_enter() {
            return None;
        }
        // From here on the place is given back by Drop.
        let mut slot = Self {
            link: Arc::clone(link),
            clock: Arc::clone(clock),
            permit: None,
            queue: None,
        };
        match link.vitals.try_permit(now) {
            Some(permit) => {
                slot.permit = Some(permit);
                slot.queue = queue.cloned();
                Some(slot)
            }
            None => {
                slot.return_unused(queue);
                None
            }
        }
    }

    /// Gives the place back without having used it, which says nothing about how often places become free.
    pub(crate) fn return_unused(mut self, queue: Option<&Arc<Queue>>) {
        self.queue = None;
        let link = Arc::clone(&self.link);
        drop(self);
        match (queue, &link.way) {
            (Some(queue), Way::Line(_)) => queue.more(&link.model, 1),
            (Some(queue), Way::Endpoint(_)) => queue.look(),
            (None, _) => {}
        }
    }

    /// Who serves.
    pub(crate) fn provider(&self) -> ProviderId {
        self.link.provider
    }

    /// The provider's display name.
    pub(crate) fn provider_name(&self) -> &Arc<str> {
        &self.link.name
    }

    /// The name by which this provider knows the model: what the `model` field of the body should say.
    pub(crate) fn upstream(&self) -> &str {
        &self.link.upstream
    }

    /// Whether the provider can sign what it serves.
    pub(crate) fn signs(&self) -> bool {
        match &self.link.way {
            Way::Line(line) => line.signs(),
            Way::Endpoint(_) => false,
        }
    }

    /// By what way the provider is reached.
    pub(crate) fn mode(&self) -> ConnectionMode {
        match self.link.way {
            Way::Line(_) => ConnectionMode::Websocket,
            Way::Endpoint(_) => ConnectionMode::External,
        }
    }

    /// Sends `job`. What the provider cannot take comes as the error of [`Reply::head`].
    ///
    /// # Errors
    /// [`AttemptError::Lost`] when the connection is already gone.
    pub(crate) fn dispatch(&self, mut job: Job) -> Result<Reply, AttemptError> {
        let (bounds, is_signed) = (Bounds::of(&job), job.sign.is_some());
        let source = match &self.link.way {
            Way::Line(line) => {
                let mailbox = Arc::new(Mailbox::default());
                let upstream = Arc::clone(&self.link.upstream);
                let order = Order {
                    job,
                    upstream,
                    mailbox: Arc::clone(&mailbox),
                };
                line.send(Command::Dispatch(Box::new(order)))?;
                let line = Arc::clone(line);
                Source::Session(SessionSource {
                    mailbox,
                    line,
                    uncredited: 0,
                    uncredited_cost: 0,
                })
            }
            Way::Endpoint(endpoint) => Source::External(Box::new(endpoint.dispatch(&mut job)?)),
        };
        let reply = Reply::new(source, bounds);
        Ok(if is_signed {
            reply.with_witness()
        } else {
            reply
        })
    }

    /// A failure as consumers may be told of it: not with what is between the hub and an endpoint of its own.
    pub(crate) fn discreet(&self, error: AttemptError) -> AttemptError {
        match &self.link.way {
            Way::Line(_) => error,
            Way::Endpoint(upstream) => upstream.discreet(error),
        }
    }

    /// Words about a failure as consumers may be told them.
    pub(crate) fn discreet_words(&self, words: String) -> String {
        match &self.link.way {
            Way::Line(_) => words,
            Way::Endpoint(upstream) => upstream.discreet_words(words),
        }
    }

    /// Whoever serves wants to be left alone for so long, whatever becomes of the place.
    pub(crate) fn rest(&self, rest: Duration) {
        self.link.rest(rest, self.clock.now());
    }

    /// Gives the place back with a verdict, which the breaker and the averages learn from. Dropping the slot instead is neutral.
    pub(crate) fn finish(mut self, outcome: Outcome) {
        self.learn(Some(outcome));
    }

    /// Gives the place back after a failure that may be the request's own, and keeps the verdict open until others have tried.
    pub(crate) fn suspect(mut self, ending: Ending) -> Suspect {
        Suspect {
            link: Arc::clone(&self.link),
            clock: Arc::clone(&self.clock),
            ending,
            permit: self.permit.take(),
        }
    }

    fn learn(&mut self, outcome: Option<Outcome>) {
        if let Some(permit) = self.permit.take() {
            learn(&self.link, &*self.clock, permit, outcome);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.link.leave();
        self.learn(None);
        let Some(queue) = &self.queue else { return };
        match self.link.way {
            Way::Line(_) => queue.freed(&self.link.model),
            // Its places are those of all its models.
            Way::Endpoint(_) => queue.freed_for_any(),
        }
    }
}

/// A provider's failure over a request that may be at fault itself. Dropped, it counts against the provider.
#[derive(Debug)]
pub(crate) struct Suspect {
    link: Arc<Link>,
    clock: Arc<dyn Clock>,
    ending: Ending,
    permit: Option<Permit>,
}

impl Suspect {
    /// It was the request: the failure counts against nobody.
    pub(crate) fn acquit(mut self) {
        if let Some(permit) = self.permit.take() {
            learn(&self.link, &*self.clock, permit, None);
        }
    }
}

impl Drop for Suspect {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let outcome = Some(Outcome::Failed(self.ending));
            learn(&self.link, &*self.clock, permit, outcome);
        }
    }
}

fn learn(link: &Link, clock: &dyn Clock, permit: Permit, outcome: Option<Outcome>) {
    let outcome = outcome.filter(|outcome| match outcome {
        Outcome::Served { .. } => true,
        // Whoever refuses one operation may serve the others; its way remembers which.
        Outcome::Failed(Ending::Status { code })
            if is_refusal(*code) && matches!(link.way, Way::Endpoint(_)) =>
        {
            false
        }
        Outcome::Failed(ending) => {
            ending.verdict().blame != Some(Blame::Provider) || !link.is_counted_loss()
        }
    });
    link.vitals.learn(permit, outcome, clock.now());
}
