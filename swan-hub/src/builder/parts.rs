//! What a hub is put together from.

use std::sync::Arc;

use swan_core::{Clock, Policy};

use crate::collateral::Collateral;
use crate::error::HubError;
use crate::ledger::{Books, BooksOptions, LedgerError};
use crate::providers::{Registry, Sessions, SessionsConfig};
use crate::seams::{Entropy, SystemEntropy};
use crate::store::{KeyRing, Store};
#[cfg(feature = "otel")]
use crate::telemetry::{Telemetry, TelemetryOptions};

#[cfg(feature = "otel")]
pub(super) fn telemetry(options: Option<TelemetryOptions>) -> Result<Option<Telemetry>, HubError> {
    let started = options.map(Telemetry::start).transpose();
    started.map_err(|error| HubError::Build(error.to_string()))
}

pub(super) fn sessions(
    registry: &Registry,
    directory: (KeyRing, Arc<dyn Store>),
    policy: &Arc<Policy>,
    clock: &Arc<dyn Clock>,
    collateral: &Collateral,
) -> Sessions {
    let (policy, clock) = (Arc::clone(policy), Arc::clone(clock));
    let config = SessionsConfig::with(collateral.bonds.clone());
    Sessions::new(registry.clone(), directory, policy, clock, config)
}

pub(super) fn system_entropy() -> Result<Arc<dyn Entropy>, HubError> {
    match SystemEntropy::new() {
        Ok(entropy) => Ok(Arc::new(entropy)),
        Err(error) => Err(HubError::Build(error.to_string())),
    }
}

/// The books of a store, and on its keys what they have spent before.
pub(super) async fn open_books(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    options: BooksOptions,
    keys: &KeyRing,
) -> Result<Books, HubError> {
    let (books, recovery) = Books::open(Arc::clone(store), Arc::clone(clock), options)
        .await
        .map_err(opening)?;
    tracing::info!(
        entries = recovery.entries,
        snapshot = recovery.snapshot,
        holds_voided = recovery.holds_voided,
        "the books are open"
    );
    keys.restore(&recovery.spending);
    Ok(books)
}

fn opening(error: LedgerError) -> HubError {
    match error {
        LedgerError::Store(error) => HubError::Store(error),
        other => HubError::Books(Box::new(other)),
    }
}
