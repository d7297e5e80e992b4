//! The commands of the `swan-hub` binary.
//!
//! Results go to standard output, words to standard error, and exit codes mean something: 0 done, 1 failed, 2 wrong use.

mod account;
mod admin;
mod audit;
#[cfg(feature = "postgres")]
mod audit_nodes;
mod backup;
mod benchmark;
mod chain;
mod collateral;
mod collateral_table;
mod dev;
mod dump;
mod exchange;
mod explain;
mod external_args;
mod invoice;
mod key;
mod ledgers;
mod limit_flags;
mod logs;
mod obeyed;
mod payout;
mod policy;
mod policy_file;
mod provider;
mod receipt;
mod reload;
mod report;
mod serve;
mod signals;
mod sockets;
mod statement;
mod store_args;
#[cfg(unix)]
mod succession;
mod table;
mod tabulate;
mod topup;
mod usage;

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

pub use account::AccountArgs;
pub use admin::{AdminCommand, AdminError, Place, Terminal};
pub use audit::AuditArgs;
pub use backup::{BackupArgs, RestoreArgs};
pub use chain::ChainArgs;
pub use collateral::CollateralArgs;
pub use dump::{DumpArgs, LoadArgs};
pub use exchange::ExchangeArgs;
pub use explain::ExplainArgs;
pub use invoice::{BillingArgs, InvoiceArgs};
pub use key::{KeyArgs, KeyKindArg};
use logs::{LogFormat, Logs};
pub use payout::PayoutArgs;
pub use policy::PolicyArgs;
pub use provider::ProviderArgs;
pub use receipt::ReceiptArgs;
pub use report::ReportArgs;
pub use statement::StatementArgs;
pub use tabulate::TabulateArgs;
pub use topup::TopupArgs;
pub use usage::UsageArgs;

use crate::error::{ConfigError, HubError};
use crate::seams::SystemClock;
use crate::store::StoreError;

/// A market hub for AI inference: prices, holds, routes, relays and settles requests.
#[derive(Debug, Parser)]
#[command(name = "swan-hub", version, propagate_version = true)]
struct Cli {
    /// How log lines are written
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring up a whole market on this machine: hub, keys with test credit, and a provider
    Dev(dev::Args),
    /// Run a hub
    Serve(serve::Args),
    /// Ask any OpenAI-compatible server what a provider is asked, and grade it
    Benchmark(benchmark::Args),
    #[command(flatten)]
    Admin(AdminCommand),
}

/// Why a hub does not run: one line for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CliError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Benchmark(#[from] benchmark::BenchmarkError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Backends(#[from] dev::BackendsError),
    #[error(transparent)]
    Provider(#[from] swan_provider::ProviderError),
    #[error("the provider of this market has stopped by itself; SWAN_LOG=info shows more")]
    ProviderEnded,
    #[error("stopped by a second signal before the requests under way had ended")]
    Impatient,
}

impl CliError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Hub(HubError::Config(_)) => ExitCode::from(2),
            Self::Admin(error) => error.exit_code(),
            Self::Benchmark(error) => error.exit_code(),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Runs the command that the process was started with.
#[must_use]
#[expect(clippy::print_stderr, reason = "words for people go to standard error")]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no reason to fail: what was asked for was shown.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let logs = Logs::start(cli.log_format);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("swan-hub: cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime
        .block_on(run(cli.command, logs))
        .unwrap_or_else(|error| {
            eprintln!("swan-hub: {error}");
            error.exit_code()
        })
}

/// One core is left to the thread of the store, for which every answer waits, unless `TOKIO_WORKER_THREADS` says otherwise:
/// tasks of a hub wake each other all the time, the cheaper the fewer threads they are spread over.
fn runtime() -> std::io::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        builder.worker_threads(cores.saturating_sub(1).max(1));
    }
    builder.enable_all().build()
}

async fn run(command: Command, logs: Logs) -> Result<ExitCode, CliError> {
    match command {
        Command::Dev(args) => {
            Box::pin(dev::run(args)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve(args) => {
            Box::pin(serve::run(args, logs)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Benchmark(args) => Ok(Box::pin(benchmark::run(args)).await?),
        Command::Admin(command) => {
            let mut terminal = Terminal {
                out: &mut std::io::stdout(),
                err: &mut std::io::stderr(),
                clock: Arc::new(SystemClock::new()),
            };
            Ok(Box::pin(command.run(&mut terminal)).await?)
        }
    }
}
