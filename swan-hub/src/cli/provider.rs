//! Lists providers.
