//! The handle which requests hold on the connection of one provider node.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use swan_core::protocol::{CancelReason, Hardware, Severity};
use swan_core::{KeyId, ProviderId};

use super::attempt::AttemptError;
use super::job::Job;
use super::mailbox::Mailbox;

/// What a handler asks of the task that owns the connection.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send this request and put its answer into the mailbox.
    Dispatch(Box<Order>),
    /// Nobody wants this answer any more.
    Cancel(Arc<Mailbox>, CancelReason),
    /// The consumer has taken bytes: see [`Mailbox::take_credit`].
    Credit(Arc<Mailbox>),
    /// Tell the provider something that its operator should know.
    Notice {
        /// A short machine-readable name, `[a-z0-9_]`.
        event: &'static str,
        /// How bad it is.
        severity: Severity,
        /// What an operator should read.
        message: String,
    },
    /// Tell the provider that the hub is about to go.
    Drain,
    /// End the connection.
    Close(Closing),
}

/// Why the hub ends a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closing {
    /// A newer connection of the same node has come.
    Replaced,
    /// Its key was revoked.
    Revoked,
    /// Its provider has too little collateral, for this reason.
    Unpledged(String),
    /// The hub stops.
    Shutdown,
}

/// A request on its way to the session.
#[derive(Debug)]
pub(crate) struct Order {
    /// What is asked.
    pub(crate) job: Job,
    /// The name under which this provider registered the model.
    pub(crate) upstream: Arc<str>,
    /// Where the answer goes.
    pub(crate) mailbox: Arc<Mailbox>,
}

/// One connection of a provider, as everything outside its task sees it.
///
/// The queue needs no length limit of its own: a slot admits a dispatch, each dispatch has at most
/// one cancel and one credit command in the queue, and the slots are bounded by the capacity.
#[derive(Debug)]
pub(crate) struct Line {
    /// Whose connection it is.
    pub(crate) provider: ProviderId,
    /// The node that registered, which tells two machines with the same key apart.
    pub(crate) node: Arc<str>,
    /// The operator's display name.
    pub(crate) name: Arc<str>,
    /// The key that authenticated the connection.
    pub(crate) key: KeyId,
    queue: Mutex<Queue>,
    hardware: Mutex<Option<Hardware>>,
    signs: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    commands: Vec<Command>,
    waker: Option<Waker>,
    closed: bool,
}

impl Line {
    /// The handle of a connection that has just registered.
    pub(crate) fn new(provider: ProviderId, node: Arc<str>, name: Arc<str>, key: KeyId) -> Self {
        Self {
            provider,
            node,
            name,
            key,
            queue: Mutex::default(),
            hardware: Mutex::default(),
            signs: AtomicBool::new(false),
        }
    }

    /// The node says what machine it is.
    pub(crate) fn set_hardware(&self, hardware: Option<Hardware>) {
        *self.hardware.lock() = hardware;
    }

    /// The machine that the node says it is.
    pub(crate) fn hardware(&self) -> Option<Hardware> {
        self.hardware.lock().clone()
    }

    /// Whether the node has shown a key with which it signs.
    pub(crate) fn set_signs(&self, signs: bool) {
        self.signs.store(signs, Ordering::Relaxed);
    }

    /// Whether it can be asked to sign.
    pub(crate) fn signs(&self) -> bool {
        self.signs.load(Ordering::Relaxed)
    }

    /// Hands `command` to the connection's task.
    ///
    /// # Errors
    /// [`AttemptError::Lost`] when the connection is gone.
    pub(crate) fn send(&self, command: Command) -> Result<(), AttemptError> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(AttemptError::Lost("the connection has closed".to_owned()));
        }
        queue.commands.push(command);
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.lock().closed
    }

    /// Moves all waiting commands into the empty `into`, or remembers the task to wake.
    pub(crate) fn poll_commands(&self, cx: &Context<'_>, into: &mut Vec<Command>) -> Poll<()> {
        let mut queue = self.queue.lock();
        if queue.commands.is_empty() {
            match &mut queue.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        mem::swap(&mut queue.commands, into);
        Poll::Ready(())
    }

    /// Takes nothing more, and hands back what was never looked at.
    pub(crate) fn close(&self) -> Vec<Command> {
        let mut queue = self.queue.lock();
        queue.closed = true;
        queue.waker = None;
        mem::take(&mut queue.commands)
    }
}
