//! The shape of the public interface, and what lies below it.

use std::fmt::Debug;
use std::process::Command;
use std::time::Duration;

use swan_core::{Currency, RevenueSplit, RoutingStrategy, TransferId};
use swan_hub::ledger::{Books, BooksOptions, Hold, LedgerError, Recovery, Settled};
use swan_hub::store::{
    AuthError, KeyRing, Lease, MemoryStore, Secret, SqliteOptions, SqliteStore, Store, StoreError,
    StorePlace, Watch,
};
use swan_hub::{
    AttemptRecord, AuthenticateError, Authenticator, Config, ConfigError, ConnectionMode, Consumer,
    Durability, Entropy, EventSink, ExternalConfig, ExternalError, FixedPrice, Hedging, Hub,
    HubBuilder, HubError, Limits, Outcome, PriceOracle, RequestRecord, SystemClock, SystemEntropy,
    TracingSink,
};

fn shared<T: Debug + Send + Sync + 'static>() {}
fn handle<T: Debug + Clone + Send + Sync + 'static>() {}
fn word<T: Debug + Copy + Eq + Send + Sync + 'static>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}
fn spawnable<F: Future + Send>(_: &F) {}

#[test]
fn types_can_be_shared_and_shown() {
    handle::<Hub>();
    handle::<Books>();
    handle::<KeyRing>();
    handle::<MemoryStore>();
    handle::<SqliteStore>();
    handle::<StorePlace>();
    handle::<Config>();
    handle::<Limits>();
    handle::<ExternalConfig>();
    handle::<RequestRecord>();
    handle::<AttemptRecord>();
    handle::<BooksOptions>();
    handle::<SqliteOptions>();
    handle::<Consumer>();
    handle::<Recovery>();
    word::<Durability>();
    word::<Hedging>();
    word::<Outcome>();
    word::<ConnectionMode>();
    shared::<HubBuilder>();
    shared::<Hold>();
    shared::<Settled>();
    shared::<Lease>();
    shared::<Secret>();
    shared::<Watch>();
    shared::<SystemClock>();
    shared::<SystemEntropy>();
    shared::<FixedPrice>();
    shared::<TracingSink>();
    shared::<Box<dyn Store>>();
    shared::<Box<dyn Authenticator>>();
    shared::<Box<dyn EventSink>>();
    shared::<Box<dyn Entropy>>();
    shared::<Box<dyn PriceOracle>>();
    shared::<Box<dyn RoutingStrategy>>();
    shared::<Box<dyn RevenueSplit>>();
    error::<HubError>();
    error::<ConfigError>();
    error::<ExternalError>();
    error::<LedgerError>();
    error::<StoreError>();
    error::<AuthenticateError>();
    error::<AuthError>();
}

#[tokio::test]
async fn futures_can_be_spawned() {
    let build = Hub::builder().build();
    spawnable(&build);
    let hub = build.await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    spawnable(&hub.serve(listener, None, async {}, Duration::ZERO));
    spawnable(&hub.drain(Duration::ZERO));
    let books = hub.books();
    let (id, account) = (TransferId::from_u128(1), swan_core::AccountId::from_u128(1));
    spawnable(&books.grant(id, account, Currency::Usd, swan_core::Amount::ZERO, ""));
    spawnable(&books.flush());
    spawnable(&books.close());
    spawnable(&hub.keys().refresh(&**hub.store()));
}

/// Who embeds the hub gets neither its command line nor what only that needs, nor a second HTTP client.
#[test]
fn the_library_does_not_pull_in_the_command() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--no-default-features", "--features", "sqlite,conformance"])
        .args(["--format", "{p}", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    let listing = String::from_utf8_lossy(&tree.stdout);
    let crates: Vec<&str> = listing
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let said = String::from_utf8_lossy(&tree.stderr);
    assert!(crates.contains(&"swan-core"), "{listing}{said}");
    for name in [
        "swan-provider",
        "swan-client",
        "clap",
        "tracing-subscriber",
        "reqwest",
    ] {
        assert!(!crates.contains(&name), "the library depends on {name}");
    }
}
