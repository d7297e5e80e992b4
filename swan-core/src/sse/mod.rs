//! Server-sent events, split out of a byte stream however it is cut.
