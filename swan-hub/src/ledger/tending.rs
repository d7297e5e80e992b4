//! What a node does for the funds that it shares with others while no request waits: it draws ahead, gives back what lies idle,
//! tells what was spent and earned, and takes the place of nodes that have died. Each by itself, so that none waits for another.

use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use swan_core::Amount;
use swan_core::ledger::AccountKey;
use tokio::time::{self, Instant, MissedTickBehavior};

use super::LedgerError;
use super::books::Shared;
use super::drawing::{Drawing, Turn, give_back, has, spent};
use super::earned::tell_others;
use super::leaving::take_over;
use crate::store::{Reach, StoreError};

/// How often idle slices and dead nodes are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long an account with little left is left alone after it was drawn for.
const PAUSE: Duration = Duration::from_millis(50);
/// How long an account of which nothing is here is remembered.
const FORGOTTEN: Duration = Duration::from_secs(60);
/// Accounts that the pool is asked about at once, over one connection.
const AT_ONCE: usize = 32;

/// Tends the slices of a node as long as its books live.
pub(super) async fn run(books: Weak<Shared>) {
    if books
        .upgrade()
        .is_none_or(|shared| shared.drawing.is_none())
    {
        return;
    }
    let ahead = draws_ahead(books.clone());
    let idle = every_look(books.clone(), |shared| async move {
        give_back_idle(&shared).await
    });
    let earned = every_look(
        books.clone(),
        |shared| async move { tell_others(&shared).await },
    );
    let owed = every_look(books.clone(), |shared| async move {
        collect_from_all(&shared).await
    });
    let heirs = every_look(books, |shared| async move { end_the_dead(&shared).await });
    let _ended = tokio::join!(ahead, idle, earned, owed, heirs);
}

/// Does so again and again. What fails is told once, until it goes well again.
async fn every_look<F>(books: Weak<Shared>, look: impl Fn(Arc<Shared>) -> F)
where
    F: Future<Output = Result<(), StoreError>>,
{
    let mut ticks = time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        ticks.tick().await;
        let Some(shared) = alive(&books) else { return };
        let looked = look(shared).await;
        if let Err(error) = &looked
            && !is_failing
        {
            tracing::warn!(%error, "the shared funds cannot be reached");
        }
        is_failing = looked.is_err();
    }
}

fn alive(books: &Weak<Shared>) -> Option<Arc<Shared>> {
    let shared = books.upgrade()?;
    (!shared.progress.has_ended()).then_some(shared)
}

/// Draws for accounts that have little left, each at most once in a pause.
async fn draws_ahead(books: Weak<Shared>) {
    let mut pauses = time::interval(PAUSE);
    pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // The pause first: what many requests have asked for meanwhile is one draw.
        pauses.tick().await;
        let Some(wake) =
            alive(&books).and_then(|shared| Some(Arc::clone(&shared.drawing.as_ref()?.wake)))
        else {
            return;
        };
        // Books that end do not wake anybody.
        let _ = time::timeout(LOOK_EVERY, wake.notified()).await;
        let Some(shared) = alive(&books) else { return };
        let Some(drawing) = &shared.drawing else {
            return;
        };
        let wanted: Vec<_> = drawing.wanted.lock().drain().collect();
        let draws = stream::iter(wanted).map(|(of, taken)| {
            let shared = &shared;
            async move { shared.draw(of, taken, true).await }
        });
        let failed = draws
            .buffer_unordered(AT_ONCE)
            .filter_map(|drawn| async move { drawn.err() })
            .count()
            .await;
        if failed > 0 {
            tracing::debug!(failed, "accounts could not be drawn for");
        }
    }
}

/// Tells the pool what was spent, and gives back what lies idle.
async fn give_back_idle(shared: &Shared) -> Result<(), StoreError> {
    let Some(drawing) = &shared.drawing else {
        return Ok(());
    };
    let turns: Vec<_> = {
        let turns = drawing.turns.lock();
        let all = turns.iter();
        all.map(|(of, turn)| (*of, Arc::clone(turn))).collect()
    };
    let rests = stream::iter(turns).map(|(of, turn)| async move {
        let is_over = shared.rest(drawing, of, &turn).await?;
        if is_over {
            drawing.forget(of, &turn);
        }
        Ok(())
    });
    let rests = rests.buffer_unordered(AT_ONCE);
    let first =
        |first: Result<(), StoreError>, next: Result<(), StoreError>| async { first.and(next) };
    rests.fold(Ok(()), first).await
}

impl Drawing {
    /// Forgets an account of which nothing is here, unless somebody draws for it now.
    fn forget(&self, of: AccountKey, own: &Arc<Turn>) {
        let mut turns = self.turns.lock();
        // One is in the map, one the caller's.
        if Arc::strong_count(own) <= 2 {
            turns.remove(&of);
        }
    }
}

impl Shared {
    /// Tells what was spent of an account, and gives back what lies idle. Answers whether nothing of it is here any more.
    async fn rest(
        &self,
        drawing: &Drawing,
        of: AccountKey,
        turn: &Turn,
    ) -> Result<bool, StoreError> {
        let (idle, untold, is_over) = {
            let balance = self.core.lock().ledger.balance(&of);
            let moved = balance.debits_posted.checked_add(balance.debits_pending);
            let moved = moved.unwrap_or(Amount::MAX);
            let mut seen = turn.seen.lock();
            let now = Instant::now();
            if seen.moved != moved {
                (seen.moved, seen.since) = (moved, Some(now));
            }
            let since = *seen.since.get_or_insert(now);
            let unused = now.duration_since(since);
            let rests = unused >= self.options.idle;
            let (free, held) = (balance.available() > Amount::ZERO, balance.debits_pending);
            let untold = seen.told != balance.debits_posted || seen.is_unsure;
            let is_over = unused >= FORGOTTEN && !free && !untold && held.is_zero();
            (rests && free, untold, is_over)
        };
        if !idle && !untold {
            return Ok(is_over);
        }
        self.tell(drawing, of, turn, idle).await?;
        Ok(false)
    }

    /// Tells what was spent of an account, and gives back all that is free of it where it is to go.
    pub(super) async fn tell(
        &self,
        drawing: &Drawing,
        of: AccountKey,
        turn: &Turn,
        gives: bool,
    ) -> Result<(), StoreError> {
        let _turn = turn.lock.lock().await;
        let (keep, told) = {
            let mut core = self.core.lock();
            if drawing.is_leaving() {
                return Ok(());
            }
            let available = core.ledger.available(&of);
            if gives && available > Amount::ZERO {
                give_back(&mut core, of, available, &*self.clock);
            }
            let ledger = &core.ledger;
            let keep = Reach::keep(has(ledger, of), spent(ledger, of));
            (keep, ledger.balance(&of).debits_posted)
        };
        // What cannot be told now is told with the next draw, or at the next look.
        turn.seen.lock().is_unsure = true;
        drawing.pool.reach(of, keep).await?;
        let mut seen = turn.seen.lock();
        (seen.told, seen.is_unsure) = (told, false);
        Ok(())
    }
}

/// Reads what the nodes have booked together, and takes from those who owe something what is there.
async fn collect_from_all(shared: &Shared) -> Result<(), StoreError> {
    match shared.collect_from_all().await {
        Err(LedgerError::Store(error)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "what accounts owe is not collected yet");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Takes the place of nodes that have said nothing for too long.
async fn end_the_dead(shared: &Shared) -> Result<(), StoreError> {
    let Some(drawing) = &shared.drawing else {
        return Ok(());
    };
    for neighbour in drawing.pool.dead().await? {
        let name = neighbour.name.clone();
        match take_over(neighbour, &*shared.clock).await {
            Ok(()) => tracing::info!(node = name, "what a dead node had is given back"),
            // Another was quicker.
            Err(LedgerError::Store(StoreError::Leased { .. })) => {}
            Err(error) => {
                tracing::error!(%error, node = name, "what a dead node had cannot be given back");
            }
        }
    }
    Ok(())
}
