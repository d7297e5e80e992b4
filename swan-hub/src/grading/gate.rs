//! How many answers are graded at a time, in the whole process: the threads of graders are bounded, whoever asks for them.

use std::sync::{Condvar, Mutex, PoisonError};

/// Grading is work without waiting, so that more at a time would only take more memory.
pub(super) const AT_A_TIME: usize = 4;

static FREE: Mutex<usize> = Mutex::new(AT_A_TIME);
static FREED: Condvar = Condvar::new();

/// A place among those who grade; dropping it lets the next one in.
pub(super) struct Place;

/// Waits for a place.
pub(super) fn enter() -> Place {
    let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = FREED.wait_while(free, |free| *free == 0);
    let mut free = waited.unwrap_or_else(PoisonError::into_inner);
    *free -= 1;
    Place
}

impl Drop for Place {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREED.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_than_the_bound_are_in_at_a_time() {
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| {
                    let _place = super::enter();
                    let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert!(most.into_inner() <= super::AT_A_TIME);
    }
}
