//! Provider sessions, presence and dispatch over the provider socket.

mod attempt;
mod job;
mod line;
mod link;
mod mailbox;
mod registry;
mod reply;
mod roll;
mod slot;
mod vitals;

pub(crate) use attempt::{AttemptError, Fault};
pub(crate) use job::{Head, Job};
pub(crate) use link::{ConnectionMode, Link, Way};
pub(crate) use mailbox::Batch;
pub(crate) use registry::{OnlineModel, Registry};
pub(crate) use reply::Reply;
pub(crate) use slot::{Outcome, Slot};
pub(crate) use vitals::Vitals;
