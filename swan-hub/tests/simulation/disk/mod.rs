//! A store that outlives the processes that use it, and what befalls them there.

mod deposits;
mod documents;
mod store;
mod topups;
mod users;
mod weather;

pub(crate) use store::{SimStore, damaged, records, rot, torn};
pub(crate) use weather::{CrashAt, Faults, Moment, Weather};
