//! The store on a database server: PostgreSQL, in the schema `swan` of one database.

mod deposits;
mod directory;
mod documents;
#[cfg(feature = "sqlite")]
mod dump;
mod failures;
mod generations;
mod idempotency;
mod inbox;
mod journal;
mod lease;
mod link;
mod low;
mod node;
mod place;
mod rows;
mod schema;
mod snapshots;
#[cfg(feature = "sqlite")]
mod tables;
mod till;
mod tls;
mod topups;
mod users;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use swan_core::ledger::AccountKey;
use swan_core::{AccountId, Amount, KeyId, ProviderId, RequestId, Timestamp};

use self::lease::Current;
use self::link::{Link, Target};
use self::node::{Node, NodePool};
use super::{
    AccountRecord, Command, Deposits, Documents, Durability, GenerationChunk, IdempotencyRecord,
    JournalRecord, KeyHash, KeyRecord, Lease, Pool, ProviderRecord, SnapshotRecord, Store,
    StoreError, StoredCommand, Topups, Users,
};
use crate::admission::KeyLimits;

pub use place::PostgresPlace;

/// How a database is used.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// When a write to the journal has answered; relaxed ones do not wait for the server's disk (`synchronous_commit = off`).
    pub durability: Durability,
    /// How long a connection may take to be made. 5 s.
    pub connect_wait: Duration,
    /// How long an answer may take, on the server too. 15 s.
    pub answer_wait: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            connect_wait: Duration::from_secs(5),
            answer_wait: Duration::from_secs(15),
        }
    }
}

impl PostgresOptions {
    /// The same, with another durability.
    #[must_use]
    pub const fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The same, with another wait for connections.
    #[must_use]
    pub const fn with_connect_wait(mut self, wait: Duration) -> Self {
        self.connect_wait = wait;
        self
    }

    /// The same, with another wait for answers.
    #[must_use]
    pub const fn with_answer_wait(mut self, wait: Duration) -> Self {
        self.answer_wait = wait;
        self
    }
}

/// A store in a PostgreSQL database. Clones share its connections: one each for the journal, other writes and reads, and
/// one that holds the lease.
///
/// Lost connections are made again. Several processes may use the database; the lease, an advisory lock, says which one
/// keeps the books. The connections must be sessions of the server, not those of a pooler that shares them.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    target: Arc<Target>,
    journal: Arc<Link>,
    writer: Arc<Link>,
    reader: Arc<Link>,
    current: Current,
    /// For the funds of nodes, and for saying that one lives, which must not wait behind anything else.
    pool: Arc<Link>,
    beat: Arc<Link>,
    /// Which of several hubs this is.
    node: Option<Arc<Node>>,
}

impl PostgresStore {
    /// Connects, and makes or brings up to date the tables.
    ///
    /// # Errors
    /// [`StoreError::Open`] and [`StoreError::NewerSchema`] when the database cannot be used as it is,
    /// [`StoreError::Unavailable`] when the server cannot be reached or does not answer.
    pub async fn open(place: &PostgresPlace, options: PostgresOptions) -> Result<Self, StoreError> {
        let (config, tls) = place.resolve()?;
        let target = Arc::new(Target {
            config,
            tls,
            place: place.to_string(),
            options,
        });
        let (mut client, _task) = target.connect().await?;
        schema::prepare(&target, &mut client).await?;
        let link = |durability| Arc::new(Link::new(Arc::clone(&target), durability));
        Ok(Self {
            journal: link(options.durability),
            writer: link(Durability::Strict),
            reader: link(Durability::Strict),
            current: Current::default(),
            pool: link(Durability::Strict),
            beat: link(Durability::Strict),
            node: None,
            target,
        })
    }

    /// The same database as one of several hubs sees it, which share its funds: the node of this name, whose place others take
    /// when it has said nothing for `ttl`. The store has its journal; [`PostgresStore::shared_funds`] is what it draws on.
    #[must_use]
    pub fn as_node(mut self, name: &str, ttl: Duration) -> Self {
        self.node = Some(Arc::new(Node::new(name.to_owned(), ttl)));
        self
    }

    /// The funds that nodes share, where this is one of them.
    #[must_use]
    pub fn shared_funds(&self) -> Option<Arc<dyn Pool>> {
        let node = self.node.clone()?;
        let store = self.clone();
        Some(Arc::new(NodePool { store, node }))
    }

    /// The names of all nodes that ever shared this database; none of one that a hub without a node's name keeps.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn nodes(&self) -> Result<Vec<String>, StoreError> {
        node::names(&self.reader).await
    }

    /// Of each account what is free, what all nodes have drawn, and what was granted: the last is the sum of the others.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn shared_accounts(&self) -> Result<Vec<(AccountKey, [Amount; 3])>, StoreError> {
        node::accounts(&self.reader).await
    }

    /// The same database with the journal of the till, in which nodes book what one of them cannot book by itself; `None` where there
    /// are no nodes.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn till(&self) -> Result<Option<Self>, StoreError> {
        let any = node::are_any(&self.reader).await?;
        Ok(any.then(|| self.clone().as_node(till::TILL, node::READER)))
    }

    /// What each node has told to have earned, for which provider.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn earned_at_nodes(&self) -> Result<Vec<(String, AccountKey, Amount)>, StoreError> {
        till::all(&self.reader).await
    }

    fn node_name(&self) -> &str {
        journal::name(self.node.as_deref())
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn users(&self) -> &dyn Users {
        self
    }

    fn documents(&self) -> &dyn Documents {
        self
    }

    fn topups(&self) -> &dyn Topups {
        self
    }

    fn deposits(&self) -> &dyn Deposits {
        self
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        if let Some(node) = &self.node {
            let taken = node::take(&self.beat, node, &self.target.place).await;
            return taken.map(Lease::new);
        }
        let taken = lease::take(Arc::clone(&self.target), Arc::clone(&self.current)).await?;
        if node::are_any(&self.pool).await? {
            return Err(StoreError::Leased {
                place: self.target.place.clone(),
            });
        }
        Ok(Lease::new(taken))
    }

    async fn append(&self, record: &JournalRecord) -> Result<(), StoreError> {
        if self.node.is_none() {
            lease::check(&self.current, &self.target.place)?;
        }
        journal::append(&self.journal, self.node.as_deref(), record).await
    }

    async fn read(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        journal::read(&self.reader, self.node_name(), seq, limit).await
    }

    async fn put_snapshot(&self, part: &SnapshotRecord, keep_from: u64) -> Result<(), StoreError> {
        snapshots::put(&self.writer, self.node_name(), part, keep_from).await
    }

    async fn snapshot(&self, upto: u64, part: u32) -> Result<Option<SnapshotRecord>, StoreError> {
        snapshots::newest(&self.reader, self.node_name(), upto, part).await
    }

    async fn put_key(&self, hash: &KeyHash, record: &KeyRecord) -> Result<(), StoreError> {
        directory::put_key(&self.writer, hash, record).await
    }

    async fn keys(&self) -> Result<Vec<(KeyHash, KeyRecord)>, StoreError> {
        directory::keys(&self.reader).await
    }

    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<bool, StoreError> {
        directory::revoke_key(&self.writer, id, at).await
    }

    async fn limit_key(&self, id: KeyId, limits: &KeyLimits) -> Result<bool, StoreError> {
        directory::limit_key(&self.writer, id, limits).await
    }

    async fn limit_account(&self, id: AccountId, limits: &KeyLimits) -> Result<bool, StoreError> {
        directory::limit_account(&self.writer, id, limits).await
    }

    async fn put_account(&self, record: &AccountRecord) -> Result<(), StoreError> {
        directory::put_account(&self.writer, record).await
    }

    async fn accounts(&self) -> Result<Vec<AccountRecord>, StoreError> {
        directory::accounts(&self.reader).await
    }

    async fn put_provider(&self, record: &ProviderRecord) -> Result<(), StoreError> {
        directory::put_provider(&self.writer, record).await
    }

    async fn providers(&self) -> Result<Vec<ProviderRecord>, StoreError> {
        directory::providers(&self.reader).await
    }

    async fn touch_provider(&self, id: ProviderId, at: Timestamp) -> Result<(), StoreError> {
        directory::touch_provider(&self.writer, id, at).await
    }

    async fn push_command(&self, command: &Command) -> Result<(), StoreError> {
        inbox::push(&self.writer, command).await
    }

    async fn pending_commands(&self, limit: u32) -> Result<Vec<Command>, StoreError> {
        inbox::pending(&self.reader, limit).await
    }

    async fn command(&self, id: u128) -> Result<Option<StoredCommand>, StoreError> {
        inbox::find(&self.reader, id).await
    }

    async fn answer_command(&self, id: u128, answer: &str) -> Result<(), StoreError> {
        inbox::answer(&self.writer, id, answer).await
    }

    async fn put_generations(&self, chunks: &[GenerationChunk]) -> Result<(), StoreError> {
        generations::put(&self.writer, chunks).await
    }

    async fn generations(
        &self,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError> {
        generations::page(&self.reader, from, to, limit).await
    }

    async fn generations_of(
        &self,
        account: AccountId,
        from: RequestId,
        to: RequestId,
        limit: u32,
    ) -> Result<Vec<GenerationChunk>, StoreError> {
        generations::of(&self.reader, account, (from, to), limit).await
    }

    async fn trim_generations(
        &self,
        before: RequestId,
        bytes: u64,
        limit: u32,
    ) -> Result<bool, StoreError> {
        generations::trim(&self.writer, before, bytes, limit).await
    }

    async fn idempotency(&self) -> Result<Vec<IdempotencyRecord>, StoreError> {
        idempotency::all(&self.reader, self.node_name()).await
    }

    async fn others(&self) -> Result<Vec<Arc<dyn Store>>, StoreError> {
        let mut names = self.nodes().await?;
        if !names.is_empty() {
            names.insert(0, till::TILL.to_owned());
        }
        names.retain(|name| name != self.node_name());
        let store = |name: String| self.clone().as_node(&name, node::READER);
        let others = names.into_iter().map(store);
        Ok(others
            .map(|other| Arc::new(other) as Arc<dyn Store>)
            .collect())
    }

    async fn shared_grants(&self) -> Result<Vec<(AccountKey, Amount)>, StoreError> {
        let accounts = self.shared_accounts().await?.into_iter();
        Ok(accounts.map(|(of, [.., granted])| (of, granted)).collect())
    }

    async fn idempotency_elsewhere(
        &self,
        key: &[u8; 32],
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        match &self.node {
            None => Ok(None),
            Some(node) => idempotency::elsewhere(&self.reader, &node.name, key).await,
        }
    }

    async fn change_idempotency(
        &self,
        put: &[IdempotencyRecord],
        forget: &[[u8; 32]],
    ) -> Result<(), StoreError> {
        idempotency::change(&self.writer, self.node_name(), put, forget).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        journal::changes(&self.reader).await
    }
}
