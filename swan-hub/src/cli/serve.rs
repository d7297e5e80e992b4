//! Runs a hub.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::external_args::ExternalArgs;
use super::policy_file::load_policy;
use super::store_args::{self, StoreArgs};
use super::{CliError, signals};
use crate::config::Config;
use crate::error::HubError;
use crate::hub::Hub;
use crate::seams::FixedPrice;
use crate::store::Store;

/// What `swan-hub serve` can be told; flags win over `SWAN_*` variables, which win over the file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A configuration file in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The economics: a built-in policy (swan-2.0, swan-1.0) or a file [default: swan-2.0]
    #[arg(long, value_name = "NAME|FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// Where consumers are served [default: 0.0.0.0:8100]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where providers connect [default: 0.0.0.0:8081]
    #[arg(long, value_name = "ADDR")]
    provider_listen: Option<String>,
    #[command(flatten)]
    external: ExternalArgs,
}

/// Serves until Ctrl-C or SIGTERM, then drains; a second signal ends it at once.
pub(crate) async fn run(args: Args) -> Result<(), CliError> {
    let mut config = Config::load(args.config.as_deref(), std::env::vars())?;
    args.store.apply(&mut config);
    args.external.apply(&mut config)?;
    config.policy = args.policy.or(config.policy);
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if let Some(listen) = args.provider_listen {
        config.provider_listen = listen;
    }
    // Ports first: a second hub on the same machine should hear of them before it touches the store.
    let consumers = listen(&config.listen, "--listen").await?;
    let providers = listen(&config.provider_listen, "--provider-listen").await?;
    let store = store_args::open(&config).await?;
    let hub = build(&config, store).await?;
    announce(&consumers, &providers);
    let served = hub.serve(consumers, Some(providers), signals::stop(), config.drain);
    tokio::select! {
        served = served => Ok(served?),
        () = twice() => Err(CliError::Impatient),
    }
}

/// The hub that a configuration describes.
pub(crate) async fn build(config: &Config, store: Arc<dyn Store>) -> Result<Hub, CliError> {
    let mut builder = Hub::builder()
        .with_store(store)
        .with_limits(config.limits.clone())
        .with_key_rules(config.keys.clone())
        .with_idempotency(config.idempotency)
        .with_generations(config.generations)
        .with_market(config.market.clone());
    if let Some(path) = &config.policy {
        builder = builder.with_policy(load_policy(path)?);
    }
    if let Some(rate) = config.usd_per_swan {
        builder = builder.with_price_oracle(Arc::new(FixedPrice::new(rate)));
    }
    builder = builder.with_strategies(config.routing.clone());
    for external in &config.external {
        builder = builder.with_external(external.resolve(|name| std::env::var(name).ok())?);
    }
    Ok(builder.build().await?)
}

/// Listens on `address`; the error names the flag that chooses another.
pub(crate) async fn listen(address: &str, flag: &'static str) -> Result<TcpListener, HubError> {
    let address = address.to_owned();
    TcpListener::bind(&address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => HubError::AddressInUse { address, flag },
            _ => HubError::Listen {
                address,
                flag,
                source,
            },
        })
}

#[expect(clippy::print_stderr, reason = "words for people go to standard error")]
fn announce(consumers: &TcpListener, providers: &TcpListener) {
    let at = |listener: &TcpListener| match listener.local_addr() {
        Ok(address) => address.to_string(),
        Err(_) => "an unknown address".to_owned(),
    };
    eprintln!(
        "swan-hub: consumers at http://{}/v1, providers at ws://{}/ws",
        at(consumers),
        at(providers)
    );
}

pub(super) async fn twice() {
    signals::stop().await;
    signals::stop().await;
}
