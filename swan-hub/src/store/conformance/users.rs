//! Users, their logins and the profiles of providers.

use swan_core::{AccountId, ProviderId, UserId};

use super::{at, hash};
use crate::store::{
    ProfileRecord, SESSIONS_PER_USER, SessionRecord, StoreError, UserRecord, Users,
};

pub(super) async fn users_are_found_by_id_and_address(store: &dyn Users) {
    assert_eq!(store.user(user(1).id).await.unwrap(), None);
    for n in [2, 1] {
        store.put_user(&user(n)).await.unwrap();
    }
    assert_eq!(store.user(user(1).id).await.unwrap(), Some(user(1)));
    let found = store.user_by_email("2@example.org").await.unwrap();
    assert_eq!(found, Some(user(2)));
    assert_eq!(store.user_by_email("2@EXAMPLE.org").await.unwrap(), None);
    assert_eq!(store.user_by_email("").await.unwrap(), None);
    let nobody = store.user_by_provider(ProviderId::from_u128(u128::MAX));
    assert_eq!(nobody.await.unwrap(), None);
    let changed = UserRecord {
        display_name: "new \u{1F9A2} name".into(),
        password: "another".into(),
        provider: Some(ProviderId::from_u128(u128::MAX)),
        ..user(1)
    };
    store.put_user(&changed).await.unwrap();
    store
        .put_user(&changed)
        .await
        .expect("a repeat is no error");
    let by_provider = store.user_by_provider(ProviderId::from_u128(u128::MAX));
    assert_eq!(by_provider.await.unwrap().as_ref(), Some(&changed));
    assert_eq!(store.user(user(1).id).await.unwrap(), Some(changed));
}

pub(super) async fn an_address_and_a_provider_belong_to_one_user(store: &dyn Users) {
    let provider = Some(ProviderId::from_u128(7));
    let first = UserRecord {
        provider,
        ..user(1)
    };
    store.put_user(&first).await.unwrap();
    let taken = |result: Result<(), StoreError>| {
        assert!(
            matches!(result, Err(StoreError::Conflict { .. })),
            "{result:?}"
        );
    };
    let email = user(1).email;
    taken(store.put_user(&UserRecord { email, ..user(2) }).await);
    taken(
        store
            .put_user(&UserRecord {
                provider,
                ..user(2)
            })
            .await,
    );
    assert_eq!(store.user(user(2).id).await.unwrap(), None);
    store.put_user(&user(2)).await.unwrap();
    store
        .put_user(&user(3))
        .await
        .expect("many have no provider");
}

pub(super) async fn logins_end_and_are_bounded(store: &dyn Users) {
    let first = session(1, 10, 100);
    store.put_session(&hash(1), &first).await.unwrap();
    store
        .put_session(&hash(1), &first)
        .await
        .expect("a repeat is no error");
    assert_eq!(store.session(&hash(1)).await.unwrap(), Some(first));
    assert_eq!(store.session(&hash(2)).await.unwrap(), None);
    store
        .put_session(&hash(2), &session(2, 99, 200))
        .await
        .unwrap();
    assert_eq!(store.session(&hash(1)).await.unwrap(), Some(first));
    store
        .put_session(&hash(3), &session(2, 100, 200))
        .await
        .unwrap();
    assert_eq!(store.session(&hash(1)).await.unwrap(), None, "it had ended");
    assert!(store.end_session(&hash(2)).await.unwrap());
    assert!(!store.end_session(&hash(2)).await.unwrap());
    assert_eq!(store.session(&hash(2)).await.unwrap(), None);
    for n in 0..SESSIONS_PER_USER {
        let token = hash(u8::try_from(n + 10).unwrap());
        let later = session(2, u64::from(n) + 101, 500);
        store.put_session(&token, &later).await.unwrap();
    }
    assert_eq!(store.session(&hash(3)).await.unwrap(), None, "the oldest");
    assert!(store.session(&hash(10)).await.unwrap().is_some());
    let other = session(3, 600, 900);
    store.put_session(&hash(4), &other).await.unwrap();
    let user = session(2, 1, 2).user;
    for _ in 0..2 {
        store.end_sessions(user).await.unwrap();
        assert_eq!(store.session(&hash(10)).await.unwrap(), None);
        assert_eq!(store.session(&hash(4)).await.unwrap(), Some(other));
    }
}

pub(super) async fn a_wallet_may_be_named_by_many(store: &dyn Users) {
    let id = profile(1).provider;
    assert_eq!(store.profile(id).await.unwrap(), None);
    store.put_profile(&profile(1)).await.unwrap();
    assert_eq!(store.profile(id).await.unwrap(), Some(profile(1)));
    let owner = profile(1).owner;
    let same = ProfileRecord {
        owner,
        ..profile(2)
    };
    store.put_profile(&same).await.unwrap();
    let second = store.profile(same.provider).await.unwrap();
    assert_eq!(second, Some(same));
    for n in [3, 4] {
        let nobody = ProfileRecord {
            owner: None,
            ..profile(n)
        };
        store.put_profile(&nobody).await.unwrap();
    }
    let changed = ProfileRecord {
        beneficiary: Some("0x1".into()),
        review_requested: Some(at(9)),
        ..profile(1)
    };
    store.put_profile(&changed).await.unwrap();
    assert_eq!(store.profile(id).await.unwrap(), Some(changed));
}

/// What outlives the process.
pub(super) async fn fill(empty: &dyn Users) {
    empty.put_user(&user(1)).await.unwrap();
    empty
        .put_session(&hash(1), &session(1, 5, 50))
        .await
        .unwrap();
    empty.put_profile(&profile(1)).await.unwrap();
}

pub(super) async fn reopened(filled: &dyn Users) {
    assert_eq!(filled.user(user(1).id).await.unwrap(), Some(user(1)));
    let login = filled.session(&hash(1)).await.unwrap();
    assert_eq!(login, Some(session(1, 5, 50)));
    let kept = filled.profile(profile(1).provider).await.unwrap();
    assert_eq!(kept, Some(profile(1)));
}

fn user(n: u8) -> UserRecord {
    UserRecord {
        id: UserId::from_u128(u128::from(n)),
        email: format!("{n}@example.org"),
        display_name: format!("user {n}"),
        password: "$argon2id$".into(),
        account: AccountId::from_u128(u128::from(n) + 100),
        provider: None,
        created: at(u64::from(n)),
    }
}

fn session(user: u8, created: u64, expires: u64) -> SessionRecord {
    SessionRecord {
        user: UserId::from_u128(u128::from(user)),
        created: at(created),
        expires: at(expires),
    }
}

fn profile(n: u8) -> ProfileRecord {
    ProfileRecord {
        provider: ProviderId::from_u128(u128::from(n)),
        owner: Some(format!("0xowner{n}")),
        worker: Some("0xworker".into()),
        beneficiary: None,
        description: "two cards".into(),
        contact: "a@example.org".into(),
        hardware: String::new(),
        review_requested: None,
    }
}
