//! Runs a hub.
