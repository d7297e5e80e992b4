use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time;
use tokio_postgres::error::SqlState;

use super::failures::failed;
use super::link::{Session, Target};
use crate::store::{Durability, StoreError};

/// "SWAN" and "books": who has this advisory lock of the database writes the journal.
const LOCK: i64 = 0x5357_414E_0000_B005;
/// How long a holder that is just leaving is waited for.
const BOUND: &str = "SET lock_timeout = 500";
const TAKE: &str = "SELECT pg_advisory_lock($1)";
const GIVE_BACK: &str = "SELECT pg_advisory_unlock($1)";
const WHO: &str =
    "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";
/// A session whose client is gone keeps its locks until the server notices; nobody else may be meant.
const END_FORMER: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = $1 AND backend_start = $2::text::timestamptz";
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_LAST: Duration = Duration::from_secs(1);
const GIVE_BACK_MAX: Duration = Duration::from_secs(2);

const HELD: u8 = 0;
const LOST: u8 = 1;
const TAKEN: u8 = 2;

/// Whether the lease that was taken is still ours.
pub(super) type Tenure = Arc<AtomicU8>;
/// The tenure of the lease that lives, if any.
pub(super) type Current = Arc<Mutex<Option<Tenure>>>;

/// Which session of the server has the lock.
struct Holder {
    pid: i32,
    begun: String,
}

/// A session that has the lock.
struct Seat {
    session: Session,
    connection: JoinHandle<()>,
    holder: Holder,
}

/// Gives the lease back when it is dropped.
pub(super) struct Guard {
    tenure: Tenure,
    current: Current,
    /// The keeper notices when this is gone.
    _stop: oneshot::Sender<()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut current = self.current.lock();
        if current
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, &self.tenure))
        {
            *current = None;
        }
    }
}

/// Refuses to write under a lease that was lost: somebody else may have it. Even a write that slips through here changes
/// nothing that another has written, since the journal takes no record but the one that follows.
pub(super) fn check(current: &Current, place: &str) -> Result<(), StoreError> {
    match current
        .lock()
        .as_ref()
        .map(|tenure| tenure.load(Ordering::Acquire))
    {
        None | Some(HELD) => Ok(()),
        Some(LOST) => Err(StoreError::unavailable(
            "the connection that held the right to write is lost, and being made again",
        )),
        Some(_) => Err(StoreError::Leased {
            place: place.to_owned(),
        }),
    }
}

/// Takes the lease on a connection of its own, and watches over it.
pub(super) async fn take(target: Arc<Target>, current: Current) -> Result<Guard, StoreError> {
    let seat = sit(&target, None).await?;
    let tenure = Tenure::new(AtomicU8::new(HELD));
    *current.lock() = Some(Arc::clone(&tenure));
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(keep(target, seat, Arc::clone(&tenure), stopped));
    Ok(Guard {
        tenure,
        current,
        _stop: stop,
    })
}

/// One try to take the lock on a new connection; a session of our own that the server has not given up is ended first.
async fn sit(target: &Target, former: Option<&Holder>) -> Result<Seat, StoreError> {
    let (session, connection) = target.session(Durability::Strict).await?;
    let sitting = async {
        if let Some(former) = former {
            session
                .query(END_FORMER, &[&former.pid, &former.begun])
                .await?;
        }
        session.query(BOUND, &[]).await?;
        session.query(TAKE, &[&LOCK]).await?;
        let rows = session.query(WHO, &[]).await?;
        let holder = rows
            .first()
            .map(|row| -> Result<Holder, tokio_postgres::Error> {
                Ok(Holder {
                    pid: row.try_get(0)?,
                    begun: row.try_get(1)?,
                })
            });
        holder.transpose()
    };
    let answer = time::timeout(target.options.answer_wait, sitting).await;
    match answer {
        Ok(Ok(Some(holder))) => Ok(Seat {
            session,
            connection,
            holder,
        }),
        Ok(Err(error)) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            Err(StoreError::Leased {
                place: target.place.clone(),
            })
        }
        Ok(Err(error)) => Err(failed(error)),
        Ok(Ok(None)) | Err(_) => Err(StoreError::unavailable(
            "the database did not answer in time",
        )),
    }
}

/// Holds the lock until it is given back or taken by another.
async fn keep(
    target: Arc<Target>,
    mut seat: Seat,
    tenure: Tenure,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => {
                // Said aloud, so that the next one need not wait until the server has noticed.
                let gone = seat.session.query(GIVE_BACK, &[&LOCK]);
                let _ = time::timeout(GIVE_BACK_MAX, gone).await;
                return;
            }
            _ = &mut seat.connection => {}
        }
        tenure.store(LOST, Ordering::Release);
        tracing::error!(place = %target.place, "the right to write the journal is lost with its connection");
        let again = tokio::select! {
            biased;
            _ = &mut stopped => return,
            again = sit_again(&target, &seat.holder) => again,
        };
        match again {
            Some(again) => seat = again,
            None => {
                tenure.store(TAKEN, Ordering::Release);
                tracing::error!(place = %target.place, "another hub has taken the right to write the journal");
                return;
            }
        }
        tenure.store(HELD, Ordering::Release);
        tracing::info!(place = %target.place, "the right to write the journal is ours again");
    }
}

/// Tries until the server answers. `None` when it says that another has the lock.
async fn sit_again(target: &Target, former: &Holder) -> Option<Seat> {
    let mut pause = PAUSE_FIRST;
    loop {
        match sit(target, Some(former)).await {
            Ok(seat) => return Some(seat),
            Err(StoreError::Leased { .. }) => return None,
            Err(error) => tracing::debug!(%error, "the right to write cannot be taken yet"),
        }
        time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_LAST);
    }
}
