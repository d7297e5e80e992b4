//! Copies a store and checks the copy.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::admin::{AdminError, Place, Terminal};
use super::audit;
use crate::store::{Durability, SqliteStore, StorePlace};

/// `swan-hub backup`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct BackupArgs {
    /// Where the copy goes; there must be nothing yet
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// `swan-hub restore`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct RestoreArgs {
    /// What `swan-hub backup` has written
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn backup(
    args: BackupArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let from = file_of(&args.place)?;
    SqliteStore::copy(from, &args.file).await?;
    check(args.file, args.place.json, terminal).await
}

pub(super) async fn restore(
    args: RestoreArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let to = file_of(&args.place)?;
    SqliteStore::copy(args.file, &to).await?;
    check(to, args.place.json, terminal).await
}

/// A copy that was never read is no backup.
async fn check(
    file: PathBuf,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let store = StorePlace::Sqlite(file).open(Durability::Strict).await?;
    audit::look(store, json, terminal).await
}

fn file_of(place: &Place) -> Result<PathBuf, AdminError> {
    match place.resolve()? {
        StorePlace::Sqlite(path) => Ok(path),
        _ => {
            let why = "a database is backed up by its own tools: pg_dump --schema=swan, then pg_restore and `swan-hub audit`";
            Err(AdminError::Usage(why.into()))
        }
    }
}
