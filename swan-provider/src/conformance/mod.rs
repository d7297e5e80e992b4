//! What any [`Backend`](crate::Backend) must do.
