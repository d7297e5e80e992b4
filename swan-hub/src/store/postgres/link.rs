use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{self, Instant};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresOptions;
use super::failures::{failed, is_disconnected, unconnected};
use crate::store::{Durability, StoreError};

/// What a statement is given.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_LAST: Duration = Duration::from_secs(1);

/// Where connections go, and how they are used.
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
    /// For people; without a password.
    pub(super) place: String,
    pub(super) options: PostgresOptions,
}

/// A connection with its prepared statements. Statements that are sent at once are answered one after the other.
pub(super) struct Session {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Target {
    /// Connects. The task ends with the connection.
    pub(super) async fn connect(&self) -> Result<(Client, JoinHandle<()>), StoreError> {
        let connecting = async {
            let (client, connection) = self
                .config
                .connect(self.tls.clone())
                .await
                .map_err(|error| unconnected(&self.place, error))?;
            // Whoever waits for an answer is told why there is none; notices are for nobody.
            let task = tokio::spawn(async move {
                let _ = connection.await;
            });
            Ok((client, task))
        };
        let late = |_| {
            let what = format!("{} did not answer in time", self.place);
            Err(StoreError::unavailable(what))
        };
        let wait = self.options.connect_wait;
        time::timeout(wait, connecting).await.unwrap_or_else(late)
    }

    /// Connects and gets ready to work with the tables.
    pub(super) async fn session(
        &self,
        durability: Durability,
    ) -> Result<(Session, JoinHandle<()>), StoreError> {
        let (client, task) = self.connect().await?;
        let wait = self.options.answer_wait.as_millis();
        // Whatever the server's administrator has set beyond "off" holds at least as much as asked for.
        let commit = match durability {
            Durability::Relaxed => "SET synchronous_commit = off",
            Durability::Strict => {
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
            }
        };
        let setup = format!(
            "SET search_path TO swan; SET statement_timeout = {wait}; SET lock_timeout = {wait};
            SET default_transaction_isolation = 'read committed'; {commit}"
        );
        let ready = time::timeout(self.options.connect_wait, client.batch_execute(&setup));
        match ready.await {
            Ok(Ok(())) => Ok((Session::new(client), task)),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(slow()),
        }
    }
}

impl Session {
    fn new(client: Client) -> Self {
        Self {
            client,
            statements: Mutex::default(),
        }
    }

    pub(super) async fn query(
        &self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, Error> {
        let known = self.statements.lock().get(sql).cloned();
        let statement = match known {
            Some(statement) => statement,
            None => {
                let statement = self.client.prepare(sql).await?;
                self.statements.lock().insert(sql, statement.clone());
                statement
            }
        };
        self.client.query(&statement, params).await
    }
}

/// A connection that is made again when it is lost.
pub(super) struct Link {
    target: Arc<Target>,
    durability: Durability,
    slot: tokio::sync::Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    session: Option<Arc<Session>>,
    /// After how long, and when, the server is asked again that could not be reached.
    pause: Option<(Duration, Instant)>,
}

/// Why a statement was not answered.
enum Unanswered {
    /// With the connection.
    Lost(Error),
    Failed(StoreError),
}

impl Link {
    pub(super) fn new(target: Arc<Target>, durability: Durability) -> Self {
        Self {
            target,
            durability,
            slot: tokio::sync::Mutex::default(),
        }
    }

    /// Runs one statement, which is one transaction. One that went down with its connection is repeated once on a new one:
    /// every call of a store may be repeated.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut repeated = false;
        loop {
            let session = self.session().await?;
            match self.ask(&session, sql, params).await {
                Ok(rows) => return Ok(rows),
                Err(Unanswered::Failed(error)) => return Err(error),
                Err(Unanswered::Lost(error)) if repeated => return Err(failed(error)),
                Err(Unanswered::Lost(_)) => repeated = true,
            }
        }
    }

    async fn ask(
        &self,
        session: &Arc<Session>,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, Unanswered> {
        let wait = self.target.options.answer_wait;
        match time::timeout(wait, session.query(sql, params)).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) if is_disconnected(&error) => {
                self.discard(session).await;
                Err(Unanswered::Lost(error))
            }
            Ok(Err(error)) => Err(Unanswered::Failed(failed(error))),
            Err(_) => {
                // The network may have lost it without a word.
                self.discard(session).await;
                Err(Unanswered::Failed(slow()))
            }
        }
    }

    /// The connection, made anew where there is none. A server that cannot be reached is left alone for a while.
    async fn session(&self) -> Result<Arc<Session>, StoreError> {
        let mut slot = self.slot.lock().await;
        if let Some(session) = &slot.session
            && !session.client.is_closed()
        {
            return Ok(Arc::clone(session));
        }
        slot.session = None;
        if let Some((_, until)) = slot.pause
            && Instant::now() < until
        {
            let what = format!("{} cannot be reached", self.target.place);
            return Err(StoreError::unavailable(what));
        }
        match self.target.session(self.durability).await {
            Ok((session, _task)) => {
                let session = Arc::new(session);
                *slot = Slot {
                    session: Some(Arc::clone(&session)),
                    pause: None,
                };
                Ok(session)
            }
            Err(error) => {
                let last = slot.pause.map(|(pause, _)| pause);
                let pause = last.map_or(PAUSE_FIRST, |pause| (pause * 2).min(PAUSE_LAST));
                slot.pause = Some((pause, Instant::now() + pause));
                Err(passing(error))
            }
        }
    }

    async fn discard(&self, session: &Arc<Session>) {
        let mut slot = self.slot.lock().await;
        if slot
            .session
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, session))
        {
            slot.session = None;
        }
    }
}

/// A store that was opened once keeps trying, whatever the server says meanwhile.
fn passing(error: StoreError) -> StoreError {
    match error {
        StoreError::Open {
            place,
            what,
            source,
        } => StoreError::Unavailable {
            what: format!("{place}: {what}"),
            source,
        },
        other => other,
    }
}

fn slow() -> StoreError {
    StoreError::unavailable("the database did not answer in time")
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}
