use std::fmt::Debug;

/// An event that has no place in a state: the caller has a fault, and the state stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is {state:?} cannot take {event:?}")]
#[expect(clippy::exhaustive_structs, reason = "it is the pair that was tried")]
pub struct InvalidTransition<S: Debug, E: Debug> {
    /// The state.
    pub state: S,
    /// The event.
    pub event: E,
}
