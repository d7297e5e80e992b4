//! Deposits on a chain, and how far a chain has been read.

use swan_core::{AccountId, DepositId};

use super::at;
use crate::store::{DepositPhase, DepositRecord, Deposits, DepositsOf, StoreError, WatchedChain};

pub(super) async fn a_deposit_is_replaced_by_its_next_revision_only(store: &dyn Deposits) {
    let id = deposit(1, 1).id;
    assert_eq!(store.deposit(id).await.unwrap(), None);
    let conflict = async |record: &DepositRecord| {
        let refused = store.put_deposit(record).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "{refused:?}"
        );
    };
    conflict(&revised(&deposit(1, 1), 2)).await;
    for _ in 0..2 {
        store.put_deposit(&deposit(1, 1)).await.unwrap();
    }
    let mut other = deposit(1, 1);
    other.body.push(' ');
    conflict(&other).await;
    conflict(&revised(&deposit(1, 1), 3)).await;
    let second = DepositRecord {
        account: None,
        phase: DepositPhase::Unmatched,
        block: 9,
        ..revised(&deposit(1, 1), 2)
    };
    for _ in 0..2 {
        store.put_deposit(&second).await.unwrap();
        assert_eq!(store.deposit(id).await.unwrap(), Some(second.clone()));
    }
    conflict(&deposit(1, 1)).await;
    assert_eq!(store.deposit(deposit(2, 1).id).await.unwrap(), None);
}

pub(super) async fn deposits_are_listed_by_owner_phase_and_block(store: &dyn Deposits) {
    for n in [3, 1, 5, 2, 4] {
        store.put_deposit(&deposit(n, n % 2)).await.unwrap();
    }
    let other_chain = DepositRecord {
        chain: 1,
        account: None,
        ..deposit(6, 0)
    };
    store.put_deposit(&other_chain).await.unwrap();
    let ids = |found: Vec<DepositRecord>| -> Vec<u128> {
        found.iter().map(|record| record.id.as_u128()).collect()
    };
    let listed = async |of, before: Option<u8>, limit| {
        let before = before.map(|n| (deposit(n, 0).created, deposit(n, 0).id));
        ids(store.page(of, before, limit).await.unwrap())
    };
    let odd = DepositsOf::Account(AccountId::from_u128(1));
    // Two of them are of the same millisecond.
    assert_eq!(
        listed(DepositsOf::Everybody, None, 10).await,
        [6, 5, 4, 3, 2, 1]
    );
    assert_eq!(listed(DepositsOf::Everybody, Some(3), 1).await, [2]);
    assert_eq!(listed(odd, None, 10).await, [5, 3, 1]);
    assert_eq!(listed(odd, Some(5), 1).await, [3]);
    let due = DepositsOf::Phase(DepositPhase::Due);
    assert_eq!(listed(due, None, 10).await, [6, 3]);
    assert_eq!(listed(due, Some(6), 10).await, [3]);

    let within = async |after: (u64, u128), upto, limit| {
        let after = (after.0, DepositId::from_u128(after.1));
        ids(store
            .deposits_in_blocks(254, after, upto, limit)
            .await
            .unwrap())
    };
    // Blocks go the other way, two deposits in each.
    assert_eq!(within((0, 0), u64::MAX / 2, 10).await, [4, 5, 2, 3, 1]);
    assert_eq!(within((98, 4), 99, 10).await, [5, 2, 3]);
    assert_eq!(within((98, u128::MAX), 100, 1).await, [2]);
    assert_eq!(within((100, u128::MAX), 200, 10).await, []);
}

pub(super) async fn a_chain_is_read_by_one_at_a_time(store: &dyn Deposits) {
    assert_eq!(store.watched_chain(254).await.unwrap(), None);
    for _ in 0..2 {
        store.put_watched_chain(&chain(254, 1)).await.unwrap();
    }
    store.put_watched_chain(&chain(1, 1)).await.unwrap();
    store.put_watched_chain(&chain(254, 2)).await.unwrap();
    for revision in [1, 2, 4] {
        let mut other = chain(254, revision);
        other.body.push(' ');
        let refused = store.put_watched_chain(&other).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "{refused:?}"
        );
    }
    let found = store.watched_chain(254).await.unwrap();
    assert_eq!(found, Some(chain(254, 2)));
    assert_eq!(store.watched_chain(1).await.unwrap(), Some(chain(1, 1)));
}

pub(super) async fn fill(empty: &dyn Deposits) {
    empty.put_deposit(&deposit(1, 1)).await.unwrap();
    empty.put_watched_chain(&chain(254, 1)).await.unwrap();
}

pub(super) async fn reopened(filled: &dyn Deposits) {
    let found = filled.deposit(deposit(1, 1).id).await.unwrap();
    assert_eq!(found, Some(deposit(1, 1)));
    let found = filled.watched_chain(254).await.unwrap();
    assert_eq!(found, Some(chain(254, 1)));
}

fn deposit(n: u8, account: u8) -> DepositRecord {
    let phases = [DepositPhase::Due, DepositPhase::Seen, DepositPhase::Done];
    DepositRecord {
        id: DepositId::from_u128(u128::from(n)),
        revision: 1,
        chain: 254,
        block: u64::from(100 - n / 2),
        account: Some(AccountId::from_u128(u128::from(account))),
        created: at(u64::from(n / 2)),
        phase: phases[usize::from(n % 3)],
        body: format!("{{\"amount\":\"20.00\",\"note\":\"{n} \u{1F9A2}\"}}"),
    }
}

fn revised(record: &DepositRecord, revision: u64) -> DepositRecord {
    DepositRecord {
        revision,
        body: format!("{{\"revision\":{revision}}}"),
        ..record.clone()
    }
}

fn chain(chain: u64, revision: u64) -> WatchedChain {
    WatchedChain {
        chain,
        revision,
        body: format!("{{\"revision\":{revision}}}"),
    }
}
