//! How long a start takes: with the whole journal, and with a snapshot at its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use swan_hub::SystemClock;
use swan_hub::ledger::{Books, BooksOptions, Recovery};
use swan_hub::store::{Durability, StorePlace};

use super::{account, paid, record, terms};
use crate::Failure;

/// Each request is a hold, a charge and two shares of it.
const TRANSFERS_PER_REQUEST: usize = 4;
const CONSUMERS: usize = 1_000;

/// What starts took.
#[derive(Debug)]
pub(super) struct Starts {
    pub(super) transfers: usize,
    pub(super) whole: Duration,
    pub(super) from_snapshot: Duration,
}

pub(super) async fn measure(path: PathBuf, transfers: usize) -> Result<Starts, Failure> {
    let place = StorePlace::Sqlite(path);
    let never = BooksOptions::default().with_snapshot_entries(u64::MAX);
    let (books, store) = paid::books(&place, Durability::Relaxed, CONSUMERS, never.clone()).await?;
    for number in 0..transfers.div_ceil(TRANSFERS_PER_REQUEST) {
        let terms = terms(u64::try_from(number)?, account(number % CONSUMERS))?;
        drop(books.hold(terms)?.settle(record()?)?);
        if number % 10_000 == 0 {
            books.flush().await?;
        }
    }
    books.close().await?;
    drop((books, store));
    let (whole, recovery) = start(&place, never.clone()).await?;
    if recovery.snapshot.is_some() {
        return Err("there should be no snapshot yet".into());
    }
    // A good end writes one.
    start(&place, BooksOptions::default()).await?;
    let (from_snapshot, recovery) = start(&place, never).await?;
    if recovery.snapshot.is_none() {
        return Err("there should be a snapshot".into());
    }
    Ok(Starts {
        transfers,
        whole,
        from_snapshot,
    })
}

/// Opens the books, and closes them once what was due is written.
async fn start(place: &StorePlace, options: BooksOptions) -> Result<(Duration, Recovery), Failure> {
    let begun = Instant::now();
    let store = place.open(Durability::Relaxed).await?;
    let (books, recovery) = Books::open(
        Arc::clone(&store),
        Arc::new(SystemClock::default()),
        options,
    )
    .await?;
    let took = begun.elapsed();
    books.close().await?;
    Ok((took, recovery))
}
