//! Shows and grants funds.
