//! Flags and environment.

use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;
use swan_core::routing::DataPolicy;

/// Serve your model server to a Swan hub.
#[derive(Debug, Parser)]
#[command(
    name = "swan-provider",
    version,
    after_help = "Exit status: 0 done or stopped as asked, 1 failed, 2 unusable setting, 3 the hub refuses the key, \
                  4 no model to serve."
)]
pub(super) struct Args {
    /// Log each request too (or set SWAN_LOG to a tracing filter).
    #[arg(long, short, global = true)]
    pub(super) verbose: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Connect to a hub and serve until stopped.
    Run(RunArgs),
    /// Show the models that would be served.
    Models(ModelsArgs),
    /// Check hub, key, machine and backends, and say what to do.
    Doctor(DoctorArgs),
    /// Show the public key with which this node signs what it serves; makes the key when there is none
    Key(KeyArgs),
}

/// Where this node keeps what is its own.
#[derive(Debug, ClapArgs)]
pub(super) struct KeyArgs {
    /// Where the node's id and its signing key are kept.
    #[arg(long, env = "SWAN_DATA_DIR", value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// The file of the signing key; signing_key in the folder above unless given.
    #[arg(long, env = "SWAN_SIGNING_KEY", value_name = "FILE")]
    pub(super) signing_key: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct RunArgs {
    /// The hub, such as wss://hub.example or ws://127.0.0.1:8081.
    #[arg(long, env = "SWAN_HUB", value_name = "URL")]
    pub(super) hub: String,
    /// The provider key. Other users of this machine can see flags: prefer the variable.
    #[arg(
        long,
        env = "SWAN_PROVIDER_KEY",
        value_name = "sk-prov-…",
        hide_env_values = true
    )]
    pub(super) key: String,
    #[command(flatten)]
    pub(super) sources: SourceArgs,
    /// Requests at once for each model on each backend.
    #[arg(long, env = "SWAN_CONCURRENCY", value_name = "N", default_value_t = 10)]
    pub(super) concurrency: u32,
    /// Requests at once over all models.
    #[arg(
        long,
        env = "SWAN_MAX_IN_FLIGHT",
        value_name = "N",
        default_value_t = 200
    )]
    pub(super) max_in_flight: u32,
    /// What becomes of prompts and answers here: allow (they may be kept), deny (they are not collected) or zero_retention
    /// (nothing is kept beyond the request). Consumers can ask for those who promise; nothing is promised unless given.
    #[arg(long, env = "SWAN_DATA_COLLECTION", value_name = "WORD", value_parser = data_policy)]
    pub(super) data_collection: Option<DataPolicy>,
    /// The name that the hub shows; this machine's name unless given.
    #[arg(long, env = "SWAN_NODE_NAME", value_name = "NAME")]
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) own: KeyArgs,
    /// The hub's HTTP address, when it is not that of its socket.
    #[arg(long, env = "SWAN_HUB_HTTP", value_name = "URL")]
    pub(super) hub_http: Option<String>,
    /// Seconds that running requests get to finish when stopping.
    #[arg(
        long,
        env = "SWAN_DRAIN_SECS",
        value_name = "SECONDS",
        default_value_t = 30
    )]
    pub(super) drain_secs: u64,
    /// Speak the JSON dialect of the public network, even to a hub that knows the better one.
    #[arg(long, env = "SWAN_V1_ONLY")]
    pub(super) v1_only: bool,
}

/// What to serve. Without any of these, model servers are looked for on this machine.
#[derive(Debug, ClapArgs)]
pub(super) struct SourceArgs {
    /// A model server; repeat it for several.
    #[arg(
        long = "backend",
        env = "SWAN_BACKEND",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub(super) backends: Vec<String>,
    /// The API key that these backends ask for.
    #[arg(
        long,
        env = "SWAN_BACKEND_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(super) backend_key: Option<String>,
    /// A models.json as the public Swan agent has it; read again when it changes.
    #[arg(long, env = "SWAN_MODELS_JSON", value_name = "FILE")]
    pub(super) models_json: Option<PathBuf>,
    /// Serve the built-in echo model, for trying things out without a model server.
    #[arg(long)]
    pub(super) echo: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ModelsArgs {
    #[command(flatten)]
    pub(super) sources: SourceArgs,
    /// For programs.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct DoctorArgs {
    /// The hub; without it, only this machine is checked.
    #[arg(long, env = "SWAN_HUB", value_name = "URL")]
    pub(super) hub: Option<String>,
    /// The provider key.
    #[arg(
        long,
        env = "SWAN_PROVIDER_KEY",
        value_name = "sk-prov-…",
        hide_env_values = true
    )]
    pub(super) key: Option<String>,
    /// The hub's HTTP address, when it is not that of its socket.
    #[arg(long, env = "SWAN_HUB_HTTP", value_name = "URL")]
    pub(super) hub_http: Option<String>,
    #[command(flatten)]
    pub(super) sources: SourceArgs,
    #[command(flatten)]
    pub(super) own: KeyArgs,
}

fn data_policy(word: &str) -> Result<DataPolicy, &'static str> {
    match DataPolicy::declared(word) {
        DataPolicy::Undeclared => Err("expected allow, deny or zero_retention"),
        known => Ok(known),
    }
}
