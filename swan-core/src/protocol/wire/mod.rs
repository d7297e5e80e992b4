//! Bytes to frames and back: the JSON envelope of both dialects and the binary frames of v2.

pub(crate) mod binary;
pub(crate) mod envelope;
pub(crate) mod from_hub;
pub(crate) mod from_provider;
pub(crate) mod lenient;
pub(crate) mod sign;
pub(crate) mod tasks;
pub(crate) mod text;
pub(crate) mod to_hub;
pub(crate) mod to_provider;
