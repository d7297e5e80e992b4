//! Provider sessions, presence and dispatch over the provider socket.

mod admission;
mod attempt;
mod connection;
mod declared;
mod failure;
mod job;
mod line;
mod link;
mod mailbox;
mod nodes;
mod orders;
mod outlets;
mod outliers;
mod registry;
mod reply;
mod roll;
mod seen;
mod session_clock;
mod sessions;
mod slot;
mod socket;
mod status;
#[cfg(test)]
mod tests;
mod upgrade;
mod vitals;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub(crate) use attempt::AttemptError;
pub(crate) use declared::Declared;
pub(crate) use job::{Head, Job};
pub use link::ConnectionMode;
pub(crate) use link::{Link, Way};
pub(crate) use mailbox::Batch;
pub(crate) use nodes::Nodes;
pub(crate) use registry::Registry;
pub(crate) use reply::Reply;
pub(crate) use sessions::{Sessions, SessionsConfig};
pub(crate) use slot::{Outcome, Slot, Suspect};
pub(crate) use vitals::Vitals;

/// The routes that providers use. They work below any path.
pub(crate) fn router(sessions: Arc<Sessions>) -> Router {
    Router::new()
        .route("/ws", get(upgrade::upgrade))
        .route("/api/v1/provider/status", get(status::status))
        .with_state(sessions)
}
