//! An answer together with what is known about it.

use std::ops::Deref;

use crate::metadata::Metadata;

/// An answer; dereferences to its content.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    content: T,
    metadata: Metadata,
}

impl<T> Reply<T> {
    pub(crate) fn new(content: T, metadata: Metadata) -> Self {
        Self { content, metadata }
    }

    /// Cost, provider, request id, rate limits, latency.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The content without the rest.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.content
    }

    /// Both.
    #[must_use]
    pub fn into_parts(self) -> (T, Metadata) {
        (self.content, self.metadata)
    }
}

impl<T> Deref for Reply<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}
