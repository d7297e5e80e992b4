//! Both built-in stores against the public suite, and what only a file can get wrong.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use swan_core::{KeyId, Timestamp};
use swan_hub::store::{
    AuthError, JournalRecord, KeyKind, KeyRecord, KeyRing, MemoryStore, Secret, SqliteOptions,
    SqliteStore, Store, StoreError, conformance,
};
use tempfile::TempDir;

async fn open(path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path.as_ref(), SqliteOptions::default()).await
}

#[tokio::test]
async fn the_memory_store_conforms() {
    conformance::all(async || Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
}

#[tokio::test]
async fn the_sqlite_store_conforms() {
    let folder = TempDir::new().unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    conformance::all(async || {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Arc::new(open(folder.path().join(format!("{n}.db"))).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn a_file_keeps_everything() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/er/swan.db");
    conformance::fill(&open(&path).await.unwrap()).await;
    conformance::reopened(&open(&path).await.unwrap()).await;
}

#[tokio::test]
async fn two_openers_of_a_file_see_each_other() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("swan.db");
    let (hub, tool) = (open(&path).await.unwrap(), open(&path).await.unwrap());
    let lease = hub.lease().await.unwrap();
    assert!(matches!(tool.lease().await, Err(StoreError::Leased { .. })));

    let before = hub.version().await.unwrap();
    let kind = KeyKind::Admin;
    let secret = Secret::generate(kind).unwrap();
    let record = KeyRecord {
        id: KeyId::from_u128(9),
        kind,
        name: "ops".into(),
        created: Timestamp::from_millis(1),
        revoked: None,
        limits: swan_hub::KeyLimits::default(),
    };
    tool.put_key(&secret.hash(), &record).await.unwrap();
    assert_ne!(hub.version().await.unwrap(), before);
    assert_eq!(hub.keys().await.unwrap(), [(secret.hash(), record)]);
    drop(lease);
    tool.lease().await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_used_says_why() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    std::fs::write(
        place("text"),
        "this is no database, and long enough to be looked at".repeat(40),
    )
    .unwrap();
    std::fs::create_dir(place("folder")).unwrap();
    rusqlite::Connection::open(place("foreign"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1")
        .unwrap();
    open(place("newer")).await.unwrap();
    rusqlite::Connection::open(place("newer"))
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();

    for (name, expected) in [
        ("text", "not a SQLite file"),
        ("folder", "it is a folder"),
        ("foreign", "belongs to another program"),
        (
            "newer",
            "schema version 99, and this program knows versions up to 4",
        ),
        ("text/in/it", "the folder cannot be made"),
    ] {
        let error = open(place(name)).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{name}: {error}");
        assert!(!error.is_retryable(), "{name}");
    }
}

#[tokio::test]
async fn a_lock_of_another_program_is_named_and_goes_by() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("swan.db");
    let options = SqliteOptions::default().with_busy_wait(Duration::from_millis(20));
    let store = SqliteStore::open(&path, options).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let record = JournalRecord {
        first_seq: 1,
        count: 1,
        body: vec![1],
    };
    let refused = store.append(&record).await.unwrap_err();
    assert!(
        refused.to_string().contains("locked by another program"),
        "{refused}"
    );
    assert!(refused.is_retryable());
    assert_eq!(store.read(1, 1).await.unwrap(), [], "reading goes on");
    let second = SqliteStore::open(&path, options).await.unwrap_err();
    assert!(
        second
            .to_string()
            .contains("locked by another program; close it"),
        "{second}"
    );
    other.execute_batch("ROLLBACK").unwrap();
    store.append(&record).await.unwrap();
}

#[tokio::test]
async fn a_key_opens_until_it_is_revoked() {
    let store = MemoryStore::new();
    let ring = KeyRing::load(&store).await.unwrap();
    let kind = KeyKind::Admin;
    let secret = Secret::generate(kind).unwrap();
    let id = KeyId::from_u128(1);
    let created = Timestamp::from_millis(1);
    let record = KeyRecord {
        id,
        kind,
        name: "ops".into(),
        created,
        revoked: None,
        limits: swan_hub::KeyLimits::default(),
    };
    assert_eq!(ring.authenticate(secret.expose()), Err(AuthError::Unknown));

    ring.insert(&store, &secret, record.clone()).await.unwrap();
    assert_eq!(*ring.authenticate(secret.expose()).unwrap(), record);
    assert!(ring.is_active(id));
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    for bad in [
        "",
        "sk-admin-",
        "sk-swan-é",
        secret.expose().trim_start_matches('s'),
        &secret.expose().to_uppercase(),
    ] {
        assert_eq!(ring.authenticate(bad), Err(AuthError::Unknown), "{bad}");
    }

    let elsewhere = KeyRing::load(&store).await.unwrap();
    assert!(ring.revoke(&store, id, created).await.unwrap());
    assert_eq!(ring.authenticate(secret.expose()), Err(AuthError::Revoked));
    assert!(!ring.is_active(id));
    assert!(elsewhere.is_active(id), "not told yet");
    elsewhere.refresh(&store).await.unwrap();
    assert_eq!(
        elsewhere.authenticate(secret.expose()),
        Err(AuthError::Revoked)
    );
}
