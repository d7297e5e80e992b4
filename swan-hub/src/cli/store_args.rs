//! Which store a hub runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::CliError;
use crate::config::Config;
use crate::error::HubError;
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
