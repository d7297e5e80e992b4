//! State machines whose transitions are written out for every pair of state and event.

mod breaker;
mod request;
#[cfg(test)]
mod tests;

pub use breaker::{Breaker, BreakerConfig, BreakerState, Permit};
pub use request::{InvalidTransition, RequestEvent, RequestState};
