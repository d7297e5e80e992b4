//! The administrator's commands on a real file, with and without a hub that keeps the books.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use serde_json::Value;
use swan_core::{AccountId, Currency};
use swan_hub::cli::{AdminCommand, AdminError, Terminal};
use swan_hub::ledger::{Books, BooksOptions, HoldRequest};
use swan_hub::store::{
    AuthError, KeyKind, KeyRing, SqliteOptions, SqliteStore, Store, StorePlace, Watch, WatchOptions,
};
use tempfile::TempDir;

use crate::ledger::{charge, clock, pico, request};

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: AdminCommand,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    code: ExitCode,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Runs a command line on the data folder.
async fn try_run(folder: &Path, line: &str) -> Result<Ran, AdminError> {
    let folder = format!("--data-dir={}", folder.display());
    let args = ["swan-hub"]
        .into_iter()
        .chain(line.split(' '))
        .chain([folder.as_str()]);
    let cli = Cli::try_parse_from(args).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        out: &mut out,
        err: &mut err,
        clock: Arc::new(clock()),
    };
    let code = cli.command.run(&mut terminal).await?;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ok(Ran {
        out: text(out),
        err: text(err),
        code,
    })
}

pub(crate) async fn run(folder: &Path, line: &str) -> Ran {
    try_run(folder, line).await.unwrap()
}

/// The text of a refusal, which is one line.
pub(crate) async fn refused(folder: &Path, line: &str) -> String {
    let text = try_run(folder, line).await.unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

pub(crate) async fn open_store(folder: &Path) -> Arc<dyn Store> {
    let path = folder.join(StorePlace::FILE);
    Arc::new(
        SqliteStore::open(path, SqliteOptions::default())
            .await
            .unwrap(),
    )
}

/// A consumer with $5: the key and the account.
pub(crate) async fn consumer(folder: &Path) -> (String, AccountId) {
    let key = run(folder, "key create consumer --name alice --grant 5").await;
    let accounts = run(folder, "account show --json").await.json();
    (
        key.out.trim().to_owned(),
        accounts[0]["id"].as_str().unwrap().parse().unwrap(),
    )
}

#[tokio::test]
async fn a_new_key_stands_alone_on_standard_output_and_opens() {
    let folder = TempDir::new().unwrap();
    for (line, prefix) in [
        ("key create consumer --name alice --grant 5", "sk-swan-"),
        ("key create provider --name gpu", "sk-prov-"),
        ("key create admin --name ops", "sk-admin-"),
    ] {
        let ran = run(folder.path(), line).await;
        let key = ran.out.strip_suffix('\n').unwrap();
        let digits = key.strip_prefix(prefix).unwrap();
        assert_eq!(digits.len(), 64);
        assert!(digits.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
        assert!(
            ran.err.contains("key-") && !ran.err.contains(key),
            "{}",
            ran.err
        );
        let store = open_store(folder.path()).await;
        let ring = KeyRing::load(&*store).await.unwrap();
        ring.authenticate(key).unwrap();
    }
    let listed = run(folder.path(), "key list --json").await.json();
    let kinds: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kind"].clone())
        .collect();
    assert_eq!(kinds.len(), 3);
    assert!(!run(folder.path(), "key list").await.out.contains("sk-"));
    assert!(
        run(folder.path(), "provider list")
            .await
            .out
            .contains("gpu")
    );

    // The file holds no secret.
    let ran = run(folder.path(), "key create admin --name more --json")
        .await
        .json();
    let secret = ran["key"].as_str().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        // A connection that closes on its own thread takes its side files along.
        let Ok(bytes) = std::fs::read(entry.unwrap().path()) else {
            continue;
        };
        assert!(
            !bytes
                .windows(64)
                .any(|part| part == &secret.as_bytes()[9..])
        );
    }
}

#[tokio::test]
async fn credit_is_granted_and_shown_to_the_last_unit() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (_, account) = consumer(folder).await;
    run(folder, &format!("account grant {account} 0.000000000001")).await;
    run(
        folder,
        &format!("account grant {account} 7 --currency swan --note gift"),
    )
    .await;
    let shown = run(folder, &format!("account show {account} --json"))
        .await
        .json();
    assert_eq!(shown["balances"][0]["available"], "5.000000000001");
    assert_eq!(
        (&shown["balances"][1]["balance"], &shown["name"]),
        (&"7".into(), &"alice".into())
    );
    let text = run(folder, &format!("account show {account}")).await.out;
    assert!(
        text.contains("USD: balance 5.000000000001, held 0, available 5.000000000001, charged 0")
    );
    assert!(text.contains("no charges yet"), "{text}");

    let audit = run(folder, "audit").await;
    assert_eq!(audit.code, ExitCode::SUCCESS);
    assert!(
        audit.out.contains("3 entries") && !audit.out.contains("BREACH"),
        "{}",
        audit.out
    );
}

#[tokio::test]
async fn commands_reach_a_hub_that_runs() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (key, account) = consumer(folder).await;

    let store = open_store(folder).await;
    let keys = KeyRing::load(&*store).await.unwrap();
    let (books, _) = Books::open(store.clone(), Arc::new(clock()), BooksOptions::default())
        .await
        .unwrap();
    let _watch = Watch::start(
        store.clone(),
        keys.clone(),
        books.clone(),
        WatchOptions::default(),
    );
    let hold = books
        .hold(HoldRequest {
            account,
            ..request(10, 1_000)
        })
        .unwrap();

    // A grant is on the account when the command has answered.
    let ran = run(folder, &format!("account grant {account} 2")).await;
    assert!(ran.err.contains("granted 2 USD"), "{}", ran.err);
    let dollars = 1_000_000_000_000;
    assert_eq!(
        books.available(account, Currency::Usd),
        pico(7 * dollars - 1_000)
    );

    // A new key opens and a revoked one stops to, both within half a second.
    let fresh = run(folder, "key create consumer --name bob --grant 1")
        .await
        .out;
    within_half_a_second(|| keys.authenticate(fresh.trim()).is_ok()).await;
    let id = keys.authenticate(&key).unwrap().id;
    run(folder, &format!("key revoke {id}")).await;
    within_half_a_second(|| keys.authenticate(&key) == Err(AuthError::Revoked)).await;

    hold.settle(charge(400)).unwrap().durable().await.unwrap();
    let shown = run(folder, &format!("account show {account} --json"))
        .await
        .json();
    assert_eq!(shown["balances"][0]["charged"], "0.0000000004");
    assert_eq!(shown["balances"][0]["held"], "0");
    assert_eq!(shown["recent_charges"][0]["charge"]["model"], "qwen3-8b");
    let policy = &shown["recent_charges"][0]["policy"];
    assert_eq!(policy["version"], "swan-2.0");
    assert_eq!(policy["hash"], "07".repeat(32));
    let shown = run(folder, &format!("account show {account}")).await.out;
    for told in ["qwen3-8b", "swan-2.0 (070707…)"] {
        assert!(shown.contains(told), "{shown}");
    }
    let audit = run(folder, "audit --json").await;
    assert_eq!(
        (audit.code, audit.json()["clean"].clone()),
        (ExitCode::SUCCESS, true.into())
    );
    assert_eq!(audit.json()["groups"]["charge"], 1);
}

async fn within_half_a_second(mut is_so: impl FnMut() -> bool) {
    for _ in 0..50 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it took longer than half a second");
}

#[tokio::test]
async fn a_command_that_a_dead_hub_left_is_carried_out_by_the_next() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (_, account) = consumer(folder).await;
    let store = open_store(folder).await;
    // A hub that holds the lease and never looks into its inbox.
    let lease = store.lease().await.unwrap();
    let ran = run(folder, &format!("account grant {account} 2")).await;
    assert!(ran.err.contains("has not come to it yet"), "{}", ran.err);
    drop(lease);
    // The next grant carries out both, once each.
    run(folder, &format!("account grant {account} 1")).await;
    let shown = run(folder, &format!("account show {account} --json"))
        .await
        .json();
    assert_eq!(shown["balances"][0]["balance"], "8");
}

#[tokio::test]
async fn an_audit_of_a_damaged_file_fails_and_names_what_is_wrong() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    consumer(folder).await;
    let path = folder.join(StorePlace::FILE);
    let sql = |sql: &str| {
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    };

    sql("UPDATE journal SET first_seq = 2");
    let audit = run(folder, "audit").await;
    assert_eq!(audit.code, ExitCode::FAILURE);
    assert!(
        audit
            .out
            .contains("sequence_broken: entry 2 stands where entry 1 belongs"),
        "{}",
        audit.out
    );
    assert!(
        refused(folder, "key create consumer --name b --grant 1")
            .await
            .contains("swan-hub audit")
    );

    sql("UPDATE journal SET first_seq = 1, body = zeroblob(40)");
    let audit = run(folder, "audit --json").await;
    assert_eq!(
        (audit.code, audit.json()["clean"].clone()),
        (ExitCode::FAILURE, false.into())
    );
    assert!(
        audit.json()["damage"]
            .as_str()
            .unwrap()
            .contains("has format 0")
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_one_line() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    assert!(
        refused(folder, "audit")
            .await
            .contains("there is no store at")
    );
    assert!(
        refused(folder, "account show")
            .await
            .contains("swan-hub key create")
    );
    consumer(folder).await;
    let nobody = AccountId::from_u128(9);
    for (line, expected) in [
        (
            "key create provider --name g --grant 5".to_owned(),
            "only a consumer",
        ),
        (
            "key create consumer --name n --grant 0".to_owned(),
            "above zero",
        ),
        ("key create admin --name \u{1b}".to_owned(), "printable"),
        (
            "key create consumer --name n --owner acc-1".to_owned(),
            "there is no acc-1",
        ),
        (format!("account grant {nobody} 5"), "there is no acc-"),
        (format!("account show {nobody}"), "there is no acc-"),
        (
            "key revoke key-00000000000000000000000000000009".to_owned(),
            "there is no key-",
        ),
    ] {
        let text = refused(folder, &line).await;
        assert!(text.contains(expected), "{line}: {text}");
    }
    for (url, expected) in [
        ("memory:", "a memory store ends with its hub"),
        ("postgres://host/db", "names no user"),
        ("mysql:x", "expected sqlite:PATH"),
        ("sqlite:", "expected a path"),
    ] {
        let args = ["swan-hub", "audit", "--store", url];
        let cli = Cli::try_parse_from(args).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut terminal = Terminal {
            out: &mut out,
            err: &mut err,
            clock: Arc::new(clock()),
        };
        let text = cli
            .command
            .run(&mut terminal)
            .await
            .unwrap_err()
            .to_string();
        assert!(text.contains(expected), "{url}: {text}");
    }
}

#[tokio::test]
async fn a_second_key_of_an_account_pays_from_the_same_funds() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (_, account) = consumer(folder).await;
    let line = format!("key create consumer --name laptop --owner {account} --json");
    assert_eq!(
        run(folder, &line).await.json()["owner"],
        account.to_string()
    );
    let store = open_store(folder).await;
    let keys = store.keys().await.unwrap();
    let owners = keys.into_iter().map(|(_, record)| record.kind);
    assert_eq!(owners.collect::<Vec<_>>(), [KeyKind::Consumer(account); 2]);
    assert_eq!(store.accounts().await.unwrap().len(), 1);
}
