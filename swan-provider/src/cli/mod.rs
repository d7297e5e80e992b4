//! The command line: `run`, `models`, `doctor`, `key`.

mod args;
mod doctor;
mod key;
mod models;
mod run;
mod sources;

use crate::ProviderError;
use args::{Args, Command};
use clap::Parser;
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};
use tokio::runtime::Runtime;

/// What the command's exit status says; the list stands in `--help` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Done, or stopped as asked.
    Done = 0,
    /// Something is wrong that none of the others name.
    Failed = 1,
    /// A flag, a variable or a file has a value that cannot be used.
    Usage = 2,
    /// The hub refuses the key or the provider.
    Refused = 3,
    /// There is no model to serve.
    NothingToServe = 4,
}

/// Runs the `swan-provider` command with the arguments and environment of this process.
///
/// The exit status is 0 when done or stopped as asked, 1 when something failed, 2 for an unusable setting, 3 when the
/// hub refuses the key, 4 when there is no model to serve.
#[must_use]
pub fn run_command() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(shown) => {
            let _ = shown.print();
            return ExitCode::from(u8::try_from(shown.exit_code()).unwrap_or(2));
        }
    };
    log_to_stderr(args.verbose);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!(
                "the system gives this program no threads: {error}"
            ));
            return ExitCode::from(Exit::Failed as u8);
        }
    };
    let exit = runtime.block_on(dispatch(args.command));
    // A tool that hangs in the background must not hold up the end.
    runtime.shutdown_background();
    ExitCode::from(exit as u8)
}

/// One thread, unless `TOKIO_WORKER_THREADS` says otherwise: it passes on thousands of answers a second, and each that were woken to
/// help it would cost more than its help, most of all where one request is alone.
fn runtime() -> io::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        builder.worker_threads(1);
    }
    builder.enable_all().build()
}

async fn dispatch(command: Command) -> Exit {
    let outcome = match command {
        Command::Run(run) => run::run(run).await,
        Command::Models(models) => models::models(models).await,
        Command::Doctor(doctor) => doctor::doctor(doctor).await,
        Command::Key(key) => key::key(&key),
    };
    outcome.unwrap_or_else(|error| {
        complain(&error.to_string());
        advise(&error);
        exit_of(&error)
    })
}

const fn exit_of(error: &ProviderError) -> Exit {
    match error {
        ProviderError::Refused { .. } => Exit::Refused,
        ProviderError::NothingToServe => Exit::NothingToServe,
        ProviderError::Setting { .. }
        | ProviderError::ModelsFile { .. }
        | ProviderError::State { .. }
        | ProviderError::SigningKey { .. } => Exit::Usage,
    }
}

/// What to do, where the error itself does not say it.
fn advise(error: &ProviderError) {
    match error {
        ProviderError::Refused { .. } => {
            say(
                "check the key, or ask the hub's operator for one; `swan-provider doctor` shows more",
            );
        }
        ProviderError::State { .. } => say("name a folder that can be written with --data-dir"),
        _ => {}
    }
}

/// A word for people, apart from what a script may capture.
fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}

fn complain(words: &str) {
    say(&format!("swan-provider: {words}"));
}

/// A line for people and programs alike. A reader that went away wants no more of it.
fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn log_to_stderr(verbose: bool) {
    let default = if verbose {
        "swan_provider=debug,info"
    } else {
        "swan_provider=info,warn"
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("SWAN_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    // A program that embeds this command may have a subscriber already.
    let _ = subscriber.try_init();
}
