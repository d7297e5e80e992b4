//! What any [`Store`] must do. Call [`all`] with a maker of empty stores; it panics at the first thing that is wrong.
//!
//! This module is outside the promise of stable versions: it may grow with the contract.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a suite of tests that other crates can call"
)]

mod deposits;
mod documents;
mod inbox;
mod kept;
mod limits;
mod snapshots;
mod topups;
mod users;

use std::future::Future;
use std::sync::Arc;

use swan_core::{AccountId, KeyId, ProviderId, Timestamp};

use self::inbox::grant;
use super::{
    AccountRecord, JournalRecord, KeyHash, KeyKind, KeyRecord, ProviderRecord, Store, StoreError,
};

/// Runs the whole suite, each part on a store of its own.
pub async fn all<F, S>(empty: F)
where
    F: Fn() -> S,
    S: Future<Output = Arc<dyn Store>>,
{
    journal_is_one_row_of_entries(&*empty().await).await;
    journal_takes_no_gap_and_no_rewrite(&*empty().await).await;
    one_of_many_writers_wins(empty().await).await;
    snapshots::snapshots_are_found_by_entry_and_forgotten(&*empty().await).await;
    keys_are_kept_by_id_and_found_by_hash(&*empty().await).await;
    a_secret_belongs_to_one_key(&*empty().await).await;
    the_first_revocation_counts(&*empty().await).await;
    limits::limits_change_alone(&*empty().await).await;
    accounts_and_providers_are_kept(&*empty().await).await;
    inbox::commands_are_answered_once(&*empty().await).await;
    inbox::commands_without_a_sum_come_back_too(&*empty().await).await;
    inbox::orders_of_the_exchange_come_back(&*empty().await).await;
    inbox::amounts_come_back_exactly(&*empty().await).await;
    the_version_follows_every_change(&*empty().await).await;
    the_lease_has_one_holder(&*empty().await).await;
    users::users_are_found_by_id_and_address(empty().await.users()).await;
    users::an_address_and_a_provider_belong_to_one_user(empty().await.users()).await;
    users::logins_end_and_are_bounded(empty().await.users()).await;
    users::a_wallet_may_be_named_by_many(empty().await.users()).await;
    kept::generations_are_found_by_time(&*empty().await).await;
    kept::generations_are_listed_by_account(&*empty().await).await;
    kept::old_generations_are_forgotten(&*empty().await).await;
    kept::idempotency_records_are_replaced_and_forgotten(&*empty().await).await;
    documents::documents_are_numbered_without_a_gap(empty().await).await;
    documents::documents_are_found_and_changed(empty().await.documents()).await;
    topups::an_order_is_replaced_by_its_next_revision_only(empty().await.topups()).await;
    topups::orders_are_listed_by_account_and_by_when_they_are_due(empty().await.topups()).await;
    deposits::a_deposit_is_replaced_by_its_next_revision_only(empty().await.deposits()).await;
    deposits::deposits_are_listed_by_owner_phase_and_block(empty().await.deposits()).await;
    deposits::a_chain_is_read_by_one_at_a_time(empty().await.deposits()).await;
}

/// What a store that outlives the process must also do: `filled` is what [`fill`] wrote, opened again.
pub async fn reopened(filled: &dyn Store) {
    assert_eq!(
        filled.read(1, 10).await.unwrap(),
        [record(1, 3, 7), record(4, 1, 8)]
    );
    assert_eq!(
        filled.keys().await.unwrap(),
        [(hash(1), key(1, KeyKind::Admin))]
    );
    assert_eq!(filled.accounts().await.unwrap(), [account(1)]);
    assert_eq!(filled.providers().await.unwrap(), [provider(1)]);
    assert_eq!(
        filled.pending_commands(10).await.unwrap(),
        [grant(1, "0.000000000001")]
    );
    users::reopened(filled.users()).await;
    kept::reopened(filled).await;
    topups::reopened(filled.topups()).await;
    deposits::reopened(filled.deposits()).await;
    documents::reopened(filled.documents()).await;
    snapshots::reopened(filled).await;
    filled.lease().await.expect("a lease ends with its holder");
}

/// Writes one of everything.
pub async fn fill(empty: &dyn Store) {
    users::fill(empty.users()).await;
    let _lease = empty.lease().await.unwrap();
    empty.append(&record(1, 3, 7)).await.unwrap();
    empty.append(&record(4, 1, 8)).await.unwrap();
    empty
        .put_key(&hash(1), &key(1, KeyKind::Admin))
        .await
        .unwrap();
    empty.put_account(&account(1)).await.unwrap();
    empty.put_provider(&provider(1)).await.unwrap();
    empty
        .push_command(&grant(1, "0.000000000001"))
        .await
        .unwrap();
    kept::fill(empty).await;
    topups::fill(empty.topups()).await;
    deposits::fill(empty.deposits()).await;
    documents::fill(empty.documents()).await;
    snapshots::fill(empty).await;
}

async fn journal_is_one_row_of_entries(store: &dyn Store) {
    assert_eq!(store.read(1, 10).await.unwrap(), []);
    let records = [record(1, 3, 1), record(4, 1, 2), record(5, 1_000, 3)];
    for record in &records {
        store.append(record).await.unwrap();
    }
    assert_eq!(store.read(1, 10).await.unwrap(), records);
    assert_eq!(
        store.read(1, 2).await.unwrap(),
        records[..2],
        "no more than asked for"
    );
    assert_eq!(
        store.read(2, 1).await.unwrap(),
        records[..1],
        "the record around the entry"
    );
    assert_eq!(store.read(4, 10).await.unwrap(), records[1..]);
    assert_eq!(store.read(1_004, 10).await.unwrap(), records[2..]);
    assert_eq!(store.read(1_005, 10).await.unwrap(), []);
}

async fn journal_takes_no_gap_and_no_rewrite(store: &dyn Store) {
    let gap = |result: Result<(), StoreError>, goes_on: u64| match result {
        Err(StoreError::Gap { expected, .. }) => assert_eq!(expected, goes_on),
        other => panic!("a gap was expected, not {other:?}"),
    };
    gap(store.append(&record(2, 1, 1)).await, 1);
    store.append(&record(1, 2, 1)).await.unwrap();
    store
        .append(&record(1, 2, 1))
        .await
        .expect("a repeat of the same record is no error");
    gap(store.append(&record(1, 2, 9)).await, 3);
    gap(store.append(&record(2, 1, 1)).await, 3);
    gap(store.append(&record(4, 1, 1)).await, 3);
    gap(store.append(&record(3, 0, 1)).await, 3);
    assert_eq!(store.read(1, 10).await.unwrap(), [record(1, 2, 1)]);
}

async fn one_of_many_writers_wins(store: Arc<dyn Store>) {
    let writes = (0..16).map(|body| {
        let store = Arc::clone(&store);
        async move { store.append(&record(1, 1, body)).await.is_ok() }
    });
    let won = futures::future::join_all(writes)
        .await
        .into_iter()
        .filter(|won| *won)
        .count();
    assert_eq!(won, 1, "two writers appended the same entry");
    assert_eq!(store.read(1, 10).await.unwrap().len(), 1);
}

async fn keys_are_kept_by_id_and_found_by_hash(store: &dyn Store) {
    let consumer = key(1, KeyKind::Consumer(AccountId::from_u128(7)));
    let provider = key(2, KeyKind::Provider(ProviderId::from_u128(u128::MAX)));
    let admin = key(3, KeyKind::Admin);
    for (n, record) in [(1, &consumer), (2, &provider), (3, &admin)] {
        store.put_key(&hash(n), record).await.unwrap();
    }
    let expected = [
        (hash(1), consumer.clone()),
        (hash(2), provider),
        (hash(3), admin),
    ];
    assert_eq!(store.keys().await.unwrap(), expected);
    let renamed = KeyRecord {
        name: "new \u{1F9A2} name".into(),
        ..consumer
    };
    store.put_key(&hash(1), &renamed).await.unwrap();
    assert_eq!(store.keys().await.unwrap()[0], (hash(1), renamed));
}

async fn a_secret_belongs_to_one_key(store: &dyn Store) {
    store
        .put_key(&hash(1), &key(1, KeyKind::Admin))
        .await
        .unwrap();
    let second = store.put_key(&hash(1), &key(2, KeyKind::Admin)).await;
    assert!(
        matches!(second, Err(StoreError::Conflict { .. })),
        "{second:?}"
    );
    assert_eq!(store.keys().await.unwrap().len(), 1);
}

async fn the_first_revocation_counts(store: &dyn Store) {
    let id = KeyId::from_u128(1);
    assert!(
        !store.revoke_key(id, at(5)).await.unwrap(),
        "there is no such key"
    );
    store
        .put_key(&hash(1), &key(1, KeyKind::Admin))
        .await
        .unwrap();
    assert!(store.revoke_key(id, at(5)).await.unwrap());
    assert!(
        store.revoke_key(id, at(9)).await.unwrap(),
        "a repeat is no error"
    );
    assert_eq!(store.keys().await.unwrap()[0].1.revoked, Some(at(5)));
}

async fn accounts_and_providers_are_kept(store: &dyn Store) {
    for n in [2, 1, 3] {
        store.put_account(&account(n)).await.unwrap();
        store.put_provider(&provider(n)).await.unwrap();
    }
    assert_eq!(
        store.accounts().await.unwrap(),
        [account(1), account(2), account(3)]
    );
    let renamed = AccountRecord {
        name: "other".into(),
        ..account(2)
    };
    store.put_account(&renamed).await.unwrap();
    assert_eq!(store.accounts().await.unwrap()[1], renamed);

    let id = provider(2).id;
    store.touch_provider(id, at(50)).await.unwrap();
    store.touch_provider(id, at(40)).await.unwrap();
    store
        .touch_provider(ProviderId::from_u128(99), at(50))
        .await
        .expect("nobody to note it for");
    let seen = ProviderRecord {
        last_seen: Some(at(50)),
        ..provider(2)
    };
    assert_eq!(
        store.providers().await.unwrap(),
        [provider(1), seen, provider(3)]
    );
}

async fn the_version_follows_every_change(store: &dyn Store) {
    let mut last = store.version().await.unwrap();
    assert_eq!(
        store.version().await.unwrap(),
        last,
        "asking changes nothing"
    );
    let mut step = async |what: &str| {
        let now = store.version().await.unwrap();
        assert_ne!(now, last, "{what} must change the version");
        last = now;
    };
    store
        .put_key(&hash(1), &key(1, KeyKind::Admin))
        .await
        .unwrap();
    step("a new key").await;
    store.revoke_key(KeyId::from_u128(1), at(1)).await.unwrap();
    step("a revocation").await;
    store.put_account(&account(1)).await.unwrap();
    step("a new account").await;
    store.put_provider(&provider(1)).await.unwrap();
    step("a new provider").await;
    store.push_command(&grant(1, "1")).await.unwrap();
    step("a command").await;
}

async fn the_lease_has_one_holder(store: &dyn Store) {
    let lease = store.lease().await.unwrap();
    let second = store.lease().await;
    assert!(
        matches!(second, Err(StoreError::Leased { .. })),
        "{second:?}"
    );
    drop(lease);
    store
        .lease()
        .await
        .expect("a lease that was given back can be taken");
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn record(first_seq: u64, count: u32, body: u8) -> JournalRecord {
    JournalRecord {
        first_seq,
        count,
        body: vec![body; 3 * usize::from(body)],
    }
}

fn hash(n: u8) -> KeyHash {
    KeyHash::from_bytes([n; 32])
}

fn key(n: u8, kind: KeyKind) -> KeyRecord {
    let id = KeyId::from_u128(u128::from(n));
    KeyRecord {
        id,
        kind,
        name: format!("key {n}"),
        created: at(u64::from(n)),
        revoked: None,
        limits: limits::limits(n),
    }
}

fn account(n: u8) -> AccountRecord {
    let id = AccountId::from_u128(u128::from(n));
    AccountRecord {
        id,
        name: format!("account {n}"),
        created: at(u64::from(n)),
        limits: limits::limits(n),
    }
}

fn provider(n: u8) -> ProviderRecord {
    let id = ProviderId::from_u128(u128::from(n));
    let name = format!("provider {n}");
    ProviderRecord {
        id,
        name,
        created: at(u64::from(n)),
        last_seen: None,
    }
}
