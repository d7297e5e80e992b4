use std::error::Error;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot serve now; the same call may succeed later.
    #[error("the store cannot serve: {what}")]
    Unavailable {
        /// What stands in the way, and what to do about it.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Another process has the right to write.
    #[error("{place} is in use by another hub; stop it first, or choose another place")]
    Leased {
        /// Where the store is.
        place: String,
    },
    /// It cannot be opened as it is; somebody has to do something.
    #[error("cannot open {place}: {what}")]
    Open {
        /// Where the store is.
        place: String,
        /// What is wrong and what to do about it.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The store was written by a newer Swan.
    #[error(
        "{place} has schema version {found}, and this program knows versions up to {known}; use a newer program"
    )]
    NewerSchema {
        /// Where the store is.
        place: String,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// A journal record does not follow the last one: somebody else wrote, or an entry was lost.
    #[error("the journal goes on at entry {expected}, not {found}")]
    Gap {
        /// Where the journal goes on.
        expected: u64,
        /// Where the record begins.
        found: u64,
    },
    /// Something else is already there.
    #[error("{what}")]
    Conflict {
        /// What is in the way.
        what: String,
    },
    /// What was read makes no sense.
    #[error("the store is damaged: {what}")]
    Corrupt {
        /// What was found where.
        what: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(crate) fn unavailable(what: impl Into<String>) -> Self {
        Self::Unavailable {
            what: what.into(),
            source: None,
        }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}
