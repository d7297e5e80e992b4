//! What a store keeps: records of requests of one account that began within one second, behind a version byte. Earlier
//! versions put all accounts of a second together.

use std::collections::BTreeMap;
use std::sync::Arc;

use swan_core::AccountId;

use super::began;
use super::priced::Priced;
use super::record::Generation;
use crate::receipts::Attested;
use crate::store::GenerationChunk;

/// What is written: records, and after them the price of each. Version 1 had no prices.
const VERSION: u8 = 2;
/// The same with what providers signed, each behind the place of its record; only of chunks that have any.
const WITH_ATTESTED: u8 = 3;
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
    let attested: Vec<(usize, &Attested)> = records
        .iter()
        .enumerate()
        .filter_map(|(place, record)| Some((place, record.attested.as_deref()?)))
        .collect();
    let has_none = attested.is_empty();
    let mut body = vec![if has_none { VERSION } else { WITH_ATTESTED }];
    body.reserve(records.len().saturating_mul(200));
    let body = match has_none {
        true => postcard::to_extend(&(records, prices), body),
        false => postcard::to_extend(&(records, prices, attested), body),
    };
    Some(GenerationChunk {
        first: records.first()?.request,
        accounts: account.into_iter().collect(),
        body: body.ok()?,
    })
}

/// The records of a chunk; none of one that this version cannot read.
pub(super) fn decode(chunk: &GenerationChunk) -> Vec<Generation> {
    let records = match chunk.body.split_first() {
        Some((&WITH_ATTESTED, body)) => postcard::from_bytes(body).ok().map(attested),
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

fn attested(
    (records, prices, attested): (Vec<Generation>, Vec<Priced>, Vec<(usize, Attested)>),
) -> Vec<Generation> {
    let mut records = priced((records, prices));
    for (place, attested) in attested {
        if let Some(record) = records.get_mut(place) {
            record.attested = Some(Box::new(attested));
        }
    }
    records
}

#[cfg(test)]
mod tests {
    use swan_core::RequestId;

    use super::*;
    use crate::events::RequestRecord;

    #[test]
    fn what_was_signed_is_kept_with_its_record_and_costs_the_others_nothing() {
        let records = |attested: &[u128]| -> Vec<Arc<Generation>> {
            let record = |id: u128| {
                let mut record = RequestRecord::of(RequestId::from_u128(id));
                record.account = Some(AccountId::from_u128(1));
                if attested.contains(&id) {
                    let byte = u8::try_from(id).unwrap();
                    record.attested = Some(Box::new(Attested::asked([byte; 32])));
                }
                Arc::new(Generation::from(&record))
            };
            (1..=5).map(record).collect()
        };
        for (attested, version) in [(&[][..], 2), (&[2, 5], 3)] {
            let records = records(attested);
            let chunks = encode(&records);
            assert_eq!((chunks.len(), chunks[0].body[0]), (1, version));
            let read: Vec<Arc<Generation>> = decode(&chunks[0]).into_iter().map(Arc::new).collect();
            assert_eq!(read, records);
        }
    }
}
