//! State machines whose transitions are written out for every pair of state and event.

mod request;
#[cfg(test)]
mod tests;

pub use request::{InvalidTransition, RequestEvent, RequestState};
