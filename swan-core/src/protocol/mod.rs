//! The provider conversation as sans-IO session machines, in both dialects.
