//! What accounts have had for free today, by the records of their requests: the free tier keeps no books of its own.

use swan_core::{AccountId, Timestamp};

use super::{Generation, Generations, began, codec, first_id};
use crate::store::StoreError;

/// Chunks that are read at once.
const STEP: u32 = 256;

impl Generations {
    /// Tells each stored free request of the day of `before` that began earlier: whose it is and its tokens.
    pub(crate) async fn freely_used(
        &self,
        before: Timestamp,
        mut each: impl FnMut(AccountId, u64) + Send,
    ) -> Result<(), StoreError> {
        let from = first_id(before.day().start());
        let mut to = first_id(before);
        loop {
            let chunks = self.store.generations(from, to, STEP).await?;
            let Some(last) = chunks.last() else {
                return Ok(());
            };
            to = last.first;
            for record in chunks.iter().flat_map(codec::decode) {
                // A chunk that began before may hold what came later, which its own run has counted.
                if began(record.request) < before
                    && let (Some(account), tokens @ 1..) = (record.account, free_tokens(&record))
                {
                    each(account, tokens);
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

/// The tokens of a request that was served and not charged: every price is above zero, so those are the free ones.
fn free_tokens(record: &Generation) -> u64 {
    let usage = record.usage();
    match record.charge.is_zero() {
        true => usage.prompt_tokens.saturating_add(usage.completion_tokens),
        false => 0,
    }
}
