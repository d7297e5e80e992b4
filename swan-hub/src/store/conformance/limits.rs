//! Limits of keys and accounts.

use swan_core::{AccountId, KeyId};

use super::{account, at, hash, key};
use crate::admission::{EndpointScope, KeyLimits, SpendPeriod};
use crate::store::{KeyKind, Store};

pub(super) async fn limits_change_alone(store: &dyn Store) {
    store
        .put_key(&hash(1), &key(1, KeyKind::Admin))
        .await
        .unwrap();
    store.put_account(&account(1)).await.unwrap();
    let (id, owner) = (KeyId::from_u128(1), AccountId::from_u128(1));
    let (before, set) = (store.version().await.unwrap(), limits(7));
    store.revoke_key(id, at(5)).await.unwrap();
    assert!(store.limit_key(id, &set).await.unwrap());
    assert!(store.limit_account(owner, &set).await.unwrap());
    assert_ne!(store.version().await.unwrap(), before);
    let (_, kept) = store.keys().await.unwrap().remove(0);
    assert_eq!(kept.limits, set);
    assert_eq!(
        kept.revoked,
        Some(at(5)),
        "a change of limits revives no key"
    );
    assert_eq!(store.accounts().await.unwrap()[0].limits, set);
    assert!(!store.limit_key(KeyId::from_u128(9), &set).await.unwrap());
    let nobody = AccountId::from_u128(9);
    assert!(!store.limit_account(nobody, &set).await.unwrap());
}

/// The first have none; each kind of limit comes back as it was written.
pub(super) fn limits(n: u8) -> KeyLimits {
    if n < 2 {
        return KeyLimits::default();
    }
    KeyLimits {
        rpm: Some(u64::from(n)),
        tpm: Some(1_000_000),
        concurrency: Some(3),
        models: vec!["Qwen/*".parse().unwrap(), "a/b".parse().unwrap()],
        endpoints: vec![EndpointScope::Chat, EndpointScope::Embeddings],
        spend_cap: Some("12.000000000001".parse().unwrap()),
        low_balance: Some("3.5".parse().unwrap()),
        low_balance_swan: Some("0.000000000001".parse().unwrap()),
        spend_per: Some(SpendPeriod::Month),
        allow_ip: vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ],
        expires: Some(at(9_000)),
        free: true,
    }
}
