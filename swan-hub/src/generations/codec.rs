//! What a store keeps: records of requests of one account that began within one second, behind a version byte. Earlier
//! versions put all accounts of a second together.

use std::collections::BTreeMap;
use std::sync::Arc;

use swan_core::AccountId;

use super::began;
use super::priced::Priced;
use super::record::Generation;
use crate::store::GenerationChunk;

/// What is written: records, and after them the price of each. Version 1 had no prices.
const VERSION: u8 = 2;
const WITHOUT_PRICES: u8 = 1;
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
    let prices: Vec<&Priced> = records.iter().map(|record| &record.priced).collect();
    let mut body = vec![VERSION];
    body.reserve(records.len().saturating_mul(200));
    Some(GenerationChunk {
        first: records.first()?.request,
        accounts: account.into_iter().collect(),
        body: postcard::to_extend(&(records, prices), body).ok()?,
    })
}

/// The records of a chunk; none of one that this version cannot read.
pub(super) fn decode(chunk: &GenerationChunk) -> Vec<Generation> {
    let records = match chunk.body.split_first() {
        Some((&VERSION, body)) => postcard::from_bytes(body).ok().map(priced),
        Some((&WITHOUT_PRICES, body)) => postcard::from_bytes(body).ok(),
        _ => None,
    };
    records.unwrap_or_else(|| {
        tracing::warn!(first = %chunk.first, "records of requests cannot be read");
        Vec::new()
    })
}

fn priced((mut records, prices): (Vec<Generation>, Vec<Priced>)) -> Vec<Generation> {
    for (record, price) in records.iter_mut().zip(prices) {
        record.priced = price;
    }
    records
}
