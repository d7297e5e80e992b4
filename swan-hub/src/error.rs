//! What can go wrong in a hub.
