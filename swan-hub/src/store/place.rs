use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::{Durability, MemoryStore, SqliteOptions, SqliteStore, Store, StoreError, Tables};
#[cfg(feature = "postgres")]
use super::{PostgresOptions, PostgresPlace, PostgresStore};

/// Where a store is, as a person writes it: `sqlite:PATH`, `postgres://USER@HOST/DATABASE` or `memory:`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorePlace {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresPlace>),
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

    /// The same, with this password where it needs one and has none.
    #[must_use]
    pub fn or_password(self, password: Option<String>) -> Self {
        match (self, password) {
            #[cfg(feature = "postgres")]
            (Self::Postgres(place), Some(password)) => {
                Self::Postgres(Box::new(place.or_password(password)))
            }
            (place, _) => place,
        }
    }

    /// Opens the store, and makes it when there is none.
    ///
    /// # Errors
    /// As [`SqliteStore::open`] and `PostgresStore::open`.
    pub async fn open(&self, durability: Durability) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Sqlite(path) => {
                let options = SqliteOptions::default().with_durability(durability);
                Ok(Arc::new(SqliteStore::open(path, options).await?))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => {
                let options = PostgresOptions::default().with_durability(durability);
                Ok(Arc::new(PostgresStore::open(place, options).await?))
            }
            Self::Memory => Ok(Arc::new(MemoryStore::new())),
        }
    }

    /// Opens the store as one with tables for people, once for each journal that it has.
    pub(crate) async fn tables(&self) -> Result<Vec<Arc<dyn Tables>>, StoreError> {
        match self {
            Self::Sqlite(path) => {
                let store = SqliteStore::open(path, SqliteOptions::default()).await?;
                Ok(vec![Arc::new(store)])
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => {
                let store = PostgresStore::open(place, PostgresOptions::default()).await?;
                store.tables_of_all().await
            }
            Self::Memory => Err(StoreError::Open {
                place: self.to_string(),
                what: "a memory store has no tables".into(),
                source: None,
            }),
        }
    }

    /// Whether there is something to open. Only opening tells it of a database.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
            Self::Memory => false,
        }
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => place.fmt(f),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

impl FromStr for StorePlace {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, StoreError> {
        // What is no known place is not repeated beyond its scheme: there may be a password in it.
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        let refused = |what: &str| StoreError::Open {
            place: format!("{scheme}:"),
            what: what.to_owned(),
            source: None,
        };
        let (_, rest) = url.split_once(':').ok_or_else(|| refused(EXPECTED))?;
        match scheme {
            "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err(refused("expected a path after sqlite:")),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            },
            "memory" if matches!(rest, "" | "//") => Ok(Self::Memory),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::Postgres(Box::new(url.parse()?))),
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => Err(refused(
                "this program was built without PostgreSQL (feature `postgres`); use sqlite:PATH",
            )),
            _ => Err(refused(EXPECTED)),
        }
    }
}

const EXPECTED: &str = "expected sqlite:PATH, postgres://USER@HOST/DATABASE or memory:";
