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
mod session_source;
mod sessions;
mod signers;
mod slot;
mod socket;
mod status;
#[cfg(test)]
mod tests;
mod upgrade;
mod vitals;
mod witness;

use std::sync::Arc;

pub(crate) use attempt::AttemptError;
pub(crate) use declared::Declared;
pub(crate) use job::{Head, Job};
pub use link::ConnectionMode;
pub(crate) use link::{Link, Way};
pub(crate) use mailbox::Batch;
pub(crate) use nodes::Nodes;
pub(crate) use outliers::Outliers;
pub(crate) use registry::{OnlineModel, Registry};
pub(crate) use reply::Reply;
pub(crate) use sessions::{Sessions, SessionsConfig};
pub(crate) use signers::Signers;
pub(crate) use slot::{Outcome, Slot, Suspect};
pub(crate) use vitals::Vitals;
pub(crate) use witness::Witnessed;

use crate::openapi::{Access, Operation, Routes};

/// The routes that providers use. They work below any path.
pub(crate) fn routes() -> Routes<Arc<Sessions>> {
    let socket = Operation::get(
        "/ws",
        "The provider socket: `docs/PROTOCOL.md` says what goes over it",
    )
    .tag("Providers")
    .answers_as(101, "From here on WebSocket", "")
    .fails([400, 426, 429, 503]);
    let status = Operation::get(
        "/api/v1/provider/status",
        "What an agent asks before it dials",
    )
    .tag("Providers")
    .access(Access::Provider)
    .answers::<status::Status>(200, "The key is good")
    .answers::<status::Status>(401, "The key is not")
    .answers_as(503, "It cannot be said now", "text/plain");
    Routes::new()
        .add(socket, upgrade::upgrade)
        .add(status, status::status)
}
