//! The requests that wait for one model, and whose turn it is.

use std::sync::Arc;
use std::time::Duration;

use swan_core::AccountId;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::order::{FairOrder, Place};

/// One waiting request, as its line sees it.
#[derive(Debug)]
struct Waiter {
    bell: Arc<Notify>,
    /// It is this one's turn to look for a place.
    turn: Option<Turn>,
    /// It has looked at least once.
    has_looked: bool,
}

/// Why a request looks for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It has come, and what it wants may be free though others wait.
    Newcomer,
    /// A place has become free.
    Place,
}

impl Waiter {
    /// Rung once for each turn, and never otherwise.
    fn give(&mut self, turn: Turn) {
        self.turn = Some(turn);
        self.bell.notify_one();
    }
}

/// The line before one model.
///
/// A place that becomes free is one turn. It goes to the first in order, who hands it on when the place is not for it. So one
/// place wakes one request, and whoever waits longest has the first look.
#[derive(Debug, Default)]
pub(super) struct ModelLine {
    order: FairOrder<Waiter>,
    /// Turns that have been given and not ended.
    turns: usize,
    /// Places that became free while everybody was looking already.
    unseen: usize,
    rate: ServiceRate,
}

impl ModelLine {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn waiting_of(&self, account: AccountId) -> usize {
        self.order.waiting_of(account)
    }

    /// Whether somebody is looking for a place now, whom a newcomer must not overtake.
    pub(super) const fn is_looking(&self) -> bool {
        self.turns > 0
    }

    /// How long a new request of this account would wait, as far as anybody can tell.
    pub(super) fn expected(&self, account: AccountId, now: Instant) -> Option<Duration> {
        self.rate.until(self.order.ahead_of(account), now)
    }

    /// How long until a place becomes free that nobody who waits now takes.
    pub(super) fn drains_in(&self, now: Instant) -> Option<Duration> {
        self.rate.until(self.order.len(), now)
    }

    /// Stands in the line. The first turn comes as soon as nobody else is looking: a place may have become free since the request
    /// has looked last, or may be free all along and not for those who wait.
    pub(super) fn join(&mut self, account: AccountId, bell: &Arc<Notify>) -> Place {
        let waiter = Waiter {
            bell: Arc::clone(bell),
            turn: None,
            has_looked: false,
        };
        let place = self.order.join(account, waiter);
        self.show();
        place
    }

    /// A place has been given back.
    pub(super) fn freed(&mut self, now: Instant) {
        if self.order.len() > 0 {
            self.rate.freed(now);
            self.more(1);
        }
    }

    /// Somebody new serves so many requests at once.
    pub(super) fn more(&mut self, places: usize) {
        self.unseen = self.unseen.saturating_add(places).min(self.order.len());
        self.show();
    }

    /// The request at `place` has found what it wanted, or does not wait any longer.
    pub(super) fn end(&mut self, place: Place, is_served: bool) {
        let waiter = match is_served {
            true => self.order.serve(place),
            false => self.order.leave(place),
        };
        let Some(waiter) = waiter else { return };
        if let Some(turn) = waiter.turn {
            self.turns = self.turns.saturating_sub(1);
            // Who goes without having taken a place leaves it to the next.
            self.unseen += usize::from(!is_served && turn == Turn::Place);
        }
        self.unseen = self.unseen.min(self.order.len());
        self.show();
        if self.order.len() == 0 {
            self.rate.pause();
        }
    }

    /// The request at `place` has looked and found nothing. If there `is_room` for others, the next one looks.
    pub(super) fn pass(&mut self, place: Place, is_room: bool) {
        let Some(waiter) = self.order.get_mut(place) else {
            return;
        };
        waiter.has_looked = true;
        let Some(turn) = waiter.turn.take() else {
            return;
        };
        self.turns = self.turns.saturating_sub(1);
        let free = |other: &&mut Waiter| other.turn.is_none();
        if is_room
            && turn == Turn::Place
            && let Some(next) = self.order.after_mut(place).find(free)
        {
            next.give(Turn::Place);
            self.turns += 1;
        }
        // Without room nothing is lost on those who have not looked: the next place that becomes free is a turn of its own.
        if is_room {
            self.show();
        } else {
            self.show_unseen();
        }
    }

    /// Gives turns for what nobody has looked at, and one to whoever has not looked at all.
    fn show(&mut self) {
        self.show_unseen();
        if self.turns > 0 {
            return;
        }
        if let Some(waiter) = self.order.iter_mut().find(|waiter| !waiter.has_looked) {
            waiter.give(Turn::Newcomer);
            self.turns += 1;
        }
    }

    fn show_unseen(&mut self) {
        while self.unseen > 0 {
            let Some(first) = self.order.iter_mut().find(|waiter| waiter.turn.is_none()) else {
                return;
            };
            first.give(Turn::Place);
            self.turns += 1;
            self.unseen -= 1;
        }
    }
}

/// How often places become free while somebody waits for one.
#[derive(Debug, Default)]
struct ServiceRate {
    last: Option<Instant>,
    /// The mean time between two of them.
    every: Option<Duration>,
}

impl ServiceRate {
    fn freed(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            let gap = now.saturating_duration_since(last);
            self.every = Some(match self.every {
                // The last eight or so count.
                Some(every) => (every * 7 + gap) / 8,
                None => gap,
            });
        }
    }

    /// The time in which nobody waits says nothing.
    fn pause(&mut self) {
        self.last = None;
    }

    /// How long until a place becomes free after `ahead` others.
    fn until(&self, ahead: usize, now: Instant) -> Option<Duration> {
        let every = self.every?;
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let since = self.last.map(|last| now.saturating_duration_since(last));
        // When places have stopped to become free, the mean of the past promises too much.
        let next = since.unwrap_or_default().max(every);
        Some(every.saturating_mul(ahead).saturating_add(next))
    }
}
