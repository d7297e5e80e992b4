//! What a store keeps: records of requests of one account that began within one second, behind a version byte. Earlier
//! versions put all accounts of a second together.

use std::collections::BTreeMap;
use std::sync::Arc;

use swan_core::AccountId;

use super::began;
use super::record::Generation;
use crate::store::GenerationChunk;

const VERSION: u8 = 1;
/// Records of one chunk at most, so that one of them is found without reading much.
const CHUNK_MAX: usize = 512;

/// The chunks of these records, each of one account, so that who reads its own reads nobody else's. Those of one second stand
/// together, so that a request is found by the time in its id.
pub(super) fn encode(records: &[Arc<Generation>]) -> Vec<GenerationChunk> {
    let mut groups: BTreeMap<(u64, Option<AccountId>), Vec<&Generation>> = BTreeMap::new();
    for record in records {
        let group = (began(record.request).as_secs(), record.account);
        groups.entry(group).or_default().push(record);
    }
    let mut chunks = Vec::with_capacity(groups.len());
    for ((_, account), mut records) in groups {
        records.sort_unstable_by_key(|record| record.request);
        let of_account = records.chunks(CHUNK_MAX);
        chunks.extend(of_account.filter_map(|records| chunk(account, records)));
    }
    chunks
}

fn chunk(account: Option<AccountId>, records: &[&Generation]) -> Option<GenerationChunk> {
    let mut body = vec![VERSION];
    body.reserve(records.len().saturating_mul(200));
    Some(GenerationChunk {
        first: records.first()?.request,
        accounts: account.into_iter().collect(),
        body: postcard::to_extend(&records, body).ok()?,
    })
}

/// The records of a chunk; none of one that this version cannot read.
pub(super) fn decode(chunk: &GenerationChunk) -> Vec<Generation> {
    let records = match chunk.body.split_first() {
        Some((&VERSION, body)) => postcard::from_bytes(body).ok(),
        _ => None,
    };
    records.unwrap_or_else(|| {
        tracing::warn!(first = %chunk.first, "records of requests cannot be read");
        Vec::new()
    })
}
