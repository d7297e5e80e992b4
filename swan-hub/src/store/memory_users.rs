use std::collections::BTreeMap;

use async_trait::async_trait;
use swan_core::{ProviderId, UserId};

use super::users::{SESSIONS_PER_USER, email_taken};
use super::{KeyHash, MemoryStore, ProfileRecord, SessionRecord, StoreError, UserRecord, Users};

/// Users, logins and profiles in memory.
#[derive(Debug, Default)]
pub(super) struct Directory {
    users: BTreeMap<UserId, UserRecord>,
    sessions: BTreeMap<KeyHash, SessionRecord>,
    profiles: BTreeMap<ProviderId, ProfileRecord>,
}

#[async_trait]
impl Users for MemoryStore {
    async fn put_user(&self, record: &UserRecord) -> Result<(), StoreError> {
        let mut users = self.users.lock();
        let taken = users.users.values().any(|other| {
            other.id != record.id
                && (other.email == record.email
                    || other.provider.is_some() && other.provider == record.provider)
        });
        if taken {
            return Err(email_taken());
        }
        users.users.insert(record.id, record.clone());
        Ok(())
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        Ok(self.users.lock().users.get(&id).cloned())
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<UserRecord>, StoreError> {
        let users = self.users.lock();
        let mut all = users.users.values();
        Ok(all.find(|user| user.email == email).cloned())
    }

    async fn user_by_provider(
        &self,
        provider: ProviderId,
    ) -> Result<Option<UserRecord>, StoreError> {
        let users = self.users.lock();
        let mut all = users.users.values();
        Ok(all.find(|user| user.provider == Some(provider)).cloned())
    }

    async fn put_session(&self, token: &KeyHash, record: &SessionRecord) -> Result<(), StoreError> {
        let mut users = self.users.lock();
        users
            .sessions
            .retain(|_, session| session.expires > record.created);
        users.sessions.insert(*token, *record);
        let mut own: Vec<_> = users
            .sessions
            .iter()
            .filter(|(_, session)| session.user == record.user)
            .map(|(token, session)| (session.created, *token))
            .collect();
        own.sort_unstable();
        let kept = usize::try_from(SESSIONS_PER_USER).unwrap_or(usize::MAX);
        let beyond = own.len().saturating_sub(kept);
        for (_, token) in own.into_iter().take(beyond) {
            users.sessions.remove(&token);
        }
        Ok(())
    }

    async fn session(&self, token: &KeyHash) -> Result<Option<SessionRecord>, StoreError> {
        Ok(self.users.lock().sessions.get(token).copied())
    }

    async fn end_session(&self, token: &KeyHash) -> Result<bool, StoreError> {
        Ok(self.users.lock().sessions.remove(token).is_some())
    }

    async fn end_sessions(&self, user: UserId) -> Result<(), StoreError> {
        let mut users = self.users.lock();
        users.sessions.retain(|_, session| session.user != user);
        Ok(())
    }

    async fn put_profile(&self, record: &ProfileRecord) -> Result<(), StoreError> {
        let mut users = self.users.lock();
        users.profiles.insert(record.provider, record.clone());
        Ok(())
    }

    async fn profile(&self, provider: ProviderId) -> Result<Option<ProfileRecord>, StoreError> {
        Ok(self.users.lock().profiles.get(&provider).cloned())
    }
}
