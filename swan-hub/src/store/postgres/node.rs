//! One of several hubs on a database: its lease, and its view of the funds that they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use swan_core::ledger::{Account, AccountKey};
use swan_core::{AccountId, Amount};
use tokio::sync::oneshot;
use tokio::time;
use tokio_postgres::Row;

use super::PostgresStore;
use super::link::Link;
use super::rows::{blob, get, id};
use super::{journal, low, till};
use crate::store::{JournalRecord, Neighbour, Pool, PoolGrant, Reach, Store, StoreError};

/// Taken when nobody has it, or when whoever had it has not said for so long that it lives. By the clock of the database.
const TAKE: &str = "INSERT INTO nodes (id, epoch, until, cleared)
    SELECT $1::text, 1, clock_timestamp() + make_interval(secs => $2), false
        WHERE NOT EXISTS (SELECT FROM journal WHERE node = '')
    ON CONFLICT (id) DO UPDATE SET epoch = nodes.epoch + 1, cleared = false, until = excluded.until
        WHERE nodes.until < clock_timestamp() RETURNING epoch";
const BEAT: &str = "UPDATE nodes SET until = clock_timestamp() + make_interval(secs => $3)
    WHERE id = $1 AND epoch = $2 RETURNING true";
const GIVE_BACK: &str = "UPDATE nodes SET until = '-infinity' WHERE id = $1 AND epoch = $2";
/// With its epoch over, nothing that is still on its way to the database can change the slices of the node any more.
const CLEARED: &str = "UPDATE nodes SET cleared = true, epoch = epoch + 1, until = '-infinity'
    WHERE id = $1 AND epoch = $2 RETURNING true";
const DEAD: &str =
    "SELECT id FROM nodes WHERE until < clock_timestamp() AND NOT cleared AND id <> $1 ORDER BY id";
const IS_OURS: &str = "SELECT FROM nodes WHERE id = $1 AND epoch = $2";
const ANY: &str = "SELECT FROM nodes LIMIT 1";
const ALONE: &str = "SELECT FROM journal WHERE node = '' LIMIT 1";

// Amounts are NUMERIC in the database, and text on the way.
const REACH: &str = "SELECT reach($1, $2, $3, $4, $5, $6::text::numeric, $7::text::numeric, $8::text::numeric, $9::text::numeric)::text";
const SLICES: &str =
    "SELECT account, currency, amount::text, spent::text FROM slices WHERE node = $1";
const BALANCE: &str = "SELECT (free + coalesce(sum(amount - spent), 0))::text, coalesce(sum(spent), 0)::text
    FROM funds LEFT JOIN slices USING (account, currency) WHERE account = $1 AND currency = $2 GROUP BY free";
const NODES: &str = "SELECT id FROM nodes ORDER BY id";
/// One statement, so that all of it is of one moment.
const ACCOUNTS: &str = "SELECT account, currency, free::text,
    coalesce((SELECT sum(amount) FROM slices WHERE slices.account = funds.account AND slices.currency = funds.currency), 0)::text,
    coalesce((SELECT sum(amount) FROM grants WHERE grants.account = funds.account AND grants.currency = funds.currency), 0)::text
    FROM funds ORDER BY account, currency";
const GRANT: &str = "WITH given AS (
        INSERT INTO grants (id, account, currency, amount, note) VALUES ($1, $2, $3, $4::text::numeric, $5)
        ON CONFLICT (id) DO NOTHING RETURNING account, currency, amount)
    INSERT INTO funds (account, currency, free) SELECT account, currency, amount FROM given
    ON CONFLICT (account, currency) DO UPDATE SET free = funds.free + excluded.free RETURNING true";
const GIVEN: &str = "SELECT FROM grants WHERE id = $1 AND account = $2 AND currency = $3 AND amount = $4::text::numeric";

/// For the store of a node that is only read: it takes no lease.
pub(super) const READER: Duration = Duration::from_secs(10);

/// Which node this is, and under which fencing token it writes.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    /// How long it may say nothing before others take its place.
    ttl: Duration,
    epoch: AtomicI64,
    /// Counts what is asked of the shared funds.
    asked: AtomicI64,
}

/// Room for so many questions of one epoch.
const QUESTIONS: u32 = 40;

impl Node {
    pub(super) const fn new(name: String, ttl: Duration) -> Self {
        Self {
            name,
            ttl,
            epoch: AtomicI64::new(0),
            asked: AtomicI64::new(0),
        }
    }

    /// Larger than every number before: what was asked earlier, and comes to the database later because its connection was given
    /// up, must not undo what was asked since.
    fn question(&self) -> i64 {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        self.epoch().wrapping_shl(QUESTIONS).wrapping_add(number)
    }

    /// The fencing token; 0 before the lease was taken, which no row has.
    pub(super) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::Acquire)
    }
}

/// Gives the node's lease back when it is dropped.
pub(super) struct Guard {
    _stop: oneshot::Sender<()>,
}

/// Takes the lease of a node, and says from then on that it lives.
pub(super) async fn take(
    link: &Arc<Link>,
    node: &Arc<Node>,
    place: &str,
) -> Result<Guard, StoreError> {
    let secs = node.ttl.as_secs_f64();
    let taken = link.query(TAKE, &[&node.name, &secs]).await?;
    let Some(row) = taken.first() else {
        let place = match link.query(ALONE, &[]).await?.is_empty() {
            true => format!("node {} of {place}", node.name),
            false => format!("{place}, which one hub without a node's name keeps,"),
        };
        return Err(StoreError::Leased { place });
    };
    let epoch = get(row, 0)?;
    node.epoch.store(epoch, Ordering::Release);
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(keep(Arc::clone(link), Arc::clone(node), epoch, stopped));
    Ok(Guard { _stop: stop })
}

/// Says that the node lives, until it is given back or taken by another.
async fn keep(link: Arc<Link>, node: Arc<Node>, epoch: i64, mut stopped: oneshot::Receiver<()>) {
    let mut every = time::interval(node.ttl / 4);
    every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    let secs = node.ttl.as_secs_f64();
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => {
                let _ = link.query(GIVE_BACK, &[&node.name, &epoch]).await;
                return;
            }
            _ = every.tick() => {}
        }
        match link.query(BEAT, &[&node.name, &epoch, &secs]).await {
            Ok(rows) if rows.is_empty() => {
                tracing::error!(
                    node = node.name,
                    "another has taken the place of this node; it writes nothing more"
                );
                return;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, node = node.name, "this node cannot say that it lives");
            }
        }
    }
}

/// Whether the node still has its lease.
pub(super) async fn is_ours(link: &Link, node: &Node) -> Result<bool, StoreError> {
    let rows = link.query(IS_OURS, &[&node.name, &node.epoch()]).await?;
    Ok(!rows.is_empty())
}

/// Whether the database is kept by nodes.
pub(super) async fn are_any(link: &Link) -> Result<bool, StoreError> {
    Ok(!link.query(ANY, &[]).await?.is_empty())
}

pub(super) fn fenced(node: &Node, place: &str) -> StoreError {
    StoreError::Leased {
        place: format!("node {} of {place}", node.name),
    }
}

/// The funds that several nodes share, as one of them sees them.
#[derive(Clone, Debug)]
pub(super) struct NodePool {
    pub(super) store: PostgresStore,
    pub(super) node: Arc<Node>,
}

impl NodePool {
    fn fenced(&self) -> StoreError {
        fenced(&self.node, &self.store.target.place)
    }
}

#[async_trait]
impl Pool for NodePool {
    async fn reach(&self, of: AccountKey, reach: Reach) -> Result<Amount, StoreError> {
        let account = owner(&of)?;
        let Reach {
            least,
            spent,
            need,
            want,
        } = reach;
        let [least, spent, need, want] =
            [least, spent, need, want].map(|amount| amount.pico().to_string());
        let (name, epoch, code) = (&self.node.name, self.node.epoch(), of.currency.code());
        let (account, question) = (&account[..], self.node.question());
        let rows = self
            .store
            .pool
            .query(
                REACH,
                &[
                    name, &epoch, &question, &account, &code, &least, &spent, &need, &want,
                ],
            )
            .await?;
        let reached: Option<&str> = rows.first().map(|row| get(row, 0)).transpose()?.flatten();
        amount(reached.ok_or_else(|| self.fenced())?)
    }

    async fn slices(&self) -> Result<Vec<(AccountKey, [Amount; 2])>, StoreError> {
        let rows = self.store.pool.query(SLICES, &[&self.node.name]).await?;
        let of = |row: &Row| {
            let (of, drawn) = slice(row)?;
            Ok((of, [drawn, amount(get(row, 3)?)?]))
        };
        rows.iter().map(of).collect()
    }

    async fn grant(&self, grant: &PoolGrant) -> Result<bool, StoreError> {
        let (id, account) = (blob(grant.id.as_u128()), blob(grant.account.as_u128()));
        let (id, account) = (&id[..], &account[..]);
        let (code, amount) = (grant.currency.code(), grant.amount.pico().to_string());
        let link = &self.store.pool;
        let given = link
            .query(GRANT, &[&id, &account, &code, &amount, &grant.note])
            .await?;
        if !given.is_empty() {
            return Ok(true);
        }
        let same = link.query(GIVEN, &[&id, &account, &code, &amount]).await?;
        match same.is_empty() {
            false => Ok(false),
            true => Err(StoreError::Conflict {
                what: "the id of this grant was used for another".into(),
            }),
        }
    }

    async fn balance(&self, of: AccountKey) -> Result<[Amount; 2], StoreError> {
        let account = owner(&of)?;
        let params: super::link::Params<'_> = &[&&account[..], &of.currency.code()];
        let rows = self.store.pool.query(BALANCE, params).await?;
        let both = |row: &Row| Ok([amount(get(row, 0)?)?, amount(get(row, 1)?)?]);
        Ok(rows.first().map(both).transpose()?.unwrap_or_default())
    }

    async fn tell_earned(&self, earned: &[(AccountKey, Amount)]) -> Result<(), StoreError> {
        till::tell(&self.store.pool, &self.node.name, earned).await
    }

    async fn earned(&self, of: AccountKey) -> Result<[Amount; 2], StoreError> {
        till::earned(&self.store.pool, &self.node.name, of).await
    }

    async fn free(&self, of: AccountKey) -> Result<Amount, StoreError> {
        till::free(&self.store.pool, of).await
    }

    async fn fallen_below(
        &self,
        thresholds: &[(AccountKey, Amount)],
    ) -> Result<Vec<(AccountKey, Amount)>, StoreError> {
        low::fallen_below(&self.store.pool, thresholds).await
    }

    async fn read_till(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        journal::read(&self.store.reader, till::TILL, seq, limit).await
    }

    async fn book(
        &self,
        record: &JournalRecord,
        credit: Option<&PoolGrant>,
    ) -> Result<bool, StoreError> {
        till::book(&self.store.pool, record, credit).await
    }

    async fn dead(&self) -> Result<Vec<Neighbour>, StoreError> {
        let rows = self.store.pool.query(DEAD, &[&self.node.name]).await?;
        let names = rows.iter().map(|row| get::<String>(row, 0));
        names
            .map(|name| {
                let name = name?;
                let other = self.store.clone().as_node(&name, self.node.ttl);
                let pool = other.shared_funds().ok_or_else(|| self.fenced())?;
                Ok(Neighbour::new(
                    name,
                    Arc::new(other) as Arc<dyn Store>,
                    pool,
                ))
            })
            .collect()
    }

    async fn cleared(&self) -> Result<(), StoreError> {
        let params: super::link::Params<'_> = &[&self.node.name, &self.node.epoch()];
        match self.store.pool.query(CLEARED, params).await?.is_empty() {
            false => Ok(()),
            true => Err(self.fenced()),
        }
    }
}

/// Only funds of consumers are shared.
pub(super) fn owner(of: &AccountKey) -> Result<[u8; 16], StoreError> {
    match of.account {
        Account::Consumer(account) => Ok(blob(account.as_u128())),
        other => Err(StoreError::Conflict {
            what: format!("{other} is not shared between nodes"),
        }),
    }
}

pub(super) fn slice(row: &Row) -> Result<(AccountKey, Amount), StoreError> {
    let account = Account::Consumer(AccountId::from_u128(id(row, 0)?));
    let code: &str = get(row, 1)?;
    let unknown = |_| StoreError::corrupt(format!("a slice is in {code}, which is no currency"));
    let currency = code.parse().map_err(unknown)?;
    Ok((account.in_currency(currency), amount(get(row, 2)?)?))
}

pub(super) fn amount(pico: &str) -> Result<Amount, StoreError> {
    let parsed = pico
        .parse()
        .ok()
        .and_then(|pico| Amount::from_pico(pico).ok());
    parsed.ok_or_else(|| StoreError::corrupt(format!("{pico} is no amount of money")))
}

/// The names of all nodes that ever were.
pub(super) async fn names(link: &Link) -> Result<Vec<String>, StoreError> {
    let rows = link.query(NODES, &[]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// Of each account what is free, what all nodes have, and what was granted.
pub(super) async fn accounts(link: &Link) -> Result<Vec<(AccountKey, [Amount; 3])>, StoreError> {
    let rows = link.query(ACCOUNTS, &[]).await?;
    let of = |row: &Row| {
        let (of, free) = slice(row)?;
        Ok((of, [free, amount(get(row, 3)?)?, amount(get(row, 4)?)?]))
    };
    rows.iter().map(of).collect()
}
