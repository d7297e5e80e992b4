use tokio::time::{self, Instant};

use super::decode;
use crate::store::{StoreError, StorePlace, Tables};

/// Records read at a time.
const PAGE: u32 = 64;
/// Entries whose rows are written in one transaction.
const TOGETHER: usize = 1_000;

/// Brings the tables that people read in SQL up to the end of the journal, beside a running hub too; answers how many entries
/// stand in them now. Of several hubs on a database, the journals of all.
///
/// # Errors
/// When the store cannot serve, or its journal is damaged.
pub async fn tabulate(place: &StorePlace) -> Result<u64, StoreError> {
    // A file has one writer at a time, and the hub's charges come first.
    let gives_way = matches!(place, StorePlace::Sqlite(_));
    let mut entries = 0;
    for tables in place.tables().await? {
        entries += follow(&*tables, gives_way).await?;
    }
    Ok(entries)
}

/// The same of one journal; answers its last entry.
async fn follow(tables: &dyn Tables, gives_way: bool) -> Result<u64, StoreError> {
    let mut last = tables.tabulated().await?;
    let mut next = last + 1;
    let mut gathered = Vec::new();
    loop {
        let page = tables.read(next, PAGE).await?;
        let is_end = page.is_empty();
        for record in page {
            let entries = decode(&record)?.into_iter();
            gathered.extend(entries.filter(|entry| entry.seq > last));
            next = record.next_seq();
        }
        while gathered.len() >= TOGETHER || (is_end && !gathered.is_empty()) {
            let rest = gathered.split_off(gathered.len().min(TOGETHER));
            let entries = std::mem::replace(&mut gathered, rest);
            last += entries.len() as u64;
            let begun = Instant::now();
            tables.tabulate(entries).await?;
            if gives_way {
                time::sleep(begun.elapsed()).await;
            }
        }
        if is_end {
            return Ok(last);
        }
    }
}
