//! What is logged, and how.

use std::io::stderr;

use clap::ValueEnum;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt, reload};

use crate::error::ConfigError;

/// Warnings, and what an operator is told of the life of the process.
const DEFAULT: &str = "warn,swan_hub::serve=info";

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// The log of this process, which goes to standard error.
#[derive(Debug)]
pub(crate) struct Logs {
    format: LogFormat,
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Logs {
    /// Begins to log: what `SWAN_LOG` says, in the syntax of `RUST_LOG`, and otherwise warnings.
    pub(super) fn start(format: LogFormat) -> Self {
        let filter = from_environment().unwrap_or_else(|| EnvFilter::new(DEFAULT));
        let (filter, handle) = reload::Layer::new(filter);
        let lines = match format {
            LogFormat::Text => fmt::layer().with_writer(stderr).boxed(),
            LogFormat::Json => fmt::layer().json().with_writer(stderr).boxed(),
        };
        // Somebody who has set a subscriber before keeps it.
        let _ = Registry::default().with(filter).with(lines).try_init();
        Self {
            format,
            filter: handle,
        }
    }

    pub(super) fn is_json(&self) -> bool {
        self.format == LogFormat::Json
    }

    /// Logs by the configuration's `log` from now on, unless `SWAN_LOG` says something.
    pub(super) fn set(&self, configured: Option<&str>) -> Result<(), ConfigError> {
        let filter = match configured {
            Some(text) => text.parse().map_err(|_| ConfigError::Value {
                key: "log",
                value: text.to_owned(),
                expected: "a filter such as \"info\" or \"warn,swan_hub=debug\"",
            })?,
            None => EnvFilter::new(DEFAULT),
        };
        let filter = from_environment().unwrap_or(filter);
        // It only fails when the subscriber is somebody else's.
        let _ = self.filter.reload(filter);
        Ok(())
    }
}

fn from_environment() -> Option<EnvFilter> {
    std::env::var("SWAN_LOG").ok()?.parse().ok()
}
