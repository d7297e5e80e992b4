//! Finds records: in memory first, since a consumer may ask before they are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use swan_core::{AccountId, RequestId, Timestamp};

use super::{Generation, Generations, began, codec, first_id};
use crate::store::{GenerationChunk, StoreError};

/// Chunks that are read at once.
const STEP: u32 = 256;
/// Spans of time that one page looks through.
const SPANS: u32 = 64;

/// One page of a list, the youngest first.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) records: Vec<Arc<Generation>>,
    /// Where the next page begins, when there may be one.
    pub(crate) next: Option<RequestId>,
}

impl Generations {
    /// The record of one request.
    pub(crate) async fn find(
        &self,
        request: RequestId,
    ) -> Result<Option<Arc<Generation>>, StoreError> {
        if let Some(record) = self.absorbed(|state| state.recent.find(request)) {
            return Ok(Some(record));
        }
        let second = began(request).as_secs();
        let at = |second: u64| first_id(Timestamp::from_millis(second.saturating_mul(1_000)));
        let from = at(second);
        // A chunk is named by its first request, which is this one or an earlier one of the same second.
        let mut to = RequestId::from_u128(request.as_u128().saturating_add(1));
        loop {
            let chunks = self.store.generations(from, to, STEP).await?;
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
        let upto = GenerationChunk::span_of(before);
        let spans = self.store.generation_spans(account, upto, SPANS).await?;
        let mut all_from = None;
        for span in &spans {
            let enough = found.keys().rev().nth(limit);
            if enough.is_some_and(|last| *last >= GenerationChunk::first_of(span + 1)) {
                break;
            }
            self.read_span(*span, before, account, &mut found).await?;
            all_from = Some(GenerationChunk::first_of(*span));
        }
        // Of what lies before the last span that was read, only a part may be here.
        let is_part = spans.len() == SPANS as usize;
        if let Some(from) = all_from.filter(|_| is_part) {
            found = found.split_off(&from);
        }
        let mut records: Vec<_> = found.into_values().rev().collect();
        let has_more = records.len() > limit;
        records.truncate(limit);
        let last = records.last().map(|record| record.request);
        Ok(Page {
            records,
            next: last.filter(|_| has_more).or(all_from.filter(|_| is_part)),
        })
    }

    async fn read_span(
        &self,
        span: u64,
        before: RequestId,
        account: AccountId,
        found: &mut BTreeMap<RequestId, Arc<Generation>>,
    ) -> Result<(), StoreError> {
        let from = GenerationChunk::first_of(span);
        let mut to = before.min(GenerationChunk::first_of(span + 1));
        loop {
            let chunks = self.store.generations(from, to, STEP).await?;
            let Some(last) = chunks.last() else {
                return Ok(());
            };
            to = last.first;
            for record in chunks.iter().flat_map(codec::decode) {
                if record.account == Some(account) && record.request < before {
                    found.entry(record.request).or_insert_with(|| record.into());
                }
            }
            tokio::task::yield_now().await;
        }
    }
}
