use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use swan_core::{AccountId, KeyId, Timestamp};
use tokio::sync::Mutex;

use super::{KeyHash, KeyKind, KeyRecord, Secret, Store, StoreError};
use crate::admission::{Access, Allowance, KeyDefaults, KeyLimits};
use crate::ledger::SpendingLog;
use crate::quick_map::QuickMap;

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
    defaults: Arc<ArcSwap<KeyDefaults>>,
    /// Keys and defaults change one after the other, so that neither is lost.
    replacing: Arc<parking_lot::Mutex<()>>,
}

#[derive(Debug, Default)]
struct Keys {
    by_hash: QuickMap<KeyHash, Arc<Opened>>,
    by_id: HashMap<KeyId, Arc<Opened>>,
    accounts: HashMap<AccountId, Arc<Allowance>>,
}

/// A key of the ring, with the limits that hold for it and what has been used of them.
#[derive(Debug)]
pub struct Opened {
    record: Arc<KeyRecord>,
    access: Arc<Access>,
}

impl Opened {
    /// What the store knows about it.
    #[must_use]
    pub const fn record(&self) -> &Arc<KeyRecord> {
        &self.record
    }

    /// Its limits and those of its account; empty for keys that do not spend.
    #[must_use]
    pub const fn access(&self) -> &Arc<Access> {
        &self.access
    }
}

impl KeyRing {
    /// A ring without keys, in which these hold for keys without a limit of their own.
    #[must_use]
    pub fn with_defaults(defaults: KeyDefaults) -> Self {
        let ring = Self::default();
        ring.set_defaults(defaults);
        ring
    }

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
        let (accounts, records) = (store.accounts().await?, store.keys().await?);
        let accounts: Vec<_> = accounts.into_iter().map(|it| (it.id, it.limits)).collect();
        let records: Vec<_> = records
            .into_iter()
            .map(|(hash, record)| (hash, Arc::new(record)))
            .collect();
        let _one = self.replacing.lock();
        let before = self.keys.load();
        let keys = Keys::of(&before, &accounts, &records, &self.defaults.load());
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Counts what was spent before the hub was started, once, before it serves.
    pub(crate) fn restore(&self, spending: &SpendingLog) {
        let keys = self.keys.load();
        for (id, spent) in &spending.keys {
            if let Some(own) = keys.by_id.get(id).and_then(|opened| opened.access.key()) {
                own.restore(*spent);
            }
        }
        for (id, spent) in &spending.accounts {
            if let Some(own) = keys.accounts.get(id) {
                own.restore(*spent);
            }
        }
    }

    /// Sets what holds for keys without a limit of their own.
    pub fn set_defaults(&self, defaults: KeyDefaults) {
        if **self.defaults.load() == defaults {
            return;
        }
        let _one = self.replacing.lock();
        let before = self.keys.load();
        let accounts = before.accounts.iter();
        let accounts: Vec<_> = accounts
            .map(|(id, own)| (*id, own.limits().clone()))
            .collect();
        let records = before.by_hash.iter();
        let records: Vec<_> = records
            .map(|(hash, opened)| (*hash, Arc::clone(&opened.record)))
            .collect();
        let keys = Keys::of(&before, &accounts, &records, &defaults);
        self.defaults.store(Arc::new(defaults));
        self.keys.store(Arc::new(keys));
    }

    /// Whose key this is, by the secret as its bearer sent it (without `Bearer `).
    ///
    /// # Errors
    /// [`AuthError`] when it opens nothing. What the key is for is for the caller to compare.
    pub fn authenticate(&self, secret: &str) -> Result<Arc<KeyRecord>, AuthError> {
        self.open(secret).map(|opened| Arc::clone(&opened.record))
    }

    /// As [`KeyRing::authenticate`], with the limits that hold for the key.
    ///
    /// # Errors
    /// [`AuthError`] when it opens nothing.
    pub fn open(&self, secret: &str) -> Result<Arc<Opened>, AuthError> {
        // Tells nothing that the sender does not see itself: whether the text looks like a key.
        if !Secret::has_shape(secret) {
            return Err(AuthError::Unknown);
        }
        // From here on a known key, a revoked one and one that was never made cost the same: one hash of the whole text, and
        // one look-up by it. A look-up may end earlier or later by bits of the hash, which nobody can choose without
        // knowing the secret. That a key was revoked, or has expired, is said to nobody but who has the 256 bits of it.
        let keys = self.keys.load();
        let opened = keys
            .by_hash
            .get(&KeyHash::of(secret))
            .ok_or(AuthError::Unknown)?;
        if opened.record.revoked.is_some() {
            return Err(AuthError::Revoked);
        }
        Ok(Arc::clone(opened))
    }

    /// The key with this id, revoked or not.
    #[must_use]
    pub fn get(&self, id: KeyId) -> Option<Arc<Opened>> {
        self.keys.load().by_id.get(&id).cloned()
    }

    /// The limits of an account, with what has been used of them.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<Arc<Allowance>> {
        self.keys.load().accounts.get(&id).cloned()
    }

    /// Whether a key that was let in earlier is still good, for connections that outlive one request.
    #[must_use]
    pub fn is_active(&self, id: KeyId) -> bool {
        let keys = self.keys.load();
        keys.by_id
            .get(&id)
            .is_some_and(|opened| opened.record.revoked.is_none())
    }

    /// The keys of one owner, revoked ones too, the oldest first.
    #[must_use]
    pub fn of_owner(&self, owner: KeyKind) -> Vec<Arc<KeyRecord>> {
        let keys = self.keys.load();
        let all = keys.by_id.values().map(|opened| &opened.record);
        let own = all.filter(|record| record.kind == owner);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by_key(|record| (record.created, record.id));
        own
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

impl Keys {
    /// These accounts and keys; what was used of limits is that of `before`.
    fn of(
        before: &Self,
        accounts: &[(AccountId, KeyLimits)],
        records: &[(KeyHash, Arc<KeyRecord>)],
        defaults: &KeyDefaults,
    ) -> Self {
        let mut keys = Self::default();
        for (id, limits) in accounts {
            let allowance = renewed(before.accounts.get(id), limits.clone());
            keys.accounts.insert(*id, allowance);
        }
        for (hash, record) in records {
            let opened = keys.open(before, Arc::clone(record), defaults);
            keys.by_id.insert(record.id, Arc::clone(&opened));
            keys.by_hash.insert(*hash, opened);
        }
        keys
    }

    fn open(
        &mut self,
        before: &Self,
        record: Arc<KeyRecord>,
        defaults: &KeyDefaults,
    ) -> Arc<Opened> {
        let known = before.by_id.get(&record.id);
        let KeyKind::Consumer(account) = record.kind else {
            let access = Arc::new(Access::new(None, None));
            return Arc::new(Opened { record, access });
        };
        // An account that the store does not list is one that the keys of an embedder have made up.
        let account = self.accounts.entry(account).or_insert_with(|| {
            let known = before.accounts.get(&account);
            renewed(known, KeyLimits::default())
        });
        let limits = record.limits.clone().or(defaults);
        let own = known.and_then(|known| known.access.key());
        let own = renewed(own, limits);
        let access = match known.map(|known| &known.access) {
            Some(access) if same(access, &own, account) => Arc::clone(access),
            _ => Arc::new(Access::new(Some(own), Some(Arc::clone(account)))),
        };
        Arc::new(Opened { record, access })
    }
}

fn same(access: &Access, key: &Arc<Allowance>, account: &Arc<Allowance>) -> bool {
    let is = |own: Option<&Arc<Allowance>>, other| own.is_some_and(|own| Arc::ptr_eq(own, other));
    is(access.key(), key) && is(access.account(), account)
}

/// The same holder's limits as they are now; what was used of them stays used.
fn renewed(before: Option<&Arc<Allowance>>, limits: KeyLimits) -> Arc<Allowance> {
    match before {
        Some(before) if *before.limits() == limits => Arc::clone(before),
        Some(before) => Arc::new(before.with_limits(limits)),
        None => Arc::new(Allowance::new(limits)),
    }
}
