//! How far the journal is durable, and who waits for it to get further.
//!
//! Each waiter is woken once, by the write that it waited for: with one list that wakes everybody, each write of a busy hub
//! would wake all requests that wait for the next one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::time::Instant;

/// The progress of the writer.
#[derive(Debug)]
pub(super) struct Progress {
    /// Every entry up to this one survives a crash.
    durable: AtomicU64,
    /// No further entry will become durable.
    ended: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// In the order of their tickets, which is nearly that of their entries.
    list: VecDeque<Waiter>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    seq: u64,
    until: Option<Instant>,
    waker: Waker,
}

/// Why an entry is not durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotDurable {
    /// The writer ended before it got there.
    Ended,
    /// The time of the one who waits is over.
    Late,
}

impl Progress {
    pub(super) fn new(durable: u64) -> Self {
        Self {
            durable: AtomicU64::new(durable),
            ended: AtomicBool::new(false),
            waiting: Mutex::default(),
        }
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Every entry up to `seq` is durable now.
    pub(super) fn reach(&self, seq: u64) {
        self.durable.store(seq, Ordering::Release);
        self.wake(|waiter| waiter.seq <= seq);
    }

    /// No further entry will become durable.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.wake(|_| true);
    }

    /// Wakes those whose time is over, which nobody else does.
    pub(super) fn look_at_the_clock(&self, now: Instant) {
        self.wake(|waiter| waiter.until.is_some_and(|until| until <= now));
    }

    fn wake(&self, is_due: impl Fn(&Waiter) -> bool) {
        let mut woken = Vec::new();
        {
            let mut waiting = self.waiting.lock();
            if waiting.list.is_empty() {
                return;
            }
            // Those in front are due nearly always, and then nothing has to be moved.
            while waiting.list.front().is_some_and(&is_due) {
                woken.extend(waiting.list.pop_front());
            }
            if waiting.list.iter().any(&is_due) {
                let (due, rest) = std::mem::take(&mut waiting.list)
                    .into_iter()
                    .partition::<VecDeque<_>, _>(&is_due);
                woken.extend(due);
                waiting.list = rest;
            }
        }
        // Without the lock, which those who wake up ask for.
        for waiter in woken {
            waiter.waker.wake();
        }
    }

    /// Whether entry `seq` is durable; otherwise the task is woken when it is, or at about `until`. `ticket` belongs to the one
    /// who waits, and is given back with [`Progress::leave`].
    pub(super) fn poll(
        &self,
        cx: &Context<'_>,
        seq: u64,
        until: Option<Instant>,
        ticket: &mut Option<u64>,
    ) -> Poll<Result<(), NotDurable>> {
        if let Some(done) = self.done(seq, until) {
            return Poll::Ready(done);
        }
        let mut waiting = self.waiting.lock();
        // Asked again under the lock, so that a write that ends in between is not missed.
        if let Some(done) = self.done(seq, until) {
            return Poll::Ready(done);
        }
        if let Some(waiter) = ticket.and_then(|ticket| waiting.find(ticket)) {
            waiter.waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        let number = waiting.next_ticket;
        waiting.next_ticket += 1;
        *ticket = Some(number);
        waiting.list.push_back(Waiter {
            ticket: number,
            seq,
            until,
            waker: cx.waker().clone(),
        });
        Poll::Pending
    }

    fn done(&self, seq: u64, until: Option<Instant>) -> Option<Result<(), NotDurable>> {
        if self.durable() >= seq {
            Some(Ok(()))
        } else if self.has_ended() {
            Some(Err(NotDurable::Ended))
        } else if until.is_some_and(|until| until <= Instant::now()) {
            Some(Err(NotDurable::Late))
        } else {
            None
        }
    }

    /// Forgets one who does not wait any more.
    pub(super) fn leave(&self, ticket: u64) {
        let mut waiting = self.waiting.lock();
        let place = waiting.place(ticket);
        let left = place.and_then(|place| waiting.list.remove(place));
        // A waker may be all that keeps another task alive, whose end must not meet this lock.
        drop(waiting);
        drop(left);
    }
}

impl Waiting {
    fn place(&self, ticket: u64) -> Option<usize> {
        self.list
            .binary_search_by_key(&ticket, |waiter| waiter.ticket)
            .ok()
    }

    fn find(&mut self, ticket: u64) -> Option<&mut Waiter> {
        let place = self.place(ticket)?;
        self.list.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Waits {
        bell: Arc<Bell>,
        seq: u64,
        until: Option<Instant>,
        ticket: Option<u64>,
    }

    impl Waits {
        fn new(seq: u64, until: Option<Instant>) -> Self {
            Self {
                bell: Arc::default(),
                seq,
                until,
                ticket: None,
            }
        }

        fn poll(&mut self, progress: &Progress) -> Poll<Result<(), NotDurable>> {
            let waker = Waker::from(Arc::clone(&self.bell));
            let cx = Context::from_waker(&waker);
            progress.poll(&cx, self.seq, self.until, &mut self.ticket)
        }

        fn rung(&self) -> usize {
            self.bell.0.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn each_waiter_is_woken_once_by_the_write_that_it_waits_for() {
        let progress = Progress::new(10);
        let mut all: Vec<Waits> = [12, 11, 15, 13].map(|seq| Waits::new(seq, None)).into();
        for waits in &mut all {
            assert_eq!(waits.poll(&progress), Poll::Pending);
            assert_eq!(waits.poll(&progress), Poll::Pending, "asked again");
        }
        assert_eq!(
            Waits::new(10, None).poll(&progress),
            Poll::Ready(Ok(())),
            "durable before"
        );
        for (reached, rung) in [(12, [1, 1, 0, 0]), (14, [1, 1, 0, 1]), (20, [1, 1, 1, 1])] {
            progress.reach(reached);
            assert_eq!(all.iter().map(Waits::rung).collect::<Vec<_>>(), rung);
        }
        for waits in &mut all {
            assert_eq!(waits.poll(&progress), Poll::Ready(Ok(())));
        }
    }

    #[test]
    fn one_who_leaves_is_not_woken_and_the_end_wakes_all_others() {
        let progress = Progress::new(0);
        let mut all: Vec<Waits> = [1, 2, u64::MAX].map(|seq| Waits::new(seq, None)).into();
        for waits in &mut all {
            assert_eq!(waits.poll(&progress), Poll::Pending);
        }
        progress.leave(all[1].ticket.unwrap());
        progress.end();
        assert_eq!(all.iter().map(Waits::rung).collect::<Vec<_>>(), [1, 0, 1]);
        assert_eq!(all[0].poll(&progress), Poll::Ready(Err(NotDurable::Ended)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_wakes_those_whose_time_is_over() {
        let progress = Progress::new(0);
        let at = |secs| Some(Instant::now() + Duration::from_secs(secs));
        let mut all: Vec<Waits> = [at(9), at(1), None]
            .map(|until| Waits::new(1, until))
            .into();
        for waits in &mut all {
            assert_eq!(waits.poll(&progress), Poll::Pending);
        }
        tokio::time::advance(Duration::from_secs(2)).await;
        progress.look_at_the_clock(Instant::now());
        assert_eq!(all.iter().map(Waits::rung).collect::<Vec<_>>(), [0, 1, 0]);
        assert_eq!(all[1].poll(&progress), Poll::Ready(Err(NotDurable::Late)));
        assert_eq!(all[0].poll(&progress), Poll::Pending);
    }
}
