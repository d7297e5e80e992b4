//! What it takes to write a journal out as tables for SQL, and how much longer charges take meanwhile.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use swan_hub::ledger::tabulate;
use swan_hub::store::StorePlace;

use crate::Failure;

/// What a journal became.
#[derive(Debug)]
pub(super) struct Tabulated {
    pub(super) transfers: usize,
    pub(super) took: Duration,
    /// Of the file, before and after.
    pub(super) bytes: (u64, u64),
}

/// Writes the tables of a journal that nobody else works on.
pub(super) async fn measure(path: PathBuf, transfers: usize) -> Result<Tabulated, Failure> {
    let before = std::fs::metadata(&path)?.len();
    let begun = Instant::now();
    tabulate(&StorePlace::Sqlite(path.clone())).await?;
    let took = begun.elapsed();
    let bytes = (before, std::fs::metadata(&path)?.len());
    Ok(Tabulated {
        transfers,
        took,
        bytes,
    })
}
