//! Which store a hub runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::CliError;
use crate::config::Config;
use crate::error::{ConfigError, HubError};
use crate::ledger::BooksOptions;
#[cfg(feature = "postgres")]
use crate::store::{PostgresOptions, PostgresStore};
use crate::store::{Store, StoreError, StorePlace};

/// The store of `serve` and `dev`, said as the administrative commands say it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StoreArgs {
    /// Folder of the hub's data [default: ./swan-data]
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data_dir: Option<PathBuf>,
    /// Another store: sqlite:PATH, postgres://USER@HOST/DATABASE, or memory: for a hub that forgets everything
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl StoreArgs {
    /// Lays the flags over a configuration; a folder that is named takes the place of a store from elsewhere.
    pub(crate) fn apply(&self, config: &mut Config) {
        if let Some(data_dir) = &self.data_dir {
            config.data_dir.clone_from(data_dir);
            config.store = None;
        }
        if let Some(store) = &self.store {
            config.store = Some(store.clone());
        }
    }
}

/// A store as a URL names it, with the password from the environment if there is none in the URL: arguments and
/// configuration files are read by more people.
pub(super) fn place(url: &str) -> Result<StorePlace, StoreError> {
    let place: StorePlace = url.parse()?;
    Ok(place.or_password(std::env::var("SWAN_STORE_PASSWORD").ok()))
}

/// Opens the store that a configuration names, and makes it when there is none.
pub(crate) async fn open(config: &Config) -> Result<Arc<dyn Store>, CliError> {
    let place = match &config.store {
        Some(url) => place(url)?,
        None => {
            check_writable(&config.data_dir)?;
            StorePlace::in_folder(&config.data_dir)
        }
    };
    Ok(place.open(config.durability).await?)
}

/// The same for `serve`, which may be one of several hubs on a database: then the books draw on what they share.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, reason = "only hubs on PostgreSQL share funds")
)]
pub(crate) async fn open_for(
    config: &Config,
    books: &mut BooksOptions,
) -> Result<Arc<dyn Store>, CliError> {
    let Some(id) = &config.nodes.id else {
        return open(config).await;
    };
    let place = match &config.store {
        Some(url) => place(url)?,
        None => StorePlace::in_folder(&config.data_dir),
    };
    match place {
        #[cfg(feature = "postgres")]
        StorePlace::Postgres(place) => {
            let options = PostgresOptions::default().with_durability(config.durability);
            let store = PostgresStore::open(&place, options).await?;
            let store = store.as_node(id, config.nodes.lease);
            *books = books
                .clone()
                .with_slice(config.nodes.slice)
                // After a crash nobody has the name before the lease has run out.
                .with_lease_wait(config.nodes.lease.saturating_mul(2));
            if let Some(pool) = store.shared_funds() {
                *books = books.clone().with_pool(pool);
            }
            Ok(Arc::new(store))
        }
        _ => Err(ConfigError::Value {
            key: "nodes.id",
            value: id.clone(),
            expected: "a store on PostgreSQL: --store postgres://USER@HOST/DATABASE",
        }
        .into()),
    }
}

/// Makes the folder and tries it out: what is wrong with it shows here in better words than the database has.
fn check_writable(folder: &Path) -> Result<(), HubError> {
    let failed = |source| HubError::DataDir {
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let probe = folder.join(format!(".writable-{}", std::process::id()));
    std::fs::write(&probe, b"").map_err(failed)?;
    std::fs::remove_file(&probe).map_err(failed)
}
