//! What a key and its account may do: rates, places, scopes, spend caps.
//!
//! The state of a key lives behind the [`Arc`](std::sync::Arc) that its look-up yields, in atomics: no request looks anything up twice, or
//! waits for another key's.

mod allowance;
mod bucket;
mod desk;
mod free;
pub(crate) mod headers;
mod limits;
pub(crate) mod origin;
mod pass;
mod queue;
mod refused;
mod settable;
mod spend;

pub use allowance::{Access, Allowance};
pub(crate) use bucket::Level;
pub(crate) use desk::Desk;
pub use desk::{KeyRules, RefusedCounts};
pub(crate) use free::{FreeLeft, FreeRun};
pub use limits::{EndpointScope, KeyDefaults, KeyLimits, ModelPattern, PatternError, SpendPeriod};
pub(crate) use pass::{Pass, check, read};
pub(crate) use queue::{Queue, Shed, Waiting};
pub use queue::{QueueCounts, QueueRules};
pub(crate) use refused::{Holder, RETRY_MAX_SECS, Refused};
pub use settable::LimitError;
pub(crate) use spend::Spent;
