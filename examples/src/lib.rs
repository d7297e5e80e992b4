//! Programs that each show one thing a user of Swan wants to do.
