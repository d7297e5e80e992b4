//! HTTP/1.1 as the hub speaks it to its endpoints: exchanges that whoever wants the answer polls, with no task, channel or
//! timer of their own, over connections that are kept and used again.
//!
//! What a server sends is bounded and checked before it is believed: one length of a body, one way of framing it, no more of
//! a head than fits the read buffer. What is in doubt is no answer, and its connection is never used again.

mod chunked;
mod conversation;
mod head;
mod pool;
mod request;
mod socket;

pub(super) use conversation::Conversation;
pub(super) use head::AnswerHead;
pub(super) use pool::Pool;
pub(super) use request::Request;

/// The most of an answer that is read ahead, and the largest head of one.
const READ_AHEAD: usize = 64 << 10;

/// What a server sent that is not HTTP/1.1 as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Malformed(&'static str);
