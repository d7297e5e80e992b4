//! Who was here when, on its way to the store: gathered in memory, written off the request path.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use swan_core::{ProviderId, Timestamp};
use tokio::sync::Mutex as AsyncMutex;

use crate::store::{ProviderRecord, Store, StoreError};

/// What has not been written yet, and what the store is known to hold.
#[derive(Debug, Default)]
pub(super) struct Seen {
    news: Mutex<HashMap<ProviderId, News>>,
    written: AsyncMutex<Option<HashMap<ProviderId, ProviderRecord>>>,
}

#[derive(Debug, Clone)]
struct News {
    name: Option<Arc<str>>,
    at: Timestamp,
}

impl Seen {
    /// The provider has shown a sign of life.
    pub(super) fn touch(&self, provider: ProviderId, at: Timestamp) {
        let mut news = self.news.lock();
        let entry = news.entry(provider).or_insert(News { name: None, at });
        entry.at = at;
    }

    /// The provider has registered under this name.
    pub(super) fn register(&self, provider: ProviderId, name: &Arc<str>, at: Timestamp) {
        let name = Some(Arc::clone(name));
        self.news.lock().insert(provider, News { name, at });
    }

    /// Puts back what could not be written, behind what has come since; a name is not forgotten for a later sign of life.
    fn keep(&self, provider: ProviderId, old: News) {
        let mut news = self.news.lock();
        let News { name, at } = news.entry(provider).or_insert_with(|| old.clone());
        *at = (*at).max(old.at);
        if name.is_none() {
            *name = old.name;
        }
    }

    /// Writes the news down. What could not be written stays news.
    pub(super) async fn record(&self, store: &dyn Store) {
        // Held throughout, so that two writers cannot overtake each other.
        let mut written = self.written.lock().await;
        let news = std::mem::take(&mut *self.news.lock());
        if news.is_empty() {
            return;
        }
        let mut failed = None;
        for (provider, news) in news {
            if failed.is_none() {
                failed = write(&mut written, store, provider, &news).await.err();
            }
            if failed.is_some() {
                self.keep(provider, news);
            }
        }
        if let Some(error) = failed {
            tracing::warn!(%error, "cannot write down which providers are here; trying again");
        }
    }
}

async fn write(
    written: &mut Option<HashMap<ProviderId, ProviderRecord>>,
    store: &dyn Store,
    provider: ProviderId,
    news: &News,
) -> Result<(), StoreError> {
    let known = match written {
        Some(known) => known,
        None => {
            let records = store.providers().await?;
            written.insert(
                records
                    .into_iter()
                    .map(|record| (record.id, record))
                    .collect(),
            )
        }
    };
    let old = known.get(&provider);
    let name = match (&news.name, old) {
        (Some(name), _) => name.to_string(),
        (None, Some(old)) => old.name.clone(),
        (None, None) => String::new(),
    };
    if old.is_some_and(|old| old.name == name) {
        return store.touch_provider(provider, news.at).await;
    }
    let created = old.map_or(news.at, |old| old.created);
    let record = ProviderRecord {
        id: provider,
        name,
        created,
        last_seen: Some(news.at),
    };
    store.put_provider(&record).await?;
    known.insert(provider, record);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: ProviderId = ProviderId::from_u128(7);

    #[test]
    fn a_name_that_could_not_be_written_outlives_a_later_sign_of_life() {
        let seen = Seen::default();
        let (early, late) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
        let unwritten = News {
            name: Some("gpu-1".into()),
            at: early,
        };
        seen.touch(PROVIDER, late);
        seen.keep(PROVIDER, unwritten);
        let news = seen.news.lock();
        let news = news.get(&PROVIDER).unwrap();
        assert_eq!((news.name.as_deref(), news.at), (Some("gpu-1"), late));
    }
}
