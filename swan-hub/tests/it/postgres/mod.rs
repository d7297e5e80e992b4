//! The store on a real PostgreSQL server.

pub(crate) mod command;
mod killed;
mod lease;
mod nodes;
pub(crate) mod server;
mod tls;

use std::sync::Arc;

use swan_core::{AccountId, Currency, KeyId, Timestamp};
use swan_hub::store::{
    Command, CommandKind, JournalRecord, KeyKind, KeyRecord, PostgresOptions, PostgresStore,
    Secret, Store, StoreError, conformance,
};

use self::server::{Server, connect};

pub(crate) async fn open(url: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(&url.parse()?, PostgresOptions::default()).await
}

fn record(first_seq: u64) -> JournalRecord {
    JournalRecord {
        first_seq,
        count: 1,
        body: first_seq.to_be_bytes().to_vec(),
    }
}

#[tokio::test]
async fn the_postgres_store_conforms() {
    let url = Server::shared().await.database().await;
    let client = connect(&url).await.unwrap();
    conformance::all(async || {
        let empty = "DROP SCHEMA IF EXISTS swan CASCADE";
        client.batch_execute(empty).await.unwrap();
        Arc::new(open(&url).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn a_database_keeps_everything() {
    let url = Server::shared().await.database().await;
    conformance::fill(&open(&url).await.unwrap()).await;
    conformance::reopened(&open(&url).await.unwrap()).await;
}

#[tokio::test]
async fn two_that_open_a_new_database_at_once_see_each_other() {
    let url = Server::shared().await.database().await;
    let (hub, tool) = tokio::join!(open(&url), open(&url));
    let (hub, tool) = (hub.unwrap(), tool.unwrap());
    let lease = hub.lease().await.unwrap();
    assert!(matches!(tool.lease().await, Err(StoreError::Leased { .. })));

    let before = hub.version().await.unwrap();
    let kind = KeyKind::Admin;
    let secret = Secret::generate(kind).unwrap();
    let record = KeyRecord {
        id: KeyId::from_u128(9),
        kind,
        name: "ops".into(),
        created: Timestamp::from_millis(1),
        revoked: None,
        limits: swan_hub::KeyLimits::default(),
    };
    tool.put_key(&secret.hash(), &record).await.unwrap();
    assert_ne!(hub.version().await.unwrap(), before);
    assert_eq!(hub.keys().await.unwrap(), [(secret.hash(), record)]);
    drop(lease);
    tool.lease().await.unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_be_used_says_why() {
    let server = Server::shared().await;
    let admin = server.client("postgres").await;
    let roles = "CREATE ROLE asked LOGIN PASSWORD 's3cret'; CREATE ROLE guest LOGIN";
    admin.batch_execute(roles).await.unwrap();
    let prepared = async |script: &str| {
        let url = server.database().await;
        let client = connect(&url).await.unwrap();
        client.batch_execute(script).await.unwrap();
        url
    };
    let newer = server.database().await;
    open(&newer).await.unwrap();
    let version = "UPDATE swan.schema_version SET version = 99";
    let client = connect(&newer).await.unwrap();
    client.batch_execute(version).await.unwrap();
    let read_only = prepared(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
    );
    let somewhere = server.url("postgres");
    let asked = |password: &str| somewhere.replace("postgres@", &format!("asked{password}@"));
    for (url, expected, retryable) in [
        (
            newer,
            "schema version 99, and this program knows versions up to 9",
            false,
        ),
        (
            prepared("CREATE SCHEMA swan; CREATE TABLE swan.t (x int)").await,
            "belongs to another program",
            false,
        ),
        (
            prepared("").await.replace("postgres@", "guest@"),
            "may not make its tables",
            false,
        ),
        (read_only.await, "it is read-only", false),
        (server.url("nothing"), "there is no such database", false),
        (asked(""), "the server asks for a password", false),
        (asked(":wr0ng"), "the server refuses this user", false),
        (
            asked(":s3cret").replace("/postgres", "/postgres?password_file=/no/such/file"),
            "password_file /no/such/file cannot be read",
            false,
        ),
        (
            "postgres://swan:s3cret@127.0.0.1:1/swan".into(),
            "cannot be reached",
            true,
        ),
    ] {
        let error = open(&url).await.unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(error.to_string().contains(expected), "{url}: {error}");
        assert_eq!(error.is_retryable(), retryable, "{url}");
        assert!(
            !said.contains("s3cret") && !said.contains("wr0ng"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_password_may_come_from_a_file() {
    let server = Server::shared().await;
    let url = server.database().await;
    let client = connect(&url).await.unwrap();
    let user = "CREATE ROLE asked_too LOGIN PASSWORD 's3cret' IN ROLE pg_read_all_data;
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO asked_too', current_database()); END $$";
    client.batch_execute(user).await.unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "s3cret\n").unwrap();
    let url = url.replace("postgres@", "asked_too@");
    let url = format!("{url}?password_file={}", file.display());
    let store = open(&url).await.unwrap();
    store.append(&record(1)).await.unwrap();
}

#[tokio::test]
async fn what_the_server_lacks_is_named_and_goes_by() {
    let url = Server::shared().await.database().await;
    let store = open(&url).await.unwrap();
    let client = connect(&url).await.unwrap();
    for (code, expected) in [
        ("53100", "the disk of the database server is full"),
        ("25006", "the database has become read-only"),
        ("53300", "takes no more connections"),
    ] {
        let script = format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON swan.journal FOR EACH ROW EXECUTE FUNCTION refuse()"
        );
        client.batch_execute(&script).await.unwrap();
        let error = store.append(&record(1)).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{code}: {error}");
        assert!(error.is_retryable(), "{code}");
        assert_eq!(store.read(1, 1).await.unwrap(), [], "reading goes on");
        let forget = "DROP FUNCTION refuse CASCADE";
        client.batch_execute(forget).await.unwrap();
    }
    store.append(&record(1)).await.unwrap();

    let options = PostgresOptions::default().with_answer_wait(std::time::Duration::from_secs(1));
    let hasty = PostgresStore::open(&url.parse().unwrap(), options)
        .await
        .unwrap();
    client
        .batch_execute("BEGIN; LOCK TABLE swan.journal")
        .await
        .unwrap();
    let late = hasty.append(&record(2)).await.unwrap_err();
    assert!(
        late.to_string().contains("did not answer in time"),
        "{late}"
    );
    assert!(late.is_retryable());
    client.batch_execute("COMMIT").await.unwrap();
    hasty.append(&record(2)).await.unwrap();
}

#[tokio::test]
async fn sql_reads_amounts_as_decimals() {
    let url = Server::shared().await.database().await;
    let store = open(&url).await.unwrap();
    let amounts = ["-0.000000000001", "999999999999999.999999999999", "5.5"];
    for (id, amount) in (1..).zip(amounts) {
        let kind = CommandKind::Grant {
            account: AccountId::from_u128(7),
            currency: Currency::Usd,
            amount: amount.parse().unwrap(),
            note: "n".into(),
        };
        let sent = Timestamp::from_millis(1_000);
        store
            .push_command(&Command { id, sent, kind })
            .await
            .unwrap();
    }
    let client = connect(&url).await.unwrap();
    let readable =
        "SELECT account, currency, amount::text FROM swan.inbox_readable ORDER BY number";
    let rows = client.query(readable, &[]).await.unwrap();
    for (row, amount) in rows.iter().zip([
        "-0.000000000001",
        "999999999999999.999999999999",
        "5.500000000000",
    ]) {
        assert_eq!(row.get::<_, &str>(0), AccountId::from_u128(7).to_string());
        assert_eq!(
            (row.get::<_, &str>(1), row.get::<_, &str>(2)),
            ("USD", amount)
        );
    }
    assert_eq!(rows.len(), 3);
}
