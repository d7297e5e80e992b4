//! Usage as Parquet: another reader finds the rows of CSV in it, exactly.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use swan_core::testkit::ManualClock;
use swan_core::{Amount, KeyId, ModelId, Timestamp};
use swan_hub::ledger::{Books, BooksOptions, HoldRequest};
use tempfile::TempDir;

use crate::admin::{consumer, open_store, refused, run};
use crate::e2e::tools;
use crate::ledger::{charge, request};

#[tokio::test]
async fn duckdb_reads_the_rows_and_columns_of_csv() {
    let folder = TempDir::new().unwrap();
    let (_, account) = consumer(folder.path()).await;
    let store = open_store(folder.path()).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_790_812_800_000)));
    let (books, _) = Books::open(store, clock, BooksOptions::default())
        .await
        .unwrap();
    // The smallest charge, one of no key, one of another model, and one with all places.
    for (number, pico, key, model) in [
        (10, 1, Some(1), "qwen3-8b"),
        (11, 320_000, None, "qwen3-8b"),
        (12, 1_000_000_000_000, Some(1), "a,\"b\"/c"),
        (13, 999_999_999_999, Some(2), "qwen3-8b"),
    ] {
        let asked = HoldRequest {
            account,
            expires: Timestamp::MAX,
            ..request(number, pico)
        };
        let mut record = charge(pico);
        record.key = key.map(KeyId::from_u128);
        record.model = ModelId::new(model).unwrap();
        let _settled = books.hold(asked).unwrap().settle(record).unwrap();
    }
    books.close().await.unwrap();
    for group in ["", " --group day,model"] {
        let days = "--from 2026-10-01 --to 2026-10-02";
        let asked = format!("usage export {account} {days}{group}");
        let csv = run(folder.path(), &format!("{asked} --format csv"))
            .await
            .out;
        let file = folder.path().join("usage.parquet");
        run(
            folder.path(),
            &format!("{asked} --format parquet --out {}", file.display()),
        )
        .await;
        let read = read(&file).await;
        let columns = read["columns"].as_array().unwrap().iter();
        let names: Vec<&str> = columns
            .clone()
            .map(|one| one[0].as_str().unwrap())
            .collect();
        let mut lines = csv.lines();
        assert_eq!(names.join(","), lines.next().unwrap());
        let kinds: Vec<&str> = columns.map(|one| one[1].as_str().unwrap()).collect();
        assert_eq!(
            (kinds[0], kinds[4], kinds[11]),
            ("VARCHAR", "BIGINT", "DECIMAL(38,12)")
        );
        let rows = read["rows"].as_array().unwrap();
        let lines: Vec<&str> = lines.collect();
        assert_eq!(rows.len(), lines.len());
        for (row, line) in rows.iter().zip(lines) {
            let cost: Amount = row[11].as_str().unwrap().parse().unwrap();
            let texts = (0..11).map(|at| cell(row[at].as_str().unwrap_or_default()));
            let told: Vec<String> = texts.chain([cost.to_string()]).collect();
            assert_eq!(told.join(","), line);
        }
    }
    let wrong = run_wrong(&folder, account).await;
    assert!(
        wrong.contains("the last day") || wrong.contains("--to"),
        "{wrong}"
    );
}

/// What DuckDB finds in a file.
async fn read(file: &Path) -> Value {
    let read = tokio::process::Command::new(tools::python())
        .arg(tools::script("parquet.py"))
        .arg(file)
        .output();
    let read = read.await.unwrap();
    let words = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{words}");
    serde_json::from_slice(&read.stdout).unwrap()
}

/// As CSV writes a text that holds what ends cells.
fn cell(text: &str) -> String {
    match text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

async fn run_wrong(folder: &TempDir, account: swan_core::AccountId) -> String {
    let line = format!("usage export {account} --from 2026-10-02 --to 2026-10-01 --format parquet");
    refused(folder.path(), &line).await
}
