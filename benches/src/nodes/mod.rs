//! What it costs hubs to share their funds: paid requests through the books of one hub that is alone, of one node and of three
//! nodes, over the same PostgreSQL in the same run.

mod counted;
mod hub;
mod report;

use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use swan_core::{AccountId, Amount, Currency, TransferId};
use swan_hub::store::PostgresPlace;
use tokio_postgres::NoTls;

use self::hub::{Hub, Seen};
use self::report::Report;
use crate::Failure;

/// How many requests are under way at once, at all hubs together.
const AT_ONCE: usize = 63;
/// What each account has.
const FUNDS: &str = "1000000";

/// How much to measure, and where.
#[derive(Debug, Clone, clap::Parser)]
#[non_exhaustive]
pub struct NodesArgs {
    /// A server of PostgreSQL, as the URL of a database; it gets further ones.
    #[arg(long, value_name = "URL")]
    pub postgres: String,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// A fraction of a second each, to see that everything works; the figures mean nothing.
    #[arg(long)]
    pub smoke: bool,
}

/// One way of keeping the same money.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// 0 for a hub that is alone, and shares nothing.
    nodes: usize,
    /// Whether all requests are of one account, rather than each at once of its own.
    is_one_account: bool,
}

impl NodesArgs {
    /// Measures everything and answers the report, in Markdown.
    ///
    /// # Errors
    /// When the server cannot be used, or money does not come out right.
    pub async fn run(&self) -> Result<String, Failure> {
        let time = match self.smoke {
            true => Duration::from_millis(400),
            false => Duration::from_secs(self.seconds),
        };
        let mut report = Report::default();
        for is_one_account in [false, true] {
            for nodes in [0, 1, 3] {
                let case = Case {
                    nodes,
                    is_one_account,
                };
                let url = self.database(case).await?;
                report.case(case, &measure(case, &url, time).await?);
            }
        }
        Ok(report.markdown())
    }

    /// A new database, which is there until the server is thrown away.
    async fn database(&self, case: Case) -> Result<String, Failure> {
        let (server, _) = self
            .postgres
            .rsplit_once('/')
            .ok_or("a URL with a database")?;
        let name = format!(
            "swan_nodes_{}_{}",
            case.nodes,
            u8::from(case.is_one_account)
        );
        let (client, connection) = tokio_postgres::connect(&self.postgres, NoTls).await?;
        let connection = tokio::spawn(connection);
        client
            .execute(&format!("DROP DATABASE IF EXISTS {name}"), &[])
            .await?;
        client
            .execute(&format!("CREATE DATABASE {name}"), &[])
            .await?;
        drop(client);
        connection.await??;
        Ok(format!("{server}/{name}"))
    }
}

impl Case {
    fn account(self, consumer: usize) -> AccountId {
        AccountId::from_u128(match self.is_one_account {
            true => 1,
            false => 1 + consumer as u128,
        })
    }
}

/// So many consumers, each with one request after the other at its hub.
async fn measure(case: Case, url: &str, time: Duration) -> Result<Seen, Failure> {
    let place: PostgresPlace = url.parse()?;
    let mut hubs = Vec::new();
    for number in 0..case.nodes.max(1) {
        hubs.push(Arc::new(Hub::open(&place, case, number).await?));
    }
    let first = hubs.first().ok_or("there is a hub")?;
    let funds: Amount = FUNDS.parse()?;
    let accounts = if case.is_one_account { 1 } else { AT_ONCE };
    for number in 0..accounts {
        let id = TransferId::from_u128(1 + number as u128);
        let granted = first
            .books
            .grant(id, case.account(number), Currency::Usd, funds, "bench");
        let _ = granted.await?;
    }
    let measured = hubs.iter().enumerate().map(|(number, hub)| {
        let own = (0..AT_ONCE).filter(|consumer| consumer % hubs.len() == number);
        hub.serve(
            own.map(|consumer| (consumer, case.account(consumer)))
                .collect(),
            time,
        )
    });
    let mut seen = Seen::default();
    for part in try_join_all(measured).await? {
        seen.add(&part);
    }
    for hub in &hubs {
        hub.close().await?;
    }
    Ok(seen)
}
