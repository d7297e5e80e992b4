//! Finds records: in memory first, since a consumer may ask before they are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use swan_core::{AccountId, RequestId, Timestamp};

use super::{Generation, Generations, began, codec, first_id};
use crate::store::StoreError;

/// Chunks that are read at once where any may hold what is looked for.
const STEP: u32 = 256;
/// Chunks of an account that are read at once, at first and at most; one may hold a whole page.
const OWN_FIRST: u32 = 4;
const OWN_MOST: u32 = 128;
/// Chunks that one page reads at most, apart from those of the same second.
const CHUNKS: usize = 1_024;

/// One page of a list, the youngest first.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) records: Vec<Arc<Generation>>,
    /// Where the next page begins, when there may be one.
    pub(crate) next: Option<RequestId>,
}

impl Generations {
    /// The record of one request; of `account`, where it is known whose it must be.
    pub(crate) async fn find(
        &self,
        request: RequestId,
        account: Option<AccountId>,
    ) -> Result<Option<Arc<Generation>>, StoreError> {
        if let Some(record) = self.absorbed(|state| state.recent.find(request)) {
            return Ok(Some(record));
        }
        let from = first_of(second(request));
        // A chunk is named by its first request, which is this one or an earlier one of the same second.
        let mut to = RequestId::from_u128(request.as_u128().saturating_add(1));
        loop {
            let chunks = match account {
                Some(account) => {
                    self.store
                        .generations_of(account, from, to, OWN_FIRST)
                        .await
                }
                None => self.store.generations(from, to, STEP).await,
            }?;
            let Some(last) = chunks.last() else {
                return Ok(None);
            };
            to = last.first;
            let mut records = chunks.iter().flat_map(codec::decode);
            if let Some(found) = records.find(|record| record.request == request) {
                return Ok(Some(Arc::new(found)));
            }
        }
    }

    /// Up to `limit` records of an account that began before `before`, the youngest first.
    pub(crate) async fn list(
        &self,
        account: AccountId,
        before: RequestId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut found: BTreeMap<RequestId, Arc<Generation>> = self.absorbed(|state| {
            let own = state.recent.of(account, before);
            own.map(|record| (record.request, Arc::clone(record)))
                .collect()
        });
        let part_from = self.read(account, before, limit, &mut found).await?;
        // Of what lies before that, only a part may be here.
        if let Some(from) = part_from {
            found = found.split_off(&from);
        }
        let mut records: Vec<_> = found.into_values().rev().collect();
        let has_more = records.len() > limit;
        records.truncate(limit);
        let last = records.last().map(|record| record.request);
        Ok(Page {
            records,
            next: last.filter(|_| has_more).or(part_from),
        })
    }

    /// Reads an account's chunks, second by second, until there is a page and one more. Answers from where on everything has
    /// been read, when it was too much to read all.
    async fn read(
        &self,
        account: AccountId,
        before: RequestId,
        limit: usize,
        found: &mut BTreeMap<RequestId, Arc<Generation>>,
    ) -> Result<Option<RequestId>, StoreError> {
        let (mut to, mut step, mut read) = (before, OWN_FIRST, 0);
        let mut reached = u64::MAX;
        loop {
            let none = RequestId::from_u128(0);
            let chunks = self.store.generations_of(account, none, to, step).await?;
            let Some(last) = chunks.last() else {
                return Ok(None);
            };
            to = last.first;
            for chunk in &chunks {
                // A chunk has requests of one second, so that all of a second are here once an earlier one begins.
                let at = second(chunk.first);
                let is_later = |last: &RequestId| second(*last) > at;
                if found.keys().rev().nth(limit).is_some_and(is_later) {
                    return Ok(None);
                }
                if read >= CHUNKS && at < reached {
                    return Ok(Some(first_of(reached)));
                }
                (reached, read) = (at, read + 1);
                for record in codec::decode(chunk) {
                    if record.account == Some(account) && record.request < before {
                        found.entry(record.request).or_insert_with(|| record.into());
                    }
                }
            }
            step = step.saturating_mul(2).min(OWN_MOST);
            tokio::task::yield_now().await;
        }
    }
}

/// The second in which a request began.
fn second(request: RequestId) -> u64 {
    began(request).as_secs()
}

/// The first id that a request of this second can have.
fn first_of(second: u64) -> RequestId {
    first_id(Timestamp::from_millis(second.saturating_mul(1_000)))
}
