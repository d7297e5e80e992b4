//! The same naive version over PostgreSQL: balances in tables, and one transaction for each step, on as many connections as a
//! pool has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls, Statement};

use super::paid::Paid;
use super::{GROSS, float};
use crate::Failure;
use crate::samples::Samples;

const SCHEMA: &str = "
CREATE TABLE accounts (id bigint PRIMARY KEY, posted bigint NOT NULL, held bigint NOT NULL DEFAULT 0,
    CHECK (id < 0 OR held <= posted));
CREATE TABLE holds (id bigint PRIMARY KEY, account bigint NOT NULL, amount bigint NOT NULL);
CREATE TABLE transfers (id bigserial PRIMARY KEY, request bigint NOT NULL, debit bigint NOT NULL,
    credit bigint NOT NULL, amount bigint NOT NULL);
INSERT INTO accounts (id, posted) VALUES (-1, 0), (-2, 0);
";
const SET_ASIDE: &str = "UPDATE accounts SET held = held + $2 WHERE id = $1";
const HOLD: &str = "INSERT INTO holds (id, account, amount) VALUES ($1, $2, $3)";
const END: &str = "DELETE FROM holds WHERE id = $1";
const PAY: &str = "UPDATE accounts SET held = held - $2, posted = posted - $3 WHERE id = $1";
const EARN: &str = "UPDATE accounts SET posted = posted + $2 WHERE id = $1";
const NOTE: &str = "INSERT INTO transfers (request, debit, credit, amount) VALUES ($1, $2, $3, $4)";
const PROVIDER: i64 = -1;
const GROWTH_FUND: i64 = -2;
/// The usual size of a pool.
const CONNECTIONS: usize = 16;

/// A connection of the pool, with its statements.
struct Session {
    client: Client,
    set_aside: Statement,
    hold: Statement,
    end: Statement,
    pay: Statement,
    earn: Statement,
    note: Statement,
}

impl Session {
    async fn open(url: &str) -> Result<Self, Failure> {
        let client = connect(url).await?;
        Ok(Self {
            set_aside: client.prepare(SET_ASIDE).await?,
            hold: client.prepare(HOLD).await?,
            end: client.prepare(END).await?,
            pay: client.prepare(PAY).await?,
            earn: client.prepare(EARN).await?,
            note: client.prepare(NOTE).await?,
            client,
        })
    }

    async fn hold(&mut self, request: i64, account: i64) -> Result<(), Failure> {
        let amount = 4 * gross();
        let transaction = self.client.transaction().await?;
        transaction
            .execute(&self.set_aside, &[&account, &amount])
            .await?;
        transaction
            .execute(&self.hold, &[&request, &account, &amount])
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn settle(&mut self, request: i64, account: i64) -> Result<(), Failure> {
        let fund = gross() / 20;
        let transaction = self.client.transaction().await?;
        transaction.execute(&self.end, &[&request]).await?;
        transaction
            .execute(&self.pay, &[&account, &(4 * gross()), &gross()])
            .await?;
        for (payee, amount) in [(PROVIDER, gross() - fund), (GROWTH_FUND, fund)] {
            transaction.execute(&self.earn, &[&payee, &amount]).await?;
            transaction
                .execute(&self.note, &[&request, &account, &payee, &amount])
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// So many consumers, each with one request after the other.
pub(super) async fn measure(url: &str, at_once: usize, time: Duration) -> Result<Paid, Failure> {
    let admin = connect(url).await?;
    admin.batch_execute(SCHEMA).await?;
    let fund =
        "INSERT INTO accounts (id, posted) SELECT id, $2 FROM generate_series(0, $1::bigint) AS id";
    let last = i64::try_from(at_once)?;
    admin.execute(fund, &[&last, &(i64::MAX / 2)]).await?;
    let mut pool = Vec::new();
    for _ in 0..at_once.min(CONNECTIONS) {
        pool.push(Arc::new(Mutex::new(Session::open(url).await?)));
    }
    let begun = Instant::now();
    let sessions = pool.iter().cycle().take(at_once).map(Arc::clone);
    let tasks: Vec<_> = (0..)
        .zip(sessions)
        .map(|(account, session)| tokio::spawn(consume(session, account, begun + time)))
        .collect();
    let mut samples = Samples::default();
    for task in tasks {
        samples.extend(&task.await??);
    }
    let took = begun.elapsed();
    Ok(Paid {
        per_second: float(samples.len()) / took.as_secs_f64(),
        latency: samples.percentiles(),
        writes: 2.0,
    })
}

async fn consume(
    session: Arc<Mutex<Session>>,
    account: i64,
    until: Instant,
) -> Result<Samples, Failure> {
    let mut samples = Samples::default();
    let mut number = 0;
    while Instant::now() < until {
        let request = (account << 32) + number;
        number += 1;
        let begun = Instant::now();
        session.lock().await.hold(request, account).await?;
        session.lock().await.settle(request, account).await?;
        samples.push(begun.elapsed());
    }
    Ok(samples)
}

/// A new database beside the one of the URL.
pub(super) async fn database(url: &str, name: &str) -> Result<String, Failure> {
    let create = format!("CREATE DATABASE {name}");
    connect(url).await?.batch_execute(&create).await?;
    let (server, _) = url.rsplit_once('/').ok_or("the URL names no database")?;
    Ok(format!("{server}/{name}"))
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn gross() -> i64 {
    i64::try_from(GROSS).unwrap_or(i64::MAX)
}
