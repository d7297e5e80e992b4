//! A whole hub in memory: one consumer with $5, one provider key, and the router that serves both.
//!
//! ```console
//! $ cargo run -p swan-examples --bin hub_minimal
//! $ swan-provider run --hub ws://127.0.0.1:8100 --key sk-prov-… --backend http://127.0.0.1:8080
//! ```
//!
//! `SWAN_LISTEN` chooses another address.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::time::Duration;

use swan_core::{AccountId, Currency, ProviderId, TransferId};
use swan_examples::keys::issue;
use swan_hub::Hub;
use swan_hub::store::KeyKind;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hub = Hub::builder().build().await?;
    let account = AccountId::from_u128(1);
    let consumer = issue(&hub, KeyKind::Consumer(account), "alice", 1).await?;
    let provider = issue(
        &hub,
        KeyKind::Provider(ProviderId::from_u128(1)),
        "gpu-1",
        2,
    )
    .await?;
    let credit = TransferId::from_u128(1);
    hub.books()
        .grant(credit, account, Currency::Usd, "5".parse()?, "welcome")
        .await
        .map(drop)?;

    let address = std::env::var("SWAN_LISTEN").unwrap_or_else(|_| "127.0.0.1:8100".to_owned());
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    println!(
        "consumer key {}\nprovider key {}",
        consumer.expose(),
        provider.expose()
    );
    println!(
        "http://{address}/v1 for consumers, ws://{address}/ws for providers; Ctrl-C drains and stops"
    );
    let stop = async {
        // Without a handler for Ctrl-C the system's own default ends the program.
        let _ = tokio::signal::ctrl_c().await;
    };
    hub.serve(listener, None, stop, Duration::from_secs(30))
        .await?;
    Ok(())
}
