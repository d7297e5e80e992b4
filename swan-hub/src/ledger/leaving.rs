//! How a node ends, by itself or by another that takes its place: what it held is void, and what it had left is free.

use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::{Amount, Clock};
use tokio::time;

use super::books::{Core, Shared};
use super::drawing::{give_back, has, slice_of, spent};
use super::{LedgerError, recovery};
use crate::idempotency;
use crate::store::{Neighbour, Pool, Reach, StoreError};

/// How long a node that ends waits for its word to be taken.
const GOODBYE: Duration = Duration::from_secs(5);

/// Ends a dead node: its journal up to its last durable entry is what happened; what it held is void, what it had left is free, and
/// an idempotency key whose request was not charged is free, too.
pub(super) async fn take_over(dead: Neighbour, clock: &dyn Clock) -> Result<(), LedgerError> {
    let lease = dead.store.lease().await?;
    let pool = Some(&*dead.pool);
    let _ = recovery::recover(&*dead.store, clock, pool).await?;
    idempotency::end_of_another(&*dead.store, clock.now()).await?;
    dead.pool.cleared().await?;
    drop(lease);
    Ok(())
}

/// Gives back all that a node had left when it died, and sets its slices to what it has spent. Nobody else writes its journal.
pub(super) fn return_all(core: &mut Core, clock: &dyn Clock) {
    let left: Vec<_> = core
        .ledger
        .accounts()
        .into_iter()
        .filter(|(of, balance)| slice_of(*of).is_some() && balance.available() > Amount::ZERO)
        .map(|(of, balance)| (of, balance.available()))
        .collect();
    for (of, amount) in left {
        give_back(core, of, amount, clock);
    }
}

/// Whether a node that is about to end has given back what it had left; it does so once, and what that entered into the ledger
/// has to be written.
pub(super) fn has_left(shared: &Shared) -> bool {
    let Some(drawing) = &shared.drawing else {
        return true;
    };
    // Under the lock, so that nothing is drawn or given back after it.
    let mut core = shared.core.lock();
    if drawing.leaving.swap(true, Ordering::AcqRel) {
        return true;
    }
    return_all(&mut core, &*shared.clock);
    core.batch.is_empty()
}

/// Tells the pool that the node is gone. Where that fails, another node takes its place when its lease has run out.
pub(super) async fn say_goodbye(shared: &Shared) {
    let Some(drawing) = &shared.drawing else {
        return;
    };
    let pending = shared.core.lock().ledger.pending_count();
    let bye = async {
        let turns: Vec<_> = drawing.turns.lock().values().cloned().collect();
        for turn in turns {
            // Whoever asks the pool just now is waited for.
            let _turn = turn.lock.lock().await;
        }
        tell_spent(&*drawing.pool, &shared.core).await?;
        drawing.earned.tell(&*drawing.pool).await?;
        match pending {
            0 => drawing.pool.cleared().await,
            // Their requests end with the hub; whoever takes its place gives back what they held.
            _ => Ok(()),
        }
    };
    match time::timeout(GOODBYE, bye).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "what this node had is not given back yet"),
        Err(_) => tracing::warn!("what this node had is not given back yet: no answer"),
    }
}

/// Tells the pool what a node has spent, which is what its slices are then. A draw of which its journal knows nothing is undone.
pub(super) async fn tell_spent(pool: &dyn Pool, core: &Mutex<Core>) -> Result<(), StoreError> {
    for (of, told) in pool.slices().await? {
        let (has, spent) = {
            let ledger = &core.lock().ledger;
            (has(ledger, of), spent(ledger, of))
        };
        if told != [has, spent] {
            let _now = pool.reach(of, Reach::keep(has, spent)).await?;
        }
    }
    Ok(())
}
