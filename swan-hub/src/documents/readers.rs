use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;

/// How many read the journal at once for somebody outside; requests read and write it too, and shall not wait for them.
const AT_ONCE: usize = 2;
/// How long a turn is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who may read the journal now.
#[derive(Debug, Clone)]
pub(crate) struct Readers(Arc<Semaphore>);

/// A turn at reading, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Reader(#[expect(dead_code, reason = "kept for its Drop")] OwnedSemaphorePermit);

impl Default for Readers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Readers {
    /// A turn; `None` when others read for long.
    pub(crate) async fn turn(&self) -> Option<Reader> {
        let turn = Arc::clone(&self.0).acquire_owned();
        let turn = time::timeout(PATIENCE, turn).await.ok()?;
        turn.ok().map(Reader)
    }
}
