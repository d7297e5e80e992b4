//! Puts a hub together.
