#![doc = include_str!("../README.md")]

mod builder;
mod config;
mod error;
mod events;
mod external;
mod gateway;
mod hub;
mod ledger;
mod providers;
mod stages;
mod store;

#[cfg(feature = "cli")]
pub mod cli;
