//! The whole content of a store as one file that any other store can take.

mod file;
mod tables;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task;

pub(super) use self::tables::{NODE, Shape, TABLES, Table};
#[cfg(feature = "postgres")]
use super::PostgresStore;
use super::{SqliteStore, StoreError, StorePlace};

/// One value of a row, whatever the database keeps it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    /// In 10^-12 of its currency.
    Amount(i128),
}

/// A piece of a dump. The order of the variants and fields is the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Block {
    /// The rows that follow are of this table and have these columns.
    Table { name: String, columns: Vec<String> },
    /// In the order of their key.
    Rows(Vec<Vec<Value>>),
    /// So many rows in all: nothing is missing.
    End { rows: u64 },
}

/// How many blocks wait between who reads and who writes.
const AHEAD: usize = 2;
/// Rows go together until they have about so many bytes.
const BLOCK_BYTES: usize = 256 * 1024;

/// What one end says; an error ends it all.
pub(super) type Blocks = mpsc::Sender<Result<Block, StoreError>>;
/// What the other end hears. Only after [`Block::End`] it may be kept.
pub(super) type Incoming = mpsc::Receiver<Result<Block, StoreError>>;

impl StorePlace {
    /// Writes everything that the store has at one moment into a new file, beside a running hub too; answers how many rows.
    /// The file gets its name when it is whole and on the disk. It holds what the store holds: keep it as safe.
    ///
    /// # Errors
    /// When the store cannot be read, or the file not be written.
    pub async fn dump(&self, file: impl Into<PathBuf>) -> Result<u64, StoreError> {
        let file = file.into();
        let (blocks, incoming) = mpsc::channel(AHEAD);
        let writing = task::spawn_blocking(move || file::write(&file, incoming));
        let reading = async {
            let told = blocks.clone();
            let read = match self {
                Self::Sqlite(path) => SqliteStore::pour_out(path, blocks).await,
                #[cfg(feature = "postgres")]
                Self::Postgres(place) => PostgresStore::pour_out(place, blocks).await,
                Self::Memory => Err(forgetful()),
            };
            if let Err(error) = read {
                // The writer is told why, and answers it.
                let _ = told.send(Err(error)).await;
            }
        };
        let (written, ()) = tokio::join!(writing, reading);
        written.unwrap_or_else(|_| Err(broken_off()))
    }

    /// Fills the store, which must be empty, with what a dump has: all of it or nothing; answers how many rows.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the file is damaged or cut off, [`StoreError::Conflict`] when the store is not empty,
    /// [`StoreError::Leased`] when a hub runs on it.
    pub async fn load(&self, file: impl Into<PathBuf>) -> Result<u64, StoreError> {
        let file = file.into();
        let (blocks, incoming) = mpsc::channel(AHEAD);
        let reading = task::spawn_blocking(move || file::read(&file, &blocks));
        let writing = async {
            match self {
                Self::Sqlite(path) => SqliteStore::pour_in(path, incoming).await,
                #[cfg(feature = "postgres")]
                Self::Postgres(place) => PostgresStore::pour_in(place, incoming).await,
                Self::Memory => Err(forgetful()),
            }
        };
        let (_, written) = tokio::join!(reading, writing);
        written
    }
}

/// Gathers rows into blocks.
#[derive(Default)]
pub(super) struct Gatherer {
    rows: Vec<Vec<Value>>,
    bytes: usize,
    count: u64,
}

impl Gatherer {
    /// Adds a row; answers a block once there is enough for one.
    pub(super) fn add(&mut self, row: Vec<Value>) -> Option<Block> {
        self.bytes += row.iter().map(Value::size).sum::<usize>();
        self.rows.push(row);
        self.count += 1;
        if self.bytes < BLOCK_BYTES {
            return None;
        }
        self.rest()
    }

    /// What has gathered since the last block.
    pub(super) fn rest(&mut self) -> Option<Block> {
        self.bytes = 0;
        let rows = std::mem::take(&mut self.rows);
        (!rows.is_empty()).then_some(Block::Rows(rows))
    }

    /// The last block of all.
    pub(super) const fn end(&self) -> Block {
        Block::End { rows: self.count }
    }
}

impl Table {
    /// What is said before its rows.
    pub(super) fn head(&self) -> Block {
        Block::Table {
            name: self.name.to_owned(),
            columns: self
                .columns
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        }
    }
}

impl Value {
    /// Whether a column of this shape may have it.
    pub(super) const fn fits(&self, shape: Shape) -> bool {
        matches!(
            (self, shape),
            (Self::Null, _)
                | (Self::Number(_), Shape::Number | Shape::Moment | Shape::Flag)
                | (Self::Text(_), Shape::Text)
                | (Self::Bytes(_), Shape::Bytes)
                | (Self::Amount(_), Shape::Amount)
        )
    }

    const fn size(&self) -> usize {
        match self {
            Self::Null | Self::Number(_) => 8,
            Self::Text(text) => 8 + text.len(),
            Self::Bytes(bytes) => 8 + bytes.len(),
            Self::Amount(_) => 16,
        }
    }
}

/// A table of a dump, and the places of its columns, as this program knows them.
///
/// # Errors
/// When the dump has something that this program does not know, and so cannot keep.
pub(super) fn known(
    name: &str,
    columns: &[String],
) -> Result<(&'static Table, Vec<usize>), StoreError> {
    let newer = |what: &str| {
        let what = format!("the dump has {what} that this program does not know; use a newer one");
        StoreError::Conflict { what }
    };
    let table = TABLES.iter().find(|table| table.name == name);
    let table = table.ok_or_else(|| newer(&format!("a table `{name}`")))?;
    let place = |column: &String| {
        let place = table.columns.iter().position(|(known, _)| known == column);
        place.ok_or_else(|| newer(&format!("a column `{column}` of `{name}`")))
    };
    let places = columns.iter().map(place).collect::<Result<_, _>>()?;
    Ok((table, places))
}

pub(super) fn occupied(table: &str) -> StoreError {
    StoreError::Conflict {
        what: format!(
            "there is something in `{table}` already; a dump is loaded into an empty store only"
        ),
    }
}

pub(super) fn shared() -> StoreError {
    StoreError::Conflict {
        what: "the dump is of several hubs that share a database; only PostgreSQL can take it"
            .into(),
    }
}

pub(super) fn misplaced(table: &str) -> StoreError {
    StoreError::corrupt(format!("the dump has a row that does not fit `{table}`"))
}

pub(super) fn broken_off() -> StoreError {
    StoreError::unavailable("it was broken off")
}

fn forgetful() -> StoreError {
    StoreError::Open {
        place: "memory:".into(),
        what: "a memory store ends with its process; name a file or a database".into(),
        source: None,
    }
}
