//! The commands of the `swan-hub` binary.

mod account;
mod audit;
mod dev;
mod key;
mod provider;
mod serve;
