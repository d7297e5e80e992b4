//! Whole stores as files: every kind of store takes what any other has written, all of it or nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use swan_core::Currency;
use swan_hub::cli::{AdminCommand, AdminError, Terminal};
use swan_hub::store::{
    DocumentKind, Durability, NewDocument, Store, StoreError, StorePlace, conformance,
};
use tempfile::TempDir;

use crate::ledger::{ACCOUNT, charge, clock, funded, open, request};

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: AdminCommand,
}

async fn run(
    command: &str,
    file: &Path,
    place: &StorePlace,
) -> Result<(ExitCode, String), AdminError> {
    let (file, store) = (file.to_str().unwrap(), format!("--store={place}"));
    let cli = Cli::try_parse_from(["swan-hub", command, file, &store]).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        out: &mut out,
        err: &mut err,
        clock: Arc::new(clock()),
    };
    let code = cli.command.run(&mut terminal).await?;
    Ok((code, String::from_utf8(out).unwrap()))
}

/// A folder with stores and dumps.
struct Room(TempDir);

impl Room {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn store(&self, name: &str) -> StorePlace {
        StorePlace::Sqlite(self.file(name))
    }

    async fn filled(&self, name: &str) -> StorePlace {
        let place = self.store(name);
        conformance::fill(&*opened(&place).await).await;
        place
    }

    async fn dump(&self, place: &StorePlace, name: &str) -> Vec<u8> {
        let file = self.file(name);
        place.dump(&file).await.unwrap();
        std::fs::read(file).unwrap()
    }
}

async fn opened(place: &StorePlace) -> Arc<dyn Store> {
    place.open(Durability::Strict).await.unwrap()
}

/// What the next document is numbered.
async fn next_number(store: &dyn Store) -> u64 {
    let new = NewDocument {
        kind: DocumentKind::Invoice,
        owner: 9,
        name: "the next one".into(),
        body: "{}".into(),
    };
    store.documents().add_document(&new).await.unwrap().number
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_dump_of_one_store_loaded_into_another_dumps_the_same() {
    let room = Room::new();
    let file = room.filled("first.db").await;
    let url = crate::postgres::server::Server::shared()
        .await
        .database()
        .await;
    let database: StorePlace = url.parse().unwrap();
    let other = room.store("second.db");
    let dump = room.dump(&file, "1").await;
    let rows = database.load(room.file("1")).await.unwrap();
    assert!(room.dump(&database, "2").await == dump, "file to database");
    assert_eq!(other.load(room.file("2")).await.unwrap(), rows);
    assert!(room.dump(&other, "3").await == dump, "database to file");
    let expected = next_number(&*opened(&file).await).await;
    for loaded in [&database, &other] {
        let loaded = opened(loaded).await;
        conformance::reopened(&*loaded).await;
        assert_eq!(next_number(&*loaded).await, expected, "numbers go on");
        let grant = swan_hub::store::Command {
            id: 77,
            sent: swan_core::Timestamp::from_millis(1),
            kind: swan_hub::store::CommandKind::Refresh,
        };
        loaded.push_command(&grant).await.unwrap();
        let last = loaded.pending_commands(10).await.unwrap().pop();
        assert_eq!(last, Some(grant), "commands come after those of the dump");
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_database_that_several_hubs_share_goes_to_another_database_only() {
    use crate::postgres::server::{Server, connect};
    let room = Room::new();
    let server = Server::shared().await;
    let (from, to) = (server.database().await, server.database().await);
    let place = |url: &str| -> StorePlace { url.parse().unwrap() };
    drop(opened(&place(&from)).await);
    let rows = "SET search_path TO swan;
        INSERT INTO nodes VALUES ('a', 3, '2026-11-22 00:00:00.123457+00', true), ('B', 1, 'epoch', false);
        INSERT INTO grants VALUES ('\\x01', '\\x07', 'USD', 1000000000000000000000000000, 'n', '2026-11-22 01:02:03.000001+00');
        INSERT INTO funds VALUES ('\\x07', 'USD', 999999999999999999999999990);
        INSERT INTO slices VALUES ('a', '\\x07', 'USD', 10, 3, 5);
        INSERT INTO journal (node, first_seq, count, body) VALUES ('a', 1, 2, '\\x01'), ('B', 1, 1, '\\x02');";
    let client = connect(&from).await.unwrap();
    client.batch_execute(rows).await.unwrap();
    let dump = room.dump(&place(&from), "1").await;
    place(&to).load(room.file("1")).await.unwrap();
    assert!(room.dump(&place(&to), "2").await == dump);
    let client = connect(&to).await.unwrap();
    let moved =
        "SELECT count(*) FROM swan.nodes WHERE until = '2026-11-22 00:00:00.123457+00' AND cleared";
    let moved = client.query_one(moved, &[]).await.unwrap();
    assert_eq!(moved.get::<_, i64>(0), 1);
    let refused = room
        .store("file.db")
        .load(room.file("1"))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("only PostgreSQL can take it"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_dump_has_every_table_and_column_of_the_file() {
    let room = Room::new();
    drop(opened(&room.store("data.db")).await);
    let dump = room.dump(&room.store("data.db"), "dump").await;
    let client = rusqlite::Connection::open(room.file("data.db")).unwrap();
    let all = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'";
    let mut query = client.prepare(all).unwrap();
    let columns = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let columns: Vec<(String, String)> = columns.unwrap().map(Result::unwrap).collect();
    let derived = [
        "ledger_accounts",
        "ledger_entries",
        "ledger_transfers",
        "generation_accounts",
        "generation_size",
        "sqlite_sequence",
    ];
    has_all(&dump, columns, &derived);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_dump_has_every_table_and_column_of_the_database() {
    let room = Room::new();
    let url = crate::postgres::server::Server::shared()
        .await
        .database()
        .await;
    let dump = room.dump(&url.parse().unwrap(), "dump").await;
    let client = crate::postgres::server::connect(&url).await.unwrap();
    let all = "SELECT table_name::text, column_name::text FROM information_schema.columns
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'swan' AND table_type = 'BASE TABLE'";
    let rows = client.query(all, &[]).await.unwrap();
    let columns = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let derived = [
        "ledger_accounts",
        "ledger_entries",
        "ledger_transfers",
        "schema_version",
        "generation_size",
        "document_numbers",
        "changes",
        "low_balances",
    ];
    has_all(&dump, columns, &derived);
}

/// A table that is new has to be in the list of the dump, or among those that follow from others.
fn has_all(dump: &[u8], columns: Vec<(String, String)>, derived: &[&str]) {
    assert!(columns.len() > 50, "{columns:?}");
    for (table, column) in columns {
        if derived.contains(&table.as_str()) {
            continue;
        }
        for name in [&table, &column] {
            let name = if (table.as_str(), name.as_str()) == ("sessions", "user") {
                "user_id"
            } else {
                name
            };
            let written = [&[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
            let is_there = dump.windows(written.len()).any(|window| window == written);
            assert!(
                is_there,
                "`{table}.{column}` is missing in src/store/dump/tables.rs"
            );
        }
    }
}

#[tokio::test]
async fn what_is_damaged_is_not_loaded_even_in_part() {
    let room = Room::new();
    let file = room.filled("data.db").await;
    let dump = room.dump(&file, "dump").await;
    let target = room.store("target.db");
    let refused = async |bytes: &[u8], expected: &str, why: &str| {
        let damaged = room.file("damaged");
        std::fs::write(&damaged, bytes).unwrap();
        let error = target.load(&damaged).await.expect_err(why);
        assert!(error.to_string().contains(expected), "{why}: {error}");
    };
    for n in (0..40).map(|n| 9 + n * (dump.len() - 10) / 39) {
        refused(&dump[..n], "is cut off", "cut").await;
        let mut flipped = dump.clone();
        flipped[n] ^= 0x10;
        refused(&flipped, "", "flipped").await;
    }
    refused(
        &[&dump[..], b"x"].concat(),
        "goes on after its end",
        "longer",
    )
    .await;
    refused(&dump[..7], "it is no dump of a store", "short").await;
    refused(
        b"SWANDUMP\x02",
        "it has format 2, and this program knows 1",
        "newer",
    )
    .await;
    refused(
        &std::fs::read(room.file("data.db")).unwrap(),
        "it is no dump",
        "a database",
    )
    .await;
    let missing = target.load(room.file("missing")).await.unwrap_err();
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
    target
        .load(room.file("dump"))
        .await
        .expect("the store is still empty");
    assert!(room.dump(&target, "again").await == dump);
}

#[tokio::test]
async fn nothing_is_written_over_and_no_hub_disturbed() {
    let room = Room::new();
    let file = room.filled("data.db").await;
    room.dump(&file, "dump").await;
    let again = file.dump(room.file("dump")).await.unwrap_err();
    assert!(again.to_string().contains("it is there already"), "{again}");
    let full = file.load(room.file("dump")).await.unwrap_err();
    assert!(full.to_string().contains("in `journal` already"), "{full}");
    let empty = room.store("empty.db");
    let hub = opened(&empty).await;
    let lease = hub.lease().await.unwrap();
    let leased = empty.load(room.file("dump")).await;
    assert!(
        matches!(leased, Err(StoreError::Leased { .. })),
        "{leased:?}"
    );
    drop(lease);
    empty.load(room.file("dump")).await.unwrap();
    let nothing = room
        .store("nothing.db")
        .dump(room.file("x"))
        .await
        .unwrap_err();
    assert!(
        nothing.to_string().contains("there is no such file"),
        "{nothing}"
    );
    let memory = StorePlace::Memory
        .load(room.file("dump"))
        .await
        .unwrap_err();
    assert!(memory.to_string().contains("memory"), "{memory}");
    assert!(!room.file("x").exists() && !room.file("x.partial").exists());
}

#[tokio::test]
async fn a_hub_that_runs_is_dumped_and_goes_on_elsewhere() {
    let room = Room::new();
    let (old, new) = (room.store("old.db"), room.store("new.db"));
    let books = funded(opened(&old).await, 1_000).await;
    let settle = async |id: u128| {
        let hold = books.hold(request(id, 10)).unwrap();
        hold.settle(charge(7)).unwrap().durable().await.unwrap();
    };
    settle(1).await;
    let (code, said) = run("dump", &room.file("dump"), &old).await.unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{said}");
    settle(2).await;
    let (code, said) = run("load", &room.file("dump"), &new).await.unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{said}");
    assert!(said.contains("each currency sums to zero"), "{said}");
    let (moved, _) = open(opened(&new).await).await.unwrap();
    let left = |books: &swan_hub::ledger::Books| books.available(ACCOUNT, Currency::Usd).pico();
    assert_eq!((left(&books), left(&moved)), (986, 993));
}
