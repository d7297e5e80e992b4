//! Serves the built-in echo model to a hub: the smallest provider there is.
//!
//! ```sh
//! cargo run --bin swan-hub -- dev        # prints a provider key and its socket's address
//! SWAN_PROVIDER_KEY=sk-prov-... cargo run --bin provider_echo
//! ```
//!
//! `SWAN_HUB` names another hub than `ws://127.0.0.1:8081`. It prints what happens until Ctrl-C, then finishes what
//! runs and stops.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]

use std::{env, process::ExitCode, sync::Arc};
use swan_provider::{EchoBackend, Event, Observer, Provider, ProviderError};

#[derive(Debug)]
struct Printer;

impl Observer for Printer {
    fn on_event(&self, event: &Event) {
        println!("{event}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), ProviderError> {
    let hub = env::var("SWAN_HUB").unwrap_or_else(|_| "ws://127.0.0.1:8081".to_owned());
    let key = env::var("SWAN_PROVIDER_KEY").unwrap_or_default();
    Provider::builder(&hub, &key)
        .with_backend(EchoBackend::new())
        .with_name("echo example")
        .with_observer(Arc::new(Printer))
        .build()?
        .run(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
        .await
}
