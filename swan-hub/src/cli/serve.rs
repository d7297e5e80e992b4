//! Runs a hub.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use swan_core::Clock as _;
use tokio::net::TcpListener;

use super::external_args::ExternalArgs;
use super::logs::Logs;
use super::policy_file::load_policy;
use super::signals::Signals;
use super::store_args::{self, StoreArgs};
#[cfg(unix)]
use super::succession::Testator;
use super::{CliError, reload, signals, sockets};
use crate::builder::HubBuilder;
use crate::config::Config;
use crate::departure::Departure;
use crate::error::{ConfigError, HubError};
use crate::hub::Hub;
use crate::ledger::BooksOptions;
use crate::receipts::ReceiptSigner;
use crate::seams::{FixedPrice, SystemClock};
use crate::settings::Settings;
use crate::store::{Store, StorePlace};

/// How much longer than its drain a predecessor is waited for: it has its last words and its books to close.
const PREDECESSOR: Duration = Duration::from_secs(30);

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
    /// The name of this hub among several that share a PostgreSQL database [default: none, it is alone]
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Where consumers are served [default: 0.0.0.0:8100]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where providers connect [default: 0.0.0.0:8081]
    #[arg(long, value_name = "ADDR")]
    provider_listen: Option<String>,
    #[command(flatten)]
    external: ExternalArgs,
}

impl Args {
    /// What all sources say together.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        let mut config = Config::load(self.config.as_deref(), std::env::vars())?;
        self.store.apply(&mut config);
        self.external.apply(&mut config)?;
        config.policy = self.policy.clone().or(config.policy);
        if let Some(node) = &self.node {
            config.nodes.id = Some(crate::config::nodes::checked(node.clone())?);
        }
        if let Some(listen) = &self.listen {
            config.listen.clone_from(listen);
        }
        if let Some(listen) = &self.provider_listen {
            config.provider_listen.clone_from(listen);
        }
        Ok(config)
    }
}

/// Serves until Ctrl-C or SIGTERM, then drains; a second signal ends it at once. SIGHUP reads the configuration anew, SIGUSR2
/// starts a successor and drains once that is ready.
pub(crate) async fn run(args: Args, logs: Logs) -> Result<(), CliError> {
    let config = args.config()?;
    logs.set(config.log.as_deref())?;
    // From here on a SIGHUP or SIGUSR2 is a wish and not the end.
    let hang_ups = Signals::hang_up();
    #[cfg(unix)]
    let calls = Signals::user();
    // Ports first: a second hub on the same machine should hear of them before it touches the store.
    let opened = sockets::open(&config).await?;
    let sockets = opened.sockets;
    let mut books = books(&config);
    let store = store_args::open_for(&config, &mut books).await?;
    if opened.inherited {
        // The hub before this one may still be finishing; whoever connects meanwhile waits in the queue of the socket.
        books = books.with_lease_wait(config.drain.saturating_add(PREDECESSOR));
    }
    let builder = builder(&config, store)?.with_books(books);
    #[cfg(unix)]
    opened.readiness.say();
    let hub = builder.build().await?;
    sockets::announce(&sockets, logs.is_json());
    signals::notify("READY=1");
    let departure = Departure::within(config.drain).with_pause(config.drain_pause);
    #[cfg(unix)]
    let successor = Testator::of(&sockets, calls)?.succeeded();
    #[cfg(not(unix))]
    let successor = std::future::pending();
    let stop = async {
        tokio::select! {
            () = signals::stop() => signals::notify("STOPPING=1"),
            () = successor => {}
        }
        tracing::info!(target: "swan_hub::serve", in_flight = hub.in_flight(), "draining; once more stops at once");
    };
    let served = hub.serve_on(sockets, stop, departure);
    tokio::select! {
        served = served => Ok(served?),
        () = twice() => Err(CliError::Impatient),
        () = reload::on_signal(hang_ups, (&args, config), (&hub, &logs)) => Ok(()),
    }
}

/// The hub that a configuration describes.
pub(crate) async fn build(config: &Config, store: Arc<dyn Store>) -> Result<Hub, CliError> {
    Ok(builder(config, store)?.build().await?)
}

fn builder(config: &Config, store: Arc<dyn Store>) -> Result<HubBuilder, CliError> {
    let builder = Hub::builder();
    #[cfg(feature = "otel")]
    let builder = match config.otel.resolve(|name| std::env::var(name).ok())? {
        Some(telemetry) => builder.with_telemetry(telemetry),
        None => builder,
    };
    #[cfg(feature = "stripe")]
    let builder = match config.stripe.resolve()? {
        Some((stripe, options)) => {
            let stripe = crate::payments::stripe::Stripe::new(stripe)
                .map_err(|error| HubError::Build(error.to_string()))?;
            builder.with_payments(Arc::new(stripe), options)
        }
        None => builder,
    };
    #[cfg(feature = "chain")]
    let builder = match config.chain.resolve()? {
        Some((options, nodes)) => builder.with_deposits(options, nodes),
        None => builder,
    };
    Ok(builder
        .with_store(store)
        .with_books(books(config))
        .with_receipts(signer(config)?)
        .with_settings(settings(config)?)
        .with_idempotency(config.idempotency)
        .with_generations(config.generations))
}

fn books(config: &Config) -> BooksOptions {
    BooksOptions::default()
        .with_durability(config.durability)
        .with_snapshot_entries(config.snapshot_entries)
}

/// As whom the hub signs receipts. The keys lie beside the file of the store; without one they end with the process.
fn signer(config: &Config) -> Result<ReceiptSigner, CliError> {
    let beside = match &config.store {
        None => Some(config.data_dir.clone()),
        Some(url) => match url.parse()? {
            StorePlace::Sqlite(path) => path.parent().map(Path::to_owned),
            _ => None,
        },
    };
    let beside = beside.map(|folder| folder.join("receipt-keys.json"));
    let (hub, now) = (&config.receipts.hub, SystemClock::new().now());
    let signer = match config.receipts.key_file.clone().or(beside) {
        Some(path) => ReceiptSigner::open(hub, &path, now),
        None => {
            tracing::warn!(
                "receipts are signed with a key that ends with this process: name a file in receipts.key_file"
            );
            ReceiptSigner::generate(hub, now)
        }
    };
    signer.map_err(|error| HubError::Build(error.to_string()).into())
}

/// What of a configuration may change while the hub runs.
pub(super) fn settings(config: &Config) -> Result<Settings, ConfigError> {
    let mut settings = Settings::default().with_limits(config.limits.clone());
    if let Some(path) = &config.policy {
        settings = settings.with_policy(load_policy(path)?);
    }
    if let Some(rate) = config.usd_per_swan {
        settings = settings.with_price_oracle(Arc::new(FixedPrice::new(rate)));
    }
    if let Some(feed) = config.price_feed(|name| std::env::var(name).ok())? {
        settings = settings.with_price_feed(feed);
    }
    let resolve =
        |external: &crate::config::External| external.resolve(|name| std::env::var(name).ok());
    let external = config
        .external
        .iter()
        .map(resolve)
        .collect::<Result<_, _>>()?;
    Ok(settings
        .with_external(external)
        .with_strategies(config.routing.clone())
        .with_public_metrics(config.metrics.public)
        .with_key_rules(config.keys.clone())
        .with_queue(config.queue)
        .with_hedging(config.hedging)
        .with_market(config.market.clone()))
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

pub(super) async fn twice() {
    signals::stop().await;
    signals::stop().await;
}
