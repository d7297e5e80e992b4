#![doc = include_str!("../README.md")]

pub mod ledger;
pub mod openai;
pub mod protocol;
pub mod sse;
#[cfg(feature = "testkit")]
pub mod testkit;
