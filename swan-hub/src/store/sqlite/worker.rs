use std::fmt;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time;

use crate::store::StoreError;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// How many jobs may wait for the thread.
const QUEUE: usize = 64;
/// How long a job may take, its wait included.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A thread with a connection of its own, which ends when its last handle is dropped.
#[derive(Clone)]
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    /// Opens the connection on a new thread, so that no runtime thread waits for the disk.
    pub(super) async fn start(
        open: impl FnOnce() -> Result<Connection, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let (opened, answer) = oneshot::channel();
        let run = move || {
            let mut connection = match open() {
                Ok(connection) => connection,
                Err(error) => {
                    // The opener waits for this; if it does not any more, nobody needs to know.
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            if opened.send(Ok(())).is_err() {
                return;
            }
            while let Some(job) = queue.blocking_recv() {
                job(&mut connection);
            }
        };
        thread::Builder::new()
            .name("swan-sqlite".into())
            .spawn(run)
            .map_err(|error| StoreError::Unavailable {
                what: "no thread can be started".into(),
                source: Some(Box::new(error)),
            })?;
        answer.await.map_err(|_| gone())??;
        Ok(Self { jobs })
    }

    /// Runs a job on the thread. A job whose caller has gone away runs all the same.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // The caller may have gone away.
            let _ = done.send(job(connection));
        });
        let work = async {
            self.jobs.send(job).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        };
        let slow = |_| {
            Err(StoreError::unavailable(
                "the database did not answer in time",
            ))
        };
        time::timeout(ANSWER_MAX, work).await.unwrap_or_else(slow)
    }
}

fn gone() -> StoreError {
    StoreError::unavailable("the thread of the database has ended")
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}
