//! A place at a provider, waited for where everybody who may serve the request is full.

use swan_core::{AccountId, ModelId};
use tokio::time::Instant;

use super::route::{RouteError, Router};
use crate::admission::{Shed, Waiting};
use crate::hub::Shared;
use crate::providers::Slot;

/// Takes a place for the first attempt at `model`. Whoever finds others waiting stands behind them, as far as its account has had its
/// turns.
pub(super) async fn place(
    hub: &Shared,
    router: &mut Router<'_>,
    (model, account): (&ModelId, AccountId),
    deadline: Instant,
) -> Result<Slot, RouteError> {
    let queue = hub.registry.queue();
    let is_first = queue.is_empty_for(model);
    if is_first {
        match router.next() {
            Err(RouteError::Saturated { .. }) if router.is_full() => {}
            other => return other,
        }
    }
    let Shed {
        may_look,
        retry_after_secs,
    } = match queue.join(model, account, &hub.settings.queue) {
        Ok(waiting) => return wait(waiting, router, model, deadline).await,
        Err(shed) => shed,
    };
    let full = || RouteError::Full {
        model: model.clone(),
        retry_after_secs,
    };
    if is_first || !may_look {
        return Err(full());
    }
    // What is free though others wait is not for them.
    match router.next() {
        Err(RouteError::Saturated { .. }) if router.is_full() => Err(full()),
        other => other,
    }
}

async fn wait(
    mut waiting: Waiting,
    router: &mut Router<'_>,
    model: &ModelId,
    deadline: Instant,
) -> Result<Slot, RouteError> {
    let mut looked = None;
    while waiting.turn(deadline).await {
        match router.next() {
            Ok(slot) => {
                waiting.served();
                return Ok(slot);
            }
            Err(RouteError::Saturated { .. }) if router.is_full() => looked = None,
            // Who served was here a moment ago, and may be back before the wait is over.
            Err(error @ RouteError::NoProvider { .. }) => looked = Some(error),
            Err(error) => return Err(error),
        }
        waiting.pass(router.has_room());
    }
    Err(looked.unwrap_or_else(|| RouteError::Full {
        model: model.clone(),
        retry_after_secs: waiting.retry_after_secs(),
    }))
}
