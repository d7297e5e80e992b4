//! Copies of a store's file: made beside a running hub, checked, and put back.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use swan_core::Currency;
use swan_hub::cli::{AdminCommand, AdminError, Terminal};
use swan_hub::store::{Durability, Store, StorePlace};
use tempfile::TempDir;

use crate::ledger::{ACCOUNT, charge, clock, funded, open, request};

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: AdminCommand,
}

async fn run(words: &[&str], folder: &Path) -> Result<(ExitCode, String), AdminError> {
    let folder = format!("--data-dir={}", folder.display());
    let args = ["swan-hub"].iter().chain(words).copied();
    let cli = Cli::try_parse_from(args.chain([folder.as_str()])).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        out: &mut out,
        err: &mut err,
        clock: Arc::new(clock()),
    };
    let code = cli.command.run(&mut terminal).await?;
    Ok((code, String::from_utf8(out).unwrap()))
}

async fn store(folder: &Path) -> Arc<dyn Store> {
    let place = StorePlace::in_folder(folder);
    place.open(Durability::Strict).await.unwrap()
}

#[tokio::test]
async fn a_backup_beside_a_running_hub_is_checked_and_can_be_put_back() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let file = folder.path().join("backup.db");
    let file = file.to_str().unwrap();
    let books = funded(store(&old).await, 1_000).await;
    let settle = async |id: u128| {
        let hold = books.hold(request(id, 10)).unwrap();
        hold.settle(charge(7)).unwrap().durable().await.unwrap();
    };
    settle(1).await;
    let (code, said) = run(&["backup", file], &old).await.unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{said}");
    assert!(said.contains("each currency sums to zero"), "{said}");
    settle(2).await;
    books.close().await.unwrap();

    let (code, said) = run(&["restore", file], &new).await.unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{said}");
    let (restored, _) = open(store(&new).await).await.unwrap();
    let left = |books: &swan_hub::ledger::Books| books.available(ACCOUNT, Currency::Usd).pico();
    assert_eq!(
        (left(&books), left(&restored)),
        (986, 993),
        "as of the moment of the copy"
    );
}

#[tokio::test]
async fn nothing_is_copied_over_or_from_what_it_should_not() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    drop(store(&path("data")).await);
    std::fs::write(path("taken"), "x").unwrap();
    std::fs::create_dir(path("gone")).unwrap();
    std::fs::write(path("gone/swan.db-wal"), "x").unwrap();
    rusqlite::Connection::open(path("foreign"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    run(&["backup", path("good").to_str().unwrap()], &path("data"))
        .await
        .unwrap();
    for (command, file, place, expected) in [
        ("backup", "taken", "data", "it is there already"),
        ("backup", "out", "nothing", "there is no such file"),
        ("restore", "good", "data", "it is there already"),
        ("restore", "good", "gone", "it is there already"),
        ("restore", "foreign", "new", "belongs to another program"),
        ("restore", "taken", "new", "there is no store in it"),
    ] {
        let file = path(file);
        let words = [command, file.to_str().unwrap()];
        let error = run(&words, &path(place)).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{words:?}: {error}");
    }
    assert_eq!(std::fs::read(path("taken")).unwrap(), b"x");
}
