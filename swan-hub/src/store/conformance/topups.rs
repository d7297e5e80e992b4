//! Orders to pay something in.

use swan_core::{AccountId, TopupId};

use super::at;
use crate::store::{StoreError, TopupRecord, Topups};

pub(super) async fn an_order_is_replaced_by_its_next_revision_only(store: &dyn Topups) {
    let id = topup(1, 1).id;
    assert_eq!(store.topup(id).await.unwrap(), None);
    let conflict = async |record: &TopupRecord| {
        let refused = store.put_topup(record).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "{refused:?}"
        );
    };
    conflict(&revised(&topup(1, 1), 2)).await;
    store.put_topup(&topup(1, 1)).await.unwrap();
    store
        .put_topup(&topup(1, 1))
        .await
        .expect("a repeat is no error");
    let mut other = topup(1, 1);
    other.body.push(' ');
    conflict(&other).await;
    conflict(&revised(&topup(1, 1), 3)).await;
    let second = revised(&topup(1, 1), 2);
    for _ in 0..2 {
        store.put_topup(&second).await.unwrap();
        assert_eq!(store.topup(id).await.unwrap(), Some(second.clone()));
    }
    conflict(&topup(1, 1)).await;
    assert_eq!(store.topup(topup(2, 1).id).await.unwrap(), None);
}

pub(super) async fn orders_are_listed_by_account_and_by_when_they_are_due(store: &dyn Topups) {
    for n in [3, 1, 5, 2, 4] {
        store.put_topup(&topup(n, n % 2)).await.unwrap();
    }
    let ids = |found: Vec<TopupRecord>| -> Vec<u128> {
        found.iter().map(|record| record.id.as_u128()).collect()
    };
    let odd = Some(AccountId::from_u128(1));
    let listed = async |account, before: Option<u8>, limit| {
        let before = before.map(|n| (topup(n, 0).created, topup(n, 0).id));
        ids(store.page(account, before, limit).await.unwrap())
    };
    // Two of them are of the same millisecond.
    assert_eq!(listed(None, None, 10).await, [5, 4, 3, 2, 1]);
    assert_eq!(listed(None, Some(3), 1).await, [2]);
    assert_eq!(listed(odd, None, 10).await, [5, 3, 1]);
    assert_eq!(listed(odd, Some(5), 1).await, [3]);
    assert_eq!(listed(Some(AccountId::from_u128(9)), None, 10).await, []);

    let due = async |upto, limit| ids(store.due_topups(at(upto), limit).await.unwrap());
    assert_eq!(due(99, 10).await, []);
    assert_eq!(due(104, 10).await, [5, 3], "the longest due first");
    assert_eq!(due(1_000, 2).await, [5, 3]);
    let over = TopupRecord {
        due: None,
        ..revised(&topup(5, 1), 2)
    };
    store.put_topup(&over).await.unwrap();
    assert_eq!(due(1_000, 10).await, [3, 1]);
}

pub(super) async fn fill(empty: &dyn Topups) {
    empty.put_topup(&topup(1, 1)).await.unwrap();
}

pub(super) async fn reopened(filled: &dyn Topups) {
    let found = filled.topup(topup(1, 1).id).await.unwrap();
    assert_eq!(found, Some(topup(1, 1)));
}

fn topup(n: u8, account: u8) -> TopupRecord {
    TopupRecord {
        id: TopupId::from_u128(u128::from(n)),
        revision: 1,
        account: AccountId::from_u128(u128::from(account)),
        created: at(u64::from(n / 2)),
        due: (n % 2 == 1).then(|| at(107 - u64::from(n))),
        body: format!("{{\"amount\":\"20.00\",\"note\":\"{n} \u{1F9A2}\"}}"),
    }
}

fn revised(record: &TopupRecord, revision: u64) -> TopupRecord {
    TopupRecord {
        revision,
        body: format!("{{\"revision\":{revision}}}"),
        ..record.clone()
    }
}
