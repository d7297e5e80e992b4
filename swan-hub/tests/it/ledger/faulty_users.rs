//! The users, documents and orders of a faulty store, which are always there.

use async_trait::async_trait;
use swan_core::{AccountId, DepositId, ProviderId, Timestamp, TopupId, UserId};
use swan_hub::store::{
    DepositRecord, Deposits, DepositsOf, DocumentKind, DocumentRecord, Documents, KeyHash,
    NewDocument, ProfileRecord, SessionRecord, StoreError, TopupRecord, Topups, UserRecord, Users,
    WatchedChain,
};

use super::faulty::FaultyStore;

#[async_trait]
impl Users for FaultyStore {
    async fn put_user(&self, record: &UserRecord) -> Result<(), StoreError> {
        self.inner.put_user(record).await
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.inner.user(id).await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<UserRecord>, StoreError> {
        self.inner.user_by_email(email).await
    }

    async fn user_by_provider(
        &self,
        provider: ProviderId,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.inner.user_by_provider(provider).await
    }

    async fn put_session(&self, token: &KeyHash, record: &SessionRecord) -> Result<(), StoreError> {
        self.inner.put_session(token, record).await
    }

    async fn session(&self, token: &KeyHash) -> Result<Option<SessionRecord>, StoreError> {
        self.inner.session(token).await
    }

    async fn end_session(&self, token: &KeyHash) -> Result<bool, StoreError> {
        self.inner.end_session(token).await
    }

    async fn end_sessions(&self, user: UserId) -> Result<(), StoreError> {
        self.inner.end_sessions(user).await
    }

    async fn put_profile(&self, record: &ProfileRecord) -> Result<(), StoreError> {
        self.inner.put_profile(record).await
    }

    async fn profile(&self, provider: ProviderId) -> Result<Option<ProfileRecord>, StoreError> {
        self.inner.profile(provider).await
    }
}

#[async_trait]
impl Documents for FaultyStore {
    async fn add_document(&self, new: &NewDocument) -> Result<DocumentRecord, StoreError> {
        self.inner.add_document(new).await
    }

    async fn change_document(
        &self,
        kind: DocumentKind,
        number: u64,
        body: &str,
    ) -> Result<bool, StoreError> {
        self.inner.change_document(kind, number, body).await
    }

    async fn document(
        &self,
        kind: DocumentKind,
        number: u64,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        self.inner.document(kind, number).await
    }

    async fn document_named(
        &self,
        kind: DocumentKind,
        name: &str,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        self.inner.document_named(kind, name).await
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        owner: Option<u128>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<DocumentRecord>, StoreError> {
        self.inner.documents(kind, owner, before, limit).await
    }
}

#[async_trait]
impl Topups for FaultyStore {
    async fn put_topup(&self, record: &TopupRecord) -> Result<(), StoreError> {
        self.inner.put_topup(record).await
    }

    async fn topup(&self, id: TopupId) -> Result<Option<TopupRecord>, StoreError> {
        self.inner.topup(id).await
    }

    async fn topups(
        &self,
        account: Option<AccountId>,
        before: Option<(Timestamp, TopupId)>,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        self.inner.topups(account, before, limit).await
    }

    async fn due_topups(
        &self,
        upto: Timestamp,
        limit: u32,
    ) -> Result<Vec<TopupRecord>, StoreError> {
        self.inner.due_topups(upto, limit).await
    }
}

#[async_trait]
impl Deposits for FaultyStore {
    async fn put_deposit(&self, record: &DepositRecord) -> Result<(), StoreError> {
        self.inner.put_deposit(record).await
    }

    async fn deposit(&self, id: DepositId) -> Result<Option<DepositRecord>, StoreError> {
        self.inner.deposit(id).await
    }

    async fn deposits(
        &self,
        of: DepositsOf,
        before: Option<(Timestamp, DepositId)>,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        self.inner.deposits(of, before, limit).await
    }

    async fn deposits_in_blocks(
        &self,
        chain: u64,
        after: (u64, DepositId),
        upto: u64,
        limit: u32,
    ) -> Result<Vec<DepositRecord>, StoreError> {
        self.inner
            .deposits_in_blocks(chain, after, upto, limit)
            .await
    }

    async fn put_watched_chain(&self, record: &WatchedChain) -> Result<(), StoreError> {
        self.inner.put_watched_chain(record).await
    }

    async fn watched_chain(&self, chain: u64) -> Result<Option<WatchedChain>, StoreError> {
        self.inner.watched_chain(chain).await
    }
}
