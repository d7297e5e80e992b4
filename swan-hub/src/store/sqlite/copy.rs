use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use tokio::task;

use super::SqliteStore;
use super::open::{check_application, make_folder, open_error, refused};
use crate::store::StoreError;

impl SqliteStore {
    /// Copies a file as it is at one moment, while hubs may be writing it; nobody waits for the copy. It gets its name
    /// when it is whole and on the disk.
    ///
    /// # Errors
    /// [`StoreError::Open`] when there is nothing to copy, or something where the copy should go.
    pub async fn copy(from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Result<(), StoreError> {
        let (from, to) = (from.into(), to.into());
        let copying = task::spawn_blocking(move || copy(&from, &to));
        copying
            .await
            .unwrap_or_else(|_| Err(StoreError::unavailable("the copy was broken off")))
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    if !from.is_file() {
        return Err(refused(from, "there is no such file"));
    }
    make_folder(to)?;
    // The log of a file that was taken away would be played into the one that takes its place.
    for beside in ["", "-wal", "-journal"] {
        let taken = PathBuf::from(named(to, beside));
        if taken.exists() {
            return Err(refused(&taken, "it is there already; move it away first"));
        }
    }
    let partial = PathBuf::from(named(to, ".partial"));
    let unwritten = |error: std::io::Error| StoreError::Open {
        place: to.display().to_string(),
        what: "the copy cannot be written; check who may write there and whether the disk is full"
            .into(),
        source: Some(Box::new(error)),
    };
    if partial.exists() {
        fs::remove_file(&partial).map_err(unwritten)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| open_error(from, error);
    let connection = Connection::open_with_flags(from, flags).map_err(failed)?;
    check_application(&connection, from)?;
    // A new file is fit to become a store, and for SQLite an empty or tiny file is a new one; it is no backup of anything.
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    if version == 0 {
        return Err(refused(from, "there is no store in it"));
    }
    let path = partial.to_string_lossy();
    connection
        .execute("VACUUM INTO ?1", [&*path])
        .map_err(failed)?;
    File::open(&partial)
        .and_then(|file| file.sync_all())
        .map_err(unwritten)?;
    fs::rename(&partial, to).map_err(unwritten)
}

fn named(path: &Path, ending: &str) -> OsString {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name
}
