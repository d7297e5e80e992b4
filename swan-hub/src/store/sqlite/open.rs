use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::SqliteOptions;
use crate::store::{Durability, StoreError};

/// "SWAN", so that a file of another program is not taken for ours.
const APPLICATION_ID: i64 = 0x5357_414E;
/// The schema that this program writes.
const SCHEMA: u32 = 10;

/// One script a version: a file of version N runs all from N on. Never change one that was released.
const MIGRATIONS: [&str; SCHEMA as usize] = [
    "
CREATE TABLE journal (
    first_seq INTEGER PRIMARY KEY,
    count INTEGER NOT NULL CHECK (count > 0),
    body BLOB NOT NULL
) STRICT;
CREATE TABLE keys (
    id BLOB PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    owner BLOB,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE providers (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    last_seen_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    sent_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    account BLOB,
    currency TEXT,
    amount BLOB,
    note TEXT,
    answer TEXT
) STRICT;
CREATE INDEX inbox_pending ON inbox (number) WHERE answer IS NULL;
",
    "
CREATE TABLE users (
    id BLOB PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password TEXT NOT NULL,
    account BLOB NOT NULL,
    provider BLOB UNIQUE,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    token BLOB PRIMARY KEY,
    user BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user, created_ms);
CREATE INDEX sessions_expiry ON sessions (expires_ms);
CREATE TABLE profiles (
    provider BLOB PRIMARY KEY,
    owner TEXT UNIQUE,
    worker TEXT,
    beneficiary TEXT,
    description TEXT NOT NULL,
    contact TEXT NOT NULL,
    hardware TEXT NOT NULL,
    review_requested_ms INTEGER
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE generations (
    id BLOB PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE generation_accounts (
    account BLOB NOT NULL,
    span INTEGER NOT NULL,
    PRIMARY KEY (account, span)
) STRICT, WITHOUT ROWID;
CREATE INDEX generation_accounts_by_span ON generation_accounts (span);
CREATE TABLE generation_size (bytes INTEGER NOT NULL) STRICT;
INSERT INTO generation_size (bytes) VALUES (0);
CREATE TABLE idempotency (
    key BLOB PRIMARY KEY,
    expires_ms INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
",
    "
ALTER TABLE keys ADD COLUMN limits TEXT;
ALTER TABLE accounts ADD COLUMN limits TEXT;
",
    "
CREATE TABLE generation_index (
    account BLOB NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX generation_index_by_id ON generation_index (id);
CREATE TABLE claimed_profiles (
    provider BLOB PRIMARY KEY,
    owner TEXT,
    worker TEXT,
    beneficiary TEXT,
    description TEXT NOT NULL,
    contact TEXT NOT NULL,
    hardware TEXT NOT NULL,
    review_requested_ms INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO claimed_profiles SELECT provider, owner, worker, beneficiary, description, contact, hardware,
    review_requested_ms FROM profiles;
DROP TABLE profiles;
ALTER TABLE claimed_profiles RENAME TO profiles;
",
    "
CREATE TABLE snapshots (
    seq INTEGER NOT NULL,
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL CHECK (parts > part),
    body BLOB NOT NULL,
    PRIMARY KEY (seq, part)
) STRICT;
",
    "
CREATE TABLE documents (
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    owner BLOB NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, number),
    UNIQUE (kind, name)
) STRICT;
CREATE INDEX documents_owner ON documents (kind, owner, number);
",
    "
CREATE TABLE topups (
    id BLOB PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    account BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX topups_by_account ON topups (account, created_ms, id);
CREATE INDEX topups_by_time ON topups (created_ms, id);
CREATE INDEX topups_due ON topups (due_ms, id) WHERE due_ms IS NOT NULL;
",
    include_str!("schema_9.sql"),
    include_str!("schema_10.sql"),
];

/// The connection that writes; brings the file to the current schema first.
pub(super) fn writer(path: &Path, options: SqliteOptions) -> Result<Connection, StoreError> {
    make_folder(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| open_error(path, error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    // SQLite opens a file that it may not write for reading, without a word.
    if connection.is_readonly("main").map_err(failed)? {
        return Err(refused(
            path,
            "the file is read-only; make it writable or choose another place",
        ));
    }
    connection.busy_timeout(options.busy_wait).map_err(failed)?;
    check_application(&connection, path)?;
    let synchronous = match options.durability {
        Durability::Strict => "FULL",
        Durability::Relaxed => "NORMAL",
    };
    into_wal(&connection, options.busy_wait).map_err(failed)?;
    connection
        .pragma_update(None, "synchronous", synchronous)
        .map_err(failed)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Gives a new file its log. SQLite answers "busy" at once while another program does the same, whatever the connection's timeout
/// says, so the waiting is done here.
#[expect(
    clippy::disallowed_methods,
    reason = "SQLite waits for locks in the same way, on this thread of the store's own"
)]
fn into_wal(connection: &Connection, wait: Duration) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    let since = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && since.elapsed() < wait => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// The connection that reads, beside the one that writes.
pub(super) fn reader(path: &Path, options: SqliteOptions) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| open_error(path, error);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(options.busy_wait).map_err(failed)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(failed)?;
    Ok(connection)
}

pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Err(refused(path, "it is a folder; name a file in it"));
    }
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(|error| StoreError::Open {
        place: folder.display().to_string(),
        what: "the folder cannot be made; check who may write there or choose another place".into(),
        source: Some(Box::new(error)),
    })
}

pub(super) fn check_application(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| open_error(path, error);
    // Both of the same moment: between the two, another program may make the file ours.
    let moment = connection.unchecked_transaction().map_err(failed)?;
    let id: i64 = moment
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(failed)?;
    let count = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = moment
        .query_row(count, [], |row| row.get(0))
        .map_err(failed)?;
    drop(moment);
    if id == APPLICATION_ID || (id == 0 && tables == 0) {
        return Ok(());
    }
    Err(refused(
        path,
        "it belongs to another program; choose another place",
    ))
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| open_error(path, error);
    // Immediate, so that two processes that open a new file at once do not both make its tables.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let found: u32 = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    if found > SCHEMA {
        let place = path.display().to_string();
        return Err(StoreError::NewerSchema {
            place,
            found,
            known: SCHEMA,
        });
    }
    if found < SCHEMA {
        for script in MIGRATIONS.iter().skip(found as usize) {
            transaction.execute_batch(script).map_err(failed)?;
        }
        transaction
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(failed)?;
        transaction
            .pragma_update(None, "user_version", SCHEMA)
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

pub(super) fn refused(path: &Path, what: &str) -> StoreError {
    StoreError::Open {
        place: path.display().to_string(),
        what: what.to_owned(),
        source: None,
    }
}

pub(super) fn open_error(path: &Path, error: rusqlite::Error) -> StoreError {
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return StoreError::Unavailable {
                what: format!("{} is locked by another program; close it", path.display()),
                source: Some(Box::new(error)),
            };
        }
        Some(ErrorCode::NotADatabase) => "it is not a SQLite file; choose another place",
        Some(ErrorCode::DatabaseCorrupt) => "the file is damaged; restore it from a backup",
        Some(ErrorCode::DiskFull) => "the disk is full; free some space",
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            "it cannot be written; check who may write to it and to its folder"
        }
        _ => "SQLite cannot use it",
    };
    StoreError::Open {
        place: path.display().to_string(),
        what: what.to_owned(),
        source: Some(Box::new(error)),
    }
}

/// What SQLite says while the store is open.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "the database is locked by another program"
        }
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "the database has become read-only",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            return StoreError::corrupt(error.to_string());
        }
        _ => "SQLite failed",
    };
    StoreError::Unavailable {
        what: what.to_owned(),
        source: Some(Box::new(error)),
    }
}
