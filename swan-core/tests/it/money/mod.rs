//! Multiples and parts of amounts.

mod parts;
