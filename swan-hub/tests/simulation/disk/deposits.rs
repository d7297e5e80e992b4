use async_trait::async_trait;
use swan_core::{DepositId, Timestamp};
use swan_hub::store::{DepositRecord, Deposits, DepositsOf, StoreError, WatchedChain};

use super::store::{SimStore, behind_the_weather};

behind_the_weather! {
    impl Deposits;
    read {
        fn deposit(id: DepositId) -> Option<DepositRecord>;
        fn page(of: DepositsOf, before: Option<(Timestamp, DepositId)>, limit: u32) -> Vec<DepositRecord>;
        fn deposits_in_blocks(chain: u64, after: (u64, DepositId), upto: u64, limit: u32) -> Vec<DepositRecord>;
        fn watched_chain(chain: u64) -> Option<WatchedChain>;
    }
    write {
        fn put_deposit(record: &DepositRecord) -> ();
        fn put_watched_chain(record: &WatchedChain) -> ();
    }
    own {}
}
