//! Money as SQL sees it: plain sums over the tables are what the ledger comes to, to the last unit.

use std::collections::BTreeMap;
use std::sync::Arc;

use swan_core::Amount;
use swan_core::ledger::AuditReport;
use swan_hub::ledger::{Books, tabulate};
use swan_hub::store::{Durability, Store, StorePlace};
use tempfile::TempDir;

use crate::ledger::{audit, charge, funded, grant, open, request};

/// Every kind of transfer, with sums at both ends of what there is.
async fn trade(books: &Books, from: u128) {
    let largest = Amount::MAX.pico() / 8;
    grant(books, from, largest).await.unwrap();
    let held = |n: u128, amount| books.hold(request(from + n, amount)).unwrap();
    held(1, 10)
        .settle(charge(7))
        .unwrap()
        .durable()
        .await
        .unwrap();
    let _ = held(2, largest / 3).settle(charge(largest / 7)).unwrap();
    held(3, 1).release("left");
    let _ = held(4, 1_500_000_000_000).settle(charge(1)).unwrap();
    // These stay pending: their requests still run.
    std::mem::forget(held(5, 999_999_999_999));
    std::mem::forget(held(6, largest / 5 + 1));
    books.flush().await.unwrap();
}

type Figures = BTreeMap<String, [Amount; 4]>;

/// What the ledger comes to: debits and credits, posted and pending.
fn expected(report: &AuditReport) -> (Figures, Figures) {
    let accounts = report.ledger.accounts().into_iter().map(|(key, balance)| {
        let figures = [
            balance.debits_posted,
            balance.credits_posted,
            balance.debits_pending,
            balance.credits_pending,
        ];
        (key.to_string(), figures)
    });
    let trial = report.trial_balance.iter().map(|row| {
        let figures = [
            row.debits_posted,
            row.credits_posted,
            row.debits_pending,
            row.credits_pending,
        ];
        (row.currency.to_string(), figures)
    });
    (accounts.collect(), trial.collect())
}

const BALANCES: &str = "SELECT account || ' ' || currency, CAST(debits_posted AS text), CAST(credits_posted AS text),
    CAST(debits_pending AS text), CAST(credits_pending AS text), CAST(balance AS text) FROM balances_readable";
const TRIAL: &str = "SELECT currency, CAST(debits_posted AS text), CAST(credits_posted AS text),
    CAST(debits_pending AS text), CAST(credits_pending AS text) FROM trial_balance_readable";

/// A row of either view; the balance, where there is one, has to be the difference.
fn figures(row: &[String]) -> (String, [Amount; 4]) {
    let amount = |n: usize| row[n].parse::<Amount>().unwrap();
    let figures = [amount(1), amount(2), amount(3), amount(4)];
    if row.len() > 5 {
        assert_eq!(
            amount(5),
            figures[1].checked_sub(figures[0]).unwrap(),
            "{row:?}"
        );
    }
    (row[0].clone(), figures)
}

async fn store(place: &StorePlace) -> Arc<dyn Store> {
    place.open(Durability::Strict).await.unwrap()
}

/// Tabulates twice, with trade before and between, and compares what `ask` reads with the audit.
async fn sums_agree(place: &StorePlace, ask: impl AsyncFn(&str) -> Vec<Vec<String>>) {
    assert_eq!(tabulate(place).await.unwrap(), 0);
    let books = funded(store(place).await, 1).await;
    for from in [10, 20] {
        trade(&books, from).await;
        let report = audit(&*store(place).await).await;
        assert!(report.is_clean(), "{:?}", report.breaches);
        assert_eq!(tabulate(place).await.unwrap(), report.entries);
        assert_eq!(
            tabulate(place).await.unwrap(),
            report.entries,
            "nothing is new"
        );
        let read = async |sql: &str| -> Figures {
            ask(sql).await.iter().map(|row| figures(row)).collect()
        };
        assert_eq!((read(BALANCES).await, read(TRIAL).await), expected(&report));
    }
    books.close().await.unwrap();
    // What the next start gives back is followed, too.
    let (books, recovery) = open(store(place).await).await.unwrap();
    assert_eq!(recovery.holds_voided, 4);
    books.close().await.unwrap();
    tabulate(place).await.unwrap();
    let pending = "SELECT currency, CAST(debits_pending AS text) FROM trial_balance_readable";
    let pending = ask(pending).await;
    assert_eq!(pending[0][1].parse::<Amount>().unwrap(), Amount::ZERO);
    let kinds =
        "SELECT kind, CAST(count(*) AS text) FROM transfers_readable GROUP BY kind ORDER BY kind";
    let expected = [
        ["pending", "12"],
        ["post", "6"],
        ["posted", "11"],
        ["void", "6"],
    ];
    assert_eq!(ask(kinds).await, expected);
    let entries = "SELECT rule, request, policy, model, CAST(prompt_tokens AS text), at FROM (SELECT rule,
        CAST(request AS text) AS request, policy, model, prompt_tokens, substr(CAST(at AS text), 1, 10) AS at, entry
        FROM entries_readable) AS e WHERE rule = 'charge' ORDER BY entry LIMIT 1";
    let request = swan_core::RequestId::from_u128(11).to_string();
    let first = [
        "charge",
        &request,
        "swan-2.0",
        "qwen3-8b",
        "10",
        "1970-01-01",
    ];
    assert_eq!(ask(entries).await, [first]);
}

#[tokio::test]
async fn plain_sql_over_a_file_agrees_with_the_trial_balance() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("swan.db");
    drop(store(&StorePlace::Sqlite(path.clone())).await);
    let client = rusqlite::Connection::open(&path).unwrap();
    let ask = async |sql: &str| -> Vec<Vec<String>> {
        let mut query = client.prepare(sql).unwrap();
        let columns = query.column_count();
        let rows = query.query_map([], |row| (0..columns).map(|n| row.get(n)).collect());
        rows.unwrap().map(Result::unwrap).collect()
    };
    sums_agree(&StorePlace::Sqlite(path.clone()), ask).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn plain_sql_over_a_database_agrees_with_the_trial_balance() {
    use crate::postgres::server::{Server, connect};
    let url = Server::shared().await.database().await;
    let place: StorePlace = url.parse().unwrap();
    drop(store(&place).await);
    let client = connect(&url).await.unwrap();
    client
        .batch_execute("SET search_path TO swan")
        .await
        .unwrap();
    let ask = async |sql: &str| -> Vec<Vec<String>> {
        let rows = client.query(sql, &[]).await.unwrap();
        let row = |row: &tokio_postgres::Row| (0..row.len()).map(|n| row.get(n)).collect();
        rows.iter().map(row).collect()
    };
    sums_agree(&place, ask).await;
}

/// The nodes' requests have the same ids here, which must not meet.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn the_journals_of_all_nodes_are_in_the_tables() {
    use crate::postgres::open;
    use crate::postgres::server::{Server, connect};
    let url = Server::shared().await.database().await;
    let mut all = BTreeMap::new();
    for name in ["a", "b"] {
        let ttl = std::time::Duration::from_secs(60);
        let node = Arc::new(open(&url).await.unwrap().as_node(name, ttl));
        let books = funded(Arc::clone(&node) as Arc<dyn Store>, 1).await;
        trade(&books, 10).await;
        books.close().await.unwrap();
        for (key, figures) in expected(&audit(&*node).await).1 {
            let sum: &mut [Amount; 4] = all.entry(key).or_default();
            *sum = std::array::from_fn(|n| sum[n].checked_add(figures[n]).unwrap());
        }
    }
    let place: StorePlace = url.parse().unwrap();
    let entries = tabulate(&place).await.unwrap();
    assert_eq!(tabulate(&place).await.unwrap(), entries);
    let client = connect(&url).await.unwrap();
    client
        .batch_execute("SET search_path TO swan")
        .await
        .unwrap();
    let rows = client.query(TRIAL, &[]).await.unwrap();
    let row = |row: &tokio_postgres::Row| (0..row.len()).map(|n| row.get(n)).collect::<Vec<_>>();
    let read: Figures = rows.iter().map(|found| figures(&row(found))).collect();
    assert_eq!(read, all);
    let count = "SELECT count(DISTINCT node), count(*) FROM entries_readable";
    let count = client.query_one(count, &[]).await.unwrap();
    let (nodes, rows): (i64, i64) = (count.get(0), count.get(1));
    assert_eq!((nodes, rows.cast_unsigned()), (2, entries));
}
