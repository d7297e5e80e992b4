//! `docs/EMBEDDING.md`: what the page shows is run as examples of this crate.
#![doc = include_str!("../../docs/EMBEDDING.md")]
