//! What an account has used, request by request or summed up, piece by piece: neither the journal nor the export is ever in
//! memory as a whole.

mod grouping;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;
mod write;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use swan_core::{AccountId, Currency, Day, KeyId, ModelId};

use self::rows::{Row, Rows};
use self::write::Writer;
use super::{Charged, Sum};
use crate::ledger::Walk;
use crate::store::{Store, StoreError};

pub use grouping::Grouping;
pub(crate) use rows::GROUPS_MAX;

/// Days of one export at most.
pub(crate) const DAYS_MAX: u32 = 366;

/// What of an account's usage is wanted.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct UsageQuery {
    /// Whose.
    pub account: AccountId,
    /// The first day, in UTC. A request belongs to the day on which it was charged, as in a statement.
    pub from: Day,
    /// The last day, included; at most 366 days in all.
    pub to: Day,
    /// Only requests made with this key.
    pub key: Option<KeyId>,
    /// Only requests that this model answered, by its canonical name.
    pub model: Option<ModelId>,
    /// By what rows are summed up; `None` for a row a request.
    pub grouping: Option<Grouping>,
    /// How the rows are written.
    pub format: UsageFormat,
}

/// How an export is written. Money is exact in each: a decimal, and a text but in Parquet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageFormat {
    /// A heading and a line a row (RFC 4180). No cell begins as a formula does.
    Csv,
    /// One object with the rows under `data` and the sums of all rows under `totals`.
    #[default]
    Json,
    /// One object a line.
    JsonLines,
    /// Apache Parquet, uncompressed: the columns of CSV, with costs as exact decimals and what is not there as null.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// Why there is no export, or no more of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// The days make no sense.
    #[error("expected a last day on or after the first, 366 days in all at most")]
    Days,
    /// More groups at once than are kept in memory.
    #[error("more than 50000 groups in one period: group by less, or by a shorter period")]
    Groups,
    /// The rows cannot be written in the format that is wanted.
    #[error("the rows cannot be written: {0}")]
    Unwritten(String),
    /// The journal cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UsageFormat {
    /// The names of all formats, for whoever has said something else.
    pub(crate) const EXPECTED: &str = match cfg!(feature = "parquet") {
        true => "csv, json, jsonl or parquet",
        false => "csv, json or jsonl",
    };

    /// Its content type in HTTP.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            #[cfg(feature = "parquet")]
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl FromStr for UsageFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "jsonl" => Ok(Self::JsonLines),
            #[cfg(feature = "parquet")]
            "parquet" => Ok(Self::Parquet),
            _ => Err(match cfg!(feature = "parquet") {
                true => "expected csv, json, jsonl or parquet",
                false => "expected csv, json or jsonl",
            }),
        }
    }
}

/// An export on its way.
#[derive(Debug)]
pub struct UsageExport {
    query: UsageQuery,
    walk: Option<Walk>,
    rows: Rows,
    writer: Writer,
    totals: BTreeMap<Currency, Sum>,
}

impl UsageExport {
    /// Looks where the export begins.
    ///
    /// # Errors
    /// [`UsageError::Days`], or when the journal cannot be read.
    pub async fn begin(store: &Arc<dyn Store>, query: UsageQuery) -> Result<Self, UsageError> {
        if query.to < query.from || query.to.since(query.from) >= DAYS_MAX {
            return Err(UsageError::Days);
        }
        let walk = Walk::begin(store, query.from.start(), query.to.end()).await?;
        Ok(Self {
            rows: Rows::new(query.grouping),
            writer: Writer::new(&query)?,
            walk: Some(walk),
            totals: BTreeMap::new(),
            query,
        })
    }

    /// The next piece of the export, which may be empty; `None` after the last.
    ///
    /// # Errors
    /// [`UsageError::Groups`], or when the journal cannot be read; then the export ends unfinished.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, UsageError> {
        let Some(walk) = &mut self.walk else {
            return Ok(None);
        };
        let page = walk.page().await?;
        for entry in page.iter().flatten() {
            let wanted = Charged::of(entry).filter(|charge| self.query.wants(charge));
            let Some(charge) = wanted else { continue };
            let total = self.totals.entry(charge.currency).or_default();
            total.add(charge.record, charge.record.gross);
            self.rows.add(&charge)?;
        }
        if page.is_none() {
            self.walk = None;
            self.rows.finish();
        }
        let totals = self.walk.is_none().then_some(&self.totals);
        let piece = self.writer.piece(self.rows.ready(), totals);
        piece.map(Some)
    }
}

impl UsageQuery {
    fn wants(&self, charge: &Charged<'_>) -> bool {
        let model = self.model.as_ref();
        charge.account == self.account
            && self.key.is_none_or(|key| charge.record.key == Some(key))
            && model.is_none_or(|model| *model == charge.record.model)
    }
}
