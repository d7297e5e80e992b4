use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::{MemoryStore, SqliteOptions, SqliteStore, Store, StoreError};

/// Where a store is, as a person writes it: `sqlite:PATH` or `memory:`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorePlace {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// Memory, which ends with the process.
    Memory,
}

impl StorePlace {
    /// The file's name in a data folder.
    pub const FILE: &'static str = "swan.db";

    /// The SQLite file of a data folder.
    #[must_use]
    pub fn in_folder(data_dir: &Path) -> Self {
        Self::Sqlite(data_dir.join(Self::FILE))
    }

    /// Opens the store, and makes it when there is none.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open(&self, options: SqliteOptions) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path, options).await?)),
            Self::Memory => Ok(Arc::new(MemoryStore::new())),
        }
    }

    /// Whether there is something to open.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            Self::Memory => false,
        }
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

impl FromStr for StorePlace {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, StoreError> {
        let refused = |what: &str| StoreError::Open {
            place: url.to_owned(),
            what: what.to_owned(),
            source: None,
        };
        let (scheme, rest) = url
            .split_once(':')
            .ok_or_else(|| refused("expected sqlite:PATH or memory:"))?;
        match scheme {
            "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err(refused("expected a path after sqlite:")),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            },
            "memory" if matches!(rest, "" | "//") => Ok(Self::Memory),
            "postgres" | "postgresql" => Err(refused(
                "PostgreSQL comes with a later version; use sqlite:PATH",
            )),
            _ => Err(refused("expected sqlite:PATH or memory:")),
        }
    }
}
