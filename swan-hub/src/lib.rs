#![doc = include_str!("../README.md")]

mod builder;
mod config;
mod error;
mod events;
mod external;
mod gateway;
mod hub;
pub mod ledger;
mod providers;
mod stages;
pub mod store;

#[cfg(feature = "cli")]
pub mod cli;
