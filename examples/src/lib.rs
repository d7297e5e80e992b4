//! Programs that each show one thing a user of Swan wants to do, and the two pieces that several of them need.

pub mod counting_store;
pub mod keys;
