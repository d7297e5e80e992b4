//! State machines whose transitions are written out for every pair of state and event.

mod invalid;
mod request;
#[cfg(test)]
mod tests;

pub use invalid::InvalidTransition;
pub use request::{RequestEvent, RequestState};
