use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use swan_core::{KeyId, Timestamp};
use tokio::sync::Mutex;

use super::{KeyHash, KeyRecord, Secret, Store, StoreError};

/// Why a key does not let its bearer in. The two cases look the same from outside except for their wording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No such key.
    #[error("the API key is not known here")]
    Unknown,
    /// The key was revoked.
    #[error("the API key has been revoked")]
    Revoked,
}

/// All keys in memory, so that a request authenticates without I/O. Clones share one ring.
///
/// A look-up goes by the SHA-256 of the secret, so its timing tells nothing about secrets.
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    keys: Arc<ArcSwap<Keys>>,
    // Two refreshes at once could put the older reading in last, and so open for a revoked key again.
    refreshing: Arc<Mutex<()>>,
}

#[derive(Debug, Default)]
struct Keys {
    by_hash: HashMap<KeyHash, Arc<KeyRecord>>,
    by_id: HashMap<KeyId, Arc<KeyRecord>>,
}

impl KeyRing {
    /// The keys of a store.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let ring = Self::default();
        ring.refresh(store).await?;
        Ok(ring)
    }

    /// Reads the keys again, so that new ones open and revoked ones do not.
    ///
    /// # Errors
    /// When the store cannot serve; the ring stays as it was.
    pub async fn refresh(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        let mut keys = Keys::default();
        for (hash, record) in store.keys().await? {
            let record = Arc::new(record);
            keys.by_id.insert(record.id, Arc::clone(&record));
            keys.by_hash.insert(hash, record);
        }
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Whose key this is, by the secret as its bearer sent it (without `Bearer `).
    ///
    /// # Errors
    /// [`AuthError`] when it opens nothing. What the key is for is for the caller to compare.
    pub fn authenticate(&self, secret: &str) -> Result<Arc<KeyRecord>, AuthError> {
        if !Secret::has_shape(secret) {
            return Err(AuthError::Unknown);
        }
        let keys = self.keys.load();
        let record = keys
            .by_hash
            .get(&KeyHash::of(secret))
            .ok_or(AuthError::Unknown)?;
        if record.revoked.is_some() {
            return Err(AuthError::Revoked);
        }
        Ok(Arc::clone(record))
    }

    /// Whether a key that was let in earlier is still good, for connections that outlive one request.
    #[must_use]
    pub fn is_active(&self, id: KeyId) -> bool {
        let keys = self.keys.load();
        keys.by_id
            .get(&id)
            .is_some_and(|record| record.revoked.is_none())
    }

    /// Stores a key and opens for it at once.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn insert(
        &self,
        store: &dyn Store,
        secret: &Secret,
        record: KeyRecord,
    ) -> Result<(), StoreError> {
        store.put_key(&secret.hash(), &record).await?;
        self.refresh(store).await
    }

    /// Revokes a key, here at once and elsewhere within the watch period; answers whether there is such a key.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn revoke(
        &self,
        store: &dyn Store,
        id: KeyId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = store.revoke_key(id, at).await?;
        self.refresh(store).await?;
        Ok(found)
    }
}
