//! What one would write first: balances in tables, and one SQLite transaction for each step, as durable as the journal.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::paid::Paid;
use super::{GROSS, float};
use crate::Failure;
use crate::samples::Samples;

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE accounts (id INTEGER PRIMARY KEY, posted INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT 0,
    CHECK (id < 0 OR held <= posted)) STRICT;
CREATE TABLE holds (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, amount INTEGER NOT NULL) STRICT;
CREATE TABLE transfers (id INTEGER PRIMARY KEY AUTOINCREMENT, request INTEGER NOT NULL, debit INTEGER NOT NULL,
    credit INTEGER NOT NULL, amount INTEGER NOT NULL) STRICT;
INSERT INTO accounts (id, posted) VALUES (-1, 0), (-2, 0);
";
const PROVIDER: i64 = -1;
const GROWTH_FUND: i64 = -2;

enum Step {
    Hold { request: i64, account: i64 },
    Settle { request: i64, account: i64 },
}

type Job = (Step, oneshot::Sender<rusqlite::Result<()>>);

/// So many consumers, each with one request after the other, and one thread with the database.
pub(super) async fn measure(
    path: PathBuf,
    at_once: usize,
    time: Duration,
) -> Result<Paid, Failure> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    for consumer in 0..at_once {
        let fund = "INSERT INTO accounts (id, posted) VALUES (?1, ?2)";
        connection.execute(fund, (i64::try_from(consumer)?, i64::MAX / 2))?;
    }
    let (jobs, queue) = mpsc::channel::<Job>();
    let database = std::thread::spawn(move || {
        for (step, done) in queue {
            // One who has gone away does not want the answer.
            let _ = done.send(carry_out(&mut connection, &step));
        }
    });
    let begun = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|consumer| tokio::spawn(consume(jobs.clone(), consumer, begun + time)))
        .collect();
    drop(jobs);
    let mut samples = Samples::default();
    for task in tasks {
        samples.extend(&task.await??);
    }
    let took = begun.elapsed();
    database.join().map_err(|_| "the database's thread died")?;
    Ok(Paid {
        per_second: float(samples.len()) / took.as_secs_f64(),
        latency: samples.percentiles(),
        writes: 2.0,
    })
}

async fn consume(
    jobs: mpsc::Sender<Job>,
    consumer: usize,
    until: Instant,
) -> Result<Samples, Failure> {
    let account = i64::try_from(consumer)?;
    let mut samples = Samples::default();
    let mut number = 0;
    while Instant::now() < until {
        let request = (account << 32) + number;
        number += 1;
        let begun = Instant::now();
        ask(&jobs, Step::Hold { request, account }).await?;
        ask(&jobs, Step::Settle { request, account }).await?;
        samples.push(begun.elapsed());
    }
    Ok(samples)
}

async fn ask(jobs: &mpsc::Sender<Job>, step: Step) -> Result<(), Failure> {
    let (done, answer) = oneshot::channel();
    jobs.send((step, done))
        .map_err(|_| "the database is gone")?;
    Ok(answer.await??)
}

fn carry_out(connection: &mut Connection, step: &Step) -> rusqlite::Result<()> {
    let gross = i64::try_from(GROSS).unwrap_or(i64::MAX);
    let transaction = connection.transaction()?;
    let run = |sql: &str, values: &[i64]| {
        let values = rusqlite::params_from_iter(values);
        transaction.prepare_cached(sql)?.execute(values)
    };
    match step {
        Step::Hold { request, account } => {
            run(
                "UPDATE accounts SET held = held + ?2 WHERE id = ?1",
                &[*account, 4 * gross],
            )?;
            run(
                "INSERT INTO holds (id, account, amount) VALUES (?1, ?2, ?3)",
                &[*request, *account, 4 * gross],
            )?;
        }
        Step::Settle { request, account } => {
            let fund = gross / 20;
            run("DELETE FROM holds WHERE id = ?1", &[*request])?;
            run(
                "UPDATE accounts SET held = held - ?2, posted = posted - ?3 WHERE id = ?1",
                &[*account, 4 * gross, gross],
            )?;
            for (payee, amount) in [(PROVIDER, gross - fund), (GROWTH_FUND, fund)] {
                run(
                    "UPDATE accounts SET posted = posted + ?2 WHERE id = ?1",
                    &[payee, amount],
                )?;
                let note = "INSERT INTO transfers (request, debit, credit, amount) VALUES (?1, ?2, ?3, ?4)";
                run(note, &[*request, *account, payee, amount])?;
            }
        }
    }
    transaction.commit()
}
