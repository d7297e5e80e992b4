//! What can be configured.
