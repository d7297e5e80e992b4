//! Keys of a hub in the same process.

use swan_core::{Clock as _, KeyId};
use swan_hub::store::{KeyKind, KeyRecord, Secret};
use swan_hub::{Hub, KeyLimits, SystemClock};

/// A new key, which the hub knows from now on by its hash.
///
/// # Errors
///
/// When the store cannot serve, or the system has no randomness.
pub async fn issue(
    hub: &Hub,
    kind: KeyKind,
    name: &str,
    id: u128,
) -> Result<Secret, Box<dyn std::error::Error>> {
    let secret = Secret::generate(kind)?;
    let record = KeyRecord {
        id: KeyId::from_u128(id),
        kind,
        name: name.to_owned(),
        created: SystemClock::new().now(),
        revoked: None,
        limits: KeyLimits::default(),
    };
    hub.keys().insert(&**hub.store(), &secret, record).await?;
    Ok(secret)
}
