//! What figures and answers say of the watch.

use super::Progress;

/// How the watch is, as this process knows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// The youngest block that enough nodes know.
    pub(crate) latest: u64,
    /// The youngest final one.
    pub(crate) finalized: u64,
    /// The block up to which everything is in the books.
    pub(crate) read: u64,
    /// When the nodes were last asked with success.
    pub(crate) at_ms: u64,
    /// Why nothing is credited, when nothing is.
    pub(crate) problem: Option<String>,
}

impl From<&Progress> for Status {
    fn from(progress: &Progress) -> Self {
        Self {
            latest: progress.latest,
            finalized: progress.finalized,
            read: progress.read_upto().map_or(0, |mark| mark.number),
            at_ms: progress.at_ms,
            problem: progress.problem.clone(),
        }
    }
}
