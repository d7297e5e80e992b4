//! One command that brings up a whole market on this machine: a hub on a SQLite file, its keys, and a provider that
//! connects over the real WebSocket.

mod backends;
mod credentials;
mod greeting;
mod provider;
mod snippets;

use std::net::SocketAddr;
use std::path::PathBuf;

use swan_provider::EchoBackend;
use tokio::net::TcpListener;

pub(super) use self::backends::BackendsError;
use self::greeting::Greeting;
use self::provider::LocalProvider;
use super::external_args::ExternalArgs;
use super::serve::{self, listen};
use super::{CliError, signals, store_args};
use crate::config::Config;
use crate::error::HubError;
use crate::market::Signup;

/// What `swan-hub dev` can be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the hub's data; keys and credit last as long as it does
    #[arg(long, value_name = "DIR", default_value = "./swan-data")]
    data_dir: PathBuf,
    /// Where consumers are served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8100")]
    listen: String,
    /// Where providers connect
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    provider_listen: String,
    /// A model server to offer, such as http://127.0.0.1:8080; can be repeated [default: those found on this machine]
    #[arg(long = "backend", value_name = "URL")]
    backends: Vec<String>,
    #[command(flatten)]
    external: ExternalArgs,
}

/// Runs the market until Ctrl-C or SIGTERM, then drains; a second signal ends it at once.
pub(crate) async fn run(args: Args) -> Result<(), CliError> {
    let mut config = Config {
        data_dir: args.data_dir,
        ..Config::default()
    };
    // On this machine, whoever tries it out should be able to try all of it.
    config.market.signup = Signup::Open;
    args.external.apply(&mut config)?;
    let consumers = listen(&args.listen, "--listen").await?;
    let providers = listen(&args.provider_listen, "--provider-listen").await?;
    let (api, socket) = (address(&consumers)?, address(&providers)?);
    let backends = backends::choose(&args.backends).await?;
    let store = store_args::open(&config).await?;
    let hub = serve::build(&config, store).await?;
    let credentials = credentials::prepare(&hub, &config.data_dir).await?;

    let stop = async {
        signals::stop().await;
        say("draining; once more stops at once");
    };
    let serving = hub.serve(consumers, Some(providers), stop, config.drain);
    tokio::pin!(serving);
    let mut provider = LocalProvider::start(socket, &credentials, &backends, &config.data_dir)?;
    let market = async {
        let offered = provider
            .first_models(backends.echo.then_some(EchoBackend::MODEL))
            .await?;
        let greeting = Greeting {
            api,
            socket,
            credentials: &credentials,
            backends: &backends,
        };
        greeting.print(&hub, &offered);
        provider.watch().await
    };
    tokio::select! {
        served = &mut serving => served?,
        // The provider ends by itself only when the hub refuses it, and a market without one is of no use here.
        ended = market => return ended,
        () = serve::twice() => return Err(CliError::Impatient),
    }
    provider.stop().await;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "words for people go to standard error")]
fn say(what: &str) {
    eprintln!("swan-hub: {what}");
}

/// Where a listener can be reached from this machine.
fn address(listener: &TcpListener) -> Result<SocketAddr, HubError> {
    let mut address = listener.local_addr().map_err(|source| HubError::Listen {
        address: "the chosen address".to_owned(),
        flag: "--listen",
        source,
    })?;
    if address.ip().is_unspecified() {
        let loopback = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    Ok(address)
}
