//! A pooled client for what is sent now and then, such as traces and payments.

use std::io;
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::{Connector, Dial, connector};
use crate::segments::Segments;

/// What sends; requests of consumers go by [`wire`](super::wire).
pub(crate) type HttpClient = Client<Connector, Segments>;

/// How long an idle connection is kept; shorter than what servers usually allow.
const IDLE_FOR: Duration = Duration::from_secs(25);

/// The most of an answer that is read ahead, and the largest head of one.
const READ_AHEAD: usize = 64 << 10;

/// A client for one server.
///
/// # Errors
/// As [`connector`].
pub(crate) fn client(dial: &Dial<'_>) -> io::Result<HttpClient> {
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_FOR)
        .pool_max_idle_per_host(dial.idle)
        .http1_max_buf_size(READ_AHEAD)
        .build(connector(dial)?))
}
