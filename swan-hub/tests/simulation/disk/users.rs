use async_trait::async_trait;
use swan_core::{ProviderId, UserId};
use swan_hub::store::{KeyHash, ProfileRecord, SessionRecord, StoreError, UserRecord, Users};

use super::store::{SimStore, behind_the_weather};

behind_the_weather! {
    impl Users;
    read {
        fn user(id: UserId) -> Option<UserRecord>;
        fn user_by_email(email: &str) -> Option<UserRecord>;
        fn user_by_provider(provider: ProviderId) -> Option<UserRecord>;
        fn session(token: &KeyHash) -> Option<SessionRecord>;
        fn profile(provider: ProviderId) -> Option<ProfileRecord>;
    }
    write {
        fn put_user(record: &UserRecord) -> ();
        fn put_session(token: &KeyHash, record: &SessionRecord) -> ();
        fn end_session(token: &KeyHash) -> bool;
        fn end_sessions(user: UserId) -> ();
        fn put_profile(record: &ProfileRecord) -> ();
    }
    own {}
}
