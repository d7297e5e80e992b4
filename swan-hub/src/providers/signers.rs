//! With which keys the nodes of providers sign: every key is kept with its time, so that what was signed with it can be checked
//! for good. What nodes show is gathered in memory, and written off the request path.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use swan_core::receipt::{PublicKey, PublishedKey};
use swan_core::{ProviderId, Timestamp};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use crate::store::{DocumentKind, DocumentRecord, NewDocument, Store, StoreError};

const KIND: DocumentKind = DocumentKind::ProviderKey;

/// Keys that are kept of one provider; with more, it is not one that can be known by its keys.
const KEYS_MAX: u32 = 256;

/// Nodes of which there may be news that is not written yet.
const NEWS_MAX: usize = 8_192;

/// Strangers that are told a provider's keys at once.
const READERS: usize = 8;

/// A node of a provider.
type Node = (ProviderId, Arc<str>);

/// The keys of all providers.
#[derive(Debug)]
pub(crate) struct Signers {
    store: Arc<dyn Store>,
    news: Mutex<HashMap<Node, (PublicKey, Timestamp)>>,
    /// Held while news is written, so that two writers cannot overtake each other.
    writing: AsyncMutex<()>,
    readers: Semaphore,
}

/// A key of a node, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    node: String,
    key: PublicKey,
    from_ms: Timestamp,
    until_ms: Option<Timestamp>,
}

impl Signers {
    pub(super) fn new(store: &Arc<dyn Store>) -> Self {
        Self {
            store: Arc::clone(store),
            news: Mutex::default(),
            writing: AsyncMutex::default(),
            readers: Semaphore::new(READERS),
        }
    }

    /// A node has shown its key.
    pub(super) fn shown(
        &self,
        provider: ProviderId,
        node: Arc<str>,
        key: PublicKey,
        at: Timestamp,
    ) {
        let mut news = self.news.lock();
        let place = (provider, node);
        if news.len() < NEWS_MAX || news.contains_key(&place) {
            news.insert(place, (key, at));
        }
    }

    /// Writes down what was shown. What could not be written stays news.
    pub(crate) async fn record(&self) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let news = std::mem::take(&mut *self.news.lock());
        let mut outcome = Ok(());
        for (place, shown) in news {
            if outcome.is_ok() {
                outcome = self.write(&place, shown).await;
            }
            if outcome.is_err() {
                self.news.lock().entry(place).or_insert(shown);
            }
        }
        outcome
    }

    async fn write(
        &self,
        (provider, node): &Node,
        (key, at): (PublicKey, Timestamp),
    ) -> Result<(), StoreError> {
        let known = self.kept(*provider).await?;
        let of_node = |kept: &Kept| *kept.node == **node;
        let own = known
            .iter()
            .find(|(_, kept)| of_node(kept) && kept.key == key);
        if own.is_none() && known.len() >= KEYS_MAX as usize {
            tracing::warn!(%provider, "too many keys of one provider: no further one is kept");
            return Ok(());
        }
        // The old ones first: between the two steps a node has no key rather than two.
        for (number, kept) in &known {
            if of_node(kept) && kept.key != key && kept.until_ms.is_none() {
                tracing::info!(%provider, %node, old = %kept.key, new = %key, "a provider signs with another key");
                self.change(*number, kept, Some(at)).await?;
            }
        }
        match own {
            None => self.add(*provider, node, key, at).await,
            Some((number, kept)) if kept.until_ms.is_some() => {
                self.change(*number, kept, None).await
            }
            Some(_) => Ok(()),
        }
    }

    async fn add(
        &self,
        provider: ProviderId,
        node: &str,
        key: PublicKey,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let kept = Kept {
            node: node.to_owned(),
            key,
            from_ms: at,
            until_ms: None,
        };
        let document = NewDocument {
            kind: KIND,
            owner: provider.as_u128(),
            name: format!("{provider} {key} {node}"),
            body: kept.written(),
        };
        // Who added it does not matter.
        self.store
            .documents()
            .add_document(&document)
            .await
            .map(drop)
    }

    async fn change(
        &self,
        number: u64,
        kept: &Kept,
        until_ms: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let changed = Kept {
            until_ms,
            ..kept.clone()
        };
        let body = changed.written();
        let changed = self
            .store
            .documents()
            .change_document(KIND, number, &body)
            .await;
        changed.map(drop)
    }

    async fn kept(&self, provider: ProviderId) -> Result<Vec<(u64, Kept)>, StoreError> {
        let owner = Some(provider.as_u128());
        let found = self
            .store
            .documents()
            .page(KIND, owner, u64::MAX, KEYS_MAX)
            .await?;
        found.iter().map(Kept::read).collect()
    }

    /// The keys of a provider, the latest first, as of now.
    pub(crate) async fn keys(&self, provider: ProviderId) -> Result<Vec<PublishedKey>, StoreError> {
        self.record().await?;
        let mut keys: BTreeMap<[u8; 32], PublishedKey> = BTreeMap::new();
        for (_, kept) in self.kept(provider).await? {
            let fresh = PublishedKey {
                key: kept.key,
                from: kept.from_ms,
                until: kept.until_ms,
            };
            // Nodes may share a key, which is in use as long as one of them uses it.
            keys.entry(*kept.key.as_bytes())
                .and_modify(|known| {
                    known.from = known.from.min(fresh.from);
                    known.until = known.until.and_then(|known| Some(known.max(fresh.until?)));
                })
                .or_insert(fresh);
        }
        let mut keys: Vec<_> = keys.into_values().collect();
        keys.sort_by_key(|key| std::cmp::Reverse(key.from));
        Ok(keys)
    }

    /// The same for a stranger; `None` when too many ask.
    pub(crate) async fn told(
        &self,
        provider: ProviderId,
    ) -> Option<Result<Vec<PublishedKey>, StoreError>> {
        let _turn = self.readers.try_acquire().ok()?;
        Some(self.keys(provider).await)
    }
}

impl Kept {
    fn written(&self) -> String {
        // Texts and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn read(record: &DocumentRecord) -> Result<(u64, Self), StoreError> {
        let name = &record.document.name;
        let read = serde_json::from_str(&record.document.body);
        let read = read.map_err(|error| {
            StoreError::corrupt(format!("the provider key {name} cannot be read: {error}"))
        });
        Ok((record.number, read?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    const ONE: ProviderId = ProviderId::from_u128(1);

    /// What is kept of [`ONE`]: the first byte of each key, from when and until when.
    async fn keys(signers: &Signers) -> Vec<(u8, u64, Option<u64>)> {
        let keys = signers.keys(ONE).await.unwrap();
        let mut told: Vec<_> = keys
            .iter()
            .map(|one| {
                let until = one.until.map(Timestamp::as_millis);
                (one.key.as_bytes()[0], one.from.as_millis(), until)
            })
            .collect();
        told.sort_unstable();
        told
    }

    #[tokio::test]
    async fn a_key_stays_known_when_its_node_takes_another() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let signers = Signers::new(&store);
        let show = async |node: &str, key: u8, at: u64| {
            let (key, at) = (PublicKey::from_bytes([key; 32]), Timestamp::from_millis(at));
            signers.shown(ONE, node.into(), key, at);
            signers.record().await.unwrap();
        };
        show("a", 1, 10).await;
        show("a", 1, 20).await;
        assert_eq!(keys(&signers).await, [(1, 10, None)]);
        show("b", 1, 30).await;
        show("b", 2, 40).await;
        assert_eq!(
            keys(&signers).await,
            [(1, 10, None), (2, 40, None)],
            "the other node has it still"
        );
        show("a", 3, 50).await;
        let expected = [(1, 10, Some(50)), (2, 40, None), (3, 50, None)];
        assert_eq!(keys(&signers).await, expected);
        show("a", 1, 60).await;
        let expected = [(1, 10, None), (2, 40, None), (3, 50, Some(60))];
        assert_eq!(keys(&signers).await, expected);
        let again = Signers::new(&store);
        assert_eq!(keys(&again).await, expected, "the store has it");
        let other = again.keys(ProviderId::from_u128(2)).await.unwrap();
        assert_eq!(other, []);
    }

    #[tokio::test]
    async fn a_provider_with_a_new_key_each_time_is_not_followed_for_ever() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let signers = Signers::new(&store);
        for number in 0..300_u64 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            let at = Timestamp::from_millis(number);
            signers.shown(ONE, "a".into(), PublicKey::from_bytes(key), at);
            signers.record().await.unwrap();
        }
        let keys = signers.keys(ONE).await.unwrap();
        assert_eq!(keys.len(), KEYS_MAX as usize);
        let last = Timestamp::from_millis(u64::from(KEYS_MAX) - 1);
        assert_eq!(
            (keys[0].from, keys[0].until),
            (last, None),
            "it is still the one"
        );
    }
}
