//! What a hub finds that its last end has interrupted.

use std::collections::HashMap;

use swan_core::ledger::Detail;
use swan_core::{Amount, Currency, RequestId, Timestamp};

use super::codec;
use super::key::Key;
use super::table::{State, Table};
use crate::ledger::read_journal;
use crate::store::{IdempotencyRecord, Store, StoreError};

type Changes = Vec<(Key, Option<IdempotencyRecord>)>;

/// Fills the table from the store. Answers what the store must learn: a key whose request was charged without an outcome
/// says so from now on, and one whose request was not is free.
pub(super) async fn recover(
    store: &dyn Store,
    table: &mut Table,
    now: Timestamp,
) -> Result<Changes, StoreError> {
    let mut changes = Changes::new();
    let mut running = Vec::new();
    for record in store.idempotency().await? {
        let key = Key::from_bytes(record.key);
        match codec::decode(&record) {
            Some((_, known)) if known.state == State::Running => running.push((key, known)),
            Some((_, known)) if known.expires > now => table.restore(key, known),
            Some(_) => changes.push((key, None)),
            None => {
                // What an older or newer hub wrote may stand for a charge, so it is kept, and nobody is answered by it.
                tracing::warn!("an idempotency key of another version is left alone");
            }
        }
    }
    if running.is_empty() {
        return Ok(changes);
    }
    let charges = charges(store, running.iter().map(|(_, known)| known.request)).await?;
    for (key, mut known) in running {
        match charges.get(&known.request).copied().flatten() {
            Some((cost, currency)) => {
                known.state = State::Lost { cost, currency };
                changes.push((key, codec::encode(key, &known)));
                table.restore(key, known);
            }
            None => changes.push((key, None)),
        }
    }
    Ok(changes)
}

/// What the journal says that these requests were charged. Only after a crash is there anything to ask, so that the whole
/// journal may be read for it.
async fn charges(
    store: &dyn Store,
    requests: impl Iterator<Item = RequestId>,
) -> Result<HashMap<RequestId, Option<(Amount, Currency)>>, StoreError> {
    let mut charges: HashMap<_, _> = requests.map(|request| (request, None)).collect();
    read_journal(store, 1, |entry| {
        let cause = &entry.group.cause;
        let Detail::Charge(charge) = &cause.detail else {
            return;
        };
        let currency = entry
            .group
            .transfers
            .first()
            .map(|transfer| transfer.debit.currency);
        let Some(currency) = currency else { return };
        if let Some(found) = cause.request.and_then(|request| charges.get_mut(&request)) {
            *found = Some((charge.gross, currency));
        }
    })
    .await?;
    Ok(charges)
}
