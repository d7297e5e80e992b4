use async_trait::async_trait;
use swan_core::{AccountId, Timestamp, TopupId};
use swan_hub::store::{StoreError, TopupRecord, Topups};

use super::store::{SimStore, behind_the_weather};

behind_the_weather! {
    impl Topups;
    read {
        fn topup(id: TopupId) -> Option<TopupRecord>;
        fn page(account: Option<AccountId>, before: Option<(Timestamp, TopupId)>, limit: u32) -> Vec<TopupRecord>;
        fn due_topups(upto: Timestamp, limit: u32) -> Vec<TopupRecord>;
    }
    write {
        fn put_topup(record: &TopupRecord) -> ();
    }
    own {}
}
