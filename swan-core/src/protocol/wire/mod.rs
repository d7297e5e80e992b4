//! Bytes to frames and back: the JSON envelope of both dialects and the binary frames of v2.

pub(crate) mod lenient;
pub(crate) mod text;
