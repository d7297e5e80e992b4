//! Paid requests through the books on a store: hold, settle, and wait for what the hub waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use swan_core::ledger::entries::HoldTerms;
use swan_core::{Currency, TransferId};
use swan_hub::SystemClock;
use swan_hub::ledger::{Books, BooksOptions, Hold};
use swan_hub::store::{Durability, Store, StorePlace};

use super::{account, float, record, terms};
use crate::Failure;
use crate::samples::{Percentiles, Samples};

/// What one way of keeping money did.
#[derive(Debug)]
pub(super) struct Paid {
    pub(super) per_second: f64,
    pub(super) latency: Percentiles,
    /// Durable writes for each request.
    pub(super) writes: f64,
}

/// Books on a new store, in which the accounts of so many consumers have money.
pub(super) async fn books(
    place: &StorePlace,
    durability: Durability,
    consumers: usize,
    options: BooksOptions,
) -> Result<(Books, Arc<dyn Store>), Failure> {
    let store = place.open(durability).await?;
    let shared = Arc::clone(&store);
    let options = options.with_durability(durability);
    let (books, _) = Books::open(shared, Arc::new(SystemClock::default()), options).await?;
    let funds = "1000000".parse()?;
    let grants = (0..consumers).map(|number| {
        let id = TransferId::from_u128(1 + number as u128);
        books.grant(id, account(number), Currency::Usd, funds, "bench")
    });
    let mut granted = futures::future::join_all(grants).await.into_iter();
    granted.try_for_each(|granted| granted.map(drop))?;
    Ok((books, store))
}

/// So many consumers, each with one request after the other.
pub(super) async fn measure(
    place: &StorePlace,
    durability: Durability,
    at_once: usize,
    time: Duration,
) -> Result<Paid, Failure> {
    let (books, store) = books(place, durability, at_once, BooksOptions::default()).await?;
    let before = records(&*store).await?;
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|consumer| {
            let (books, next) = (books.clone(), Arc::clone(&next));
            tokio::spawn(async move { consume(books, next, consumer, begun + time).await })
        })
        .collect();
    let mut samples = Samples::default();
    for task in tasks {
        samples.extend(&task.await??);
    }
    let took = begun.elapsed();
    books.close().await?;
    let requests = next.load(Ordering::Relaxed);
    let writes = records(&*store).await? - before;
    if !books.audit().is_empty() || books.pending_count() > 0 {
        return Err("the books do not balance".into());
    }
    Ok(Paid {
        per_second: float(usize::try_from(requests)?) / took.as_secs_f64(),
        latency: samples.percentiles(),
        writes: float(writes) / float(usize::try_from(requests)?),
    })
}

async fn consume(
    books: Books,
    next: Arc<AtomicU64>,
    consumer: usize,
    until: Instant,
) -> Result<Samples, Failure> {
    let mut samples = Samples::default();
    let record = record()?;
    while Instant::now() < until {
        let terms = terms(next.fetch_add(1, Ordering::Relaxed), account(consumer))?;
        let begun = Instant::now();
        let hold = hold(&books, terms).await?;
        hold.settle(record.clone())?.durable().await?;
        samples.push(begun.elapsed());
        if samples.len() % 64 == 0 {
            // Relaxed books are never waited for, and others want to run too.
            tokio::task::yield_now().await;
        }
    }
    Ok(samples)
}

/// Relaxed consumers can be faster than the disk; the hub then refuses, and here they wait.
async fn hold(books: &Books, terms: HoldTerms) -> Result<Hold, Failure> {
    loop {
        match books.hold(terms.clone()) {
            Ok(hold) => return Ok(hold),
            Err(error) if error.is_retryable() => books.flush().await?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// How many records the journal has: each is one durable write.
async fn records(store: &dyn Store) -> Result<usize, Failure> {
    let (mut seq, mut count) = (1, 0);
    loop {
        let page = store.read(seq, 256).await?;
        let Some(last) = page.last() else {
            return Ok(count);
        };
        seq = last.first_seq + u64::from(last.count);
        count += page.len();
    }
}
