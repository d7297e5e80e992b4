//! `docs/ECONOMICS.md`: each number on that page is a test, since its code blocks are run as examples of this crate.
#![doc = include_str!("../../docs/ECONOMICS.md")]
