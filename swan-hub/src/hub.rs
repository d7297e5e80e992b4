//! The handle to a running hub.
