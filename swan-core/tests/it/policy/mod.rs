//! The policy document: what is refused and how, amendments, differences, stamps.

mod amend;
mod defaults;
mod diff;
mod document;
mod findings;
mod mutations;
mod stamp;
