//! Both built-in stores against the public suite, and what only a file can get wrong.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use swan_core::{AccountId, KeyId, ProviderId, RequestId, Timestamp};
use swan_hub::store::{
    AuthError, GenerationChunk, JournalRecord, KeyKind, KeyRecord, KeyRing, MemoryStore,
    ProfileRecord, Secret, SqliteOptions, SqliteStore, Store, StoreError, conformance,
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

/// As when a key is made for a hub that is just starting: each finds the file not there, and makes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_open_a_new_file_at_once_open_it() {
    for _ in 0..20 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("swan.db");
        let openers = (0..8).map(|_| {
            let path = path.clone();
            tokio::spawn(async move { open(path).await.map(drop) })
        });
        for opener in openers.collect::<Vec<_>>() {
            opener.await.unwrap().unwrap();
        }
    }
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
            "schema version 99, and this program knows versions up to 10",
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

/// What version 4 wrote is found by those who wrote it, and two may name one wallet from now on.
#[tokio::test]
async fn a_file_of_an_earlier_version_keeps_its_records() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("swan.db");
    drop(open(&path).await.unwrap());
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(
        "DROP VIEW trial_balance_readable;
        DROP VIEW balances_readable;
        DROP VIEW ledger_sums;
        DROP VIEW ledger_effects;
        DROP VIEW transfers_readable;
        DROP VIEW entries_readable;
        DROP TABLE ledger_transfers;
        DROP TABLE ledger_entries;
        DROP TABLE ledger_accounts;
        DROP TABLE deposits;
        DROP TABLE chains;
        DROP TABLE topups;
        DROP TABLE documents;
        DROP TABLE snapshots;
        DROP TABLE generation_index;
        DROP TABLE profiles;
        CREATE TABLE profiles (provider BLOB PRIMARY KEY, owner TEXT UNIQUE, worker TEXT, beneficiary TEXT,
            description TEXT NOT NULL, contact TEXT NOT NULL, hardware TEXT NOT NULL, review_requested_ms INTEGER
        ) STRICT, WITHOUT ROWID;
        INSERT INTO profiles VALUES (x'00000000000000000000000000000001', '0xowner', NULL, NULL, 'd', 'c', 'h', 9);
        PRAGMA user_version = 4;",
    )
    .unwrap();
    let id = |millis: u64| RequestId::from_u128(u128::from(millis) << 80 | 1);
    let account = |n: u128| AccountId::from_u128(n);
    // Chunks of several accounts, listed by spans of 64 seconds.
    for (millis, accounts) in [(1_000, &[1_u128, 2][..]), (2_000, &[2]), (64_000, &[1])] {
        let put = "INSERT INTO generations (id, body) VALUES (?1, x'0102')";
        old.execute(put, [id(millis).as_u128().to_be_bytes()])
            .unwrap();
        for n in accounts {
            let put = "INSERT OR IGNORE INTO generation_accounts VALUES (?1, ?2)";
            let span = i64::try_from(millis / 64_000).unwrap();
            old.execute(put, (n.to_be_bytes(), span)).unwrap();
        }
    }
    drop(old);
    let store = open(&path).await.unwrap();
    let chunk = GenerationChunk {
        first: id(65_000),
        accounts: vec![account(1)],
        body: vec![3],
    };
    store.put_generations(&[chunk]).await.unwrap();
    let listed = async |n: u128, limit: u32| {
        let all = (id(0), id(1 << 40));
        let page = store.generations_of(account(n), all.0, all.1, limit);
        let page = page.await.unwrap().into_iter();
        page.map(|chunk| chunk.first).collect::<Vec<_>>()
    };
    // Where only the span was known, there may be more among them than one's own.
    let of_1 = [id(65_000), id(64_000), id(2_000), id(1_000)];
    assert_eq!(listed(1, 10).await, of_1);
    assert_eq!(listed(1, 3).await, of_1[..3]);
    assert_eq!(listed(2, 10).await, [id(2_000), id(1_000)]);
    store.trim_generations(id(64_500), 0, 10).await.unwrap();
    assert_eq!(listed(2, 10).await, []);
    let kept = store
        .users()
        .profile(ProviderId::from_u128(1))
        .await
        .unwrap();
    let kept = kept.unwrap();
    assert_eq!(kept.owner.as_deref(), Some("0xowner"));
    let provider = ProviderId::from_u128(2);
    let second = ProfileRecord { provider, ..kept };
    store.users().put_profile(&second).await.unwrap();
}
