//! What a store keeps: records of requests that began within one second, behind a version byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::began;
use super::record::Generation;
use crate::store::GenerationChunk;

const VERSION: u8 = 1;
/// Records of one chunk at most, so that one of them is found without reading much.
const CHUNK_MAX: usize = 512;

/// The chunks of these records. Those of one second stand together, so that a request is found by the time in its id.
pub(super) fn encode(records: &[Arc<Generation>]) -> Vec<GenerationChunk> {
    let mut seconds: BTreeMap<u64, Vec<&Generation>> = BTreeMap::new();
    for record in records {
        let second = began(record.request).as_secs();
        seconds.entry(second).or_default().push(record);
    }
    let mut chunks = Vec::with_capacity(seconds.len());
    for (_, mut records) in seconds {
        records.sort_unstable_by_key(|record| record.request);
        chunks.extend(records.chunks(CHUNK_MAX).filter_map(chunk));
    }
    chunks
}

fn chunk(records: &[&Generation]) -> Option<GenerationChunk> {
    let first = records.first()?.request;
    let mut accounts: Vec<_> = records.iter().filter_map(|record| record.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut body = vec![VERSION];
    body.reserve(records.len().saturating_mul(200));
    let body = postcard::to_extend(&records, body).ok()?;
    Some(GenerationChunk {
        first,
        accounts,
        body,
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
