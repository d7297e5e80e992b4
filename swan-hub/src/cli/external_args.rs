//! `--external NAME=URL`, of `serve` and `dev`.

use crate::config::{Config, External};
use crate::error::ConfigError;

/// The endpoints that the command line names.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ExternalArgs {
    /// An OpenAI-compatible server for what no provider can serve, with the models that it lists at the policy's prices; its
    /// key is read from SWAN_EXTERNAL_{NAME}_KEY; can be repeated
    #[arg(long = "external", value_name = "NAME=URL")]
    endpoints: Vec<String>,
}

impl ExternalArgs {
    /// Adds them to those of the configuration; one of the same name takes the place of the file's.
    pub(crate) fn apply(&self, config: &mut Config) -> Result<(), ConfigError> {
        for text in &self.endpoints {
            let endpoint = External::from_flag(text, |name| std::env::var(name).ok())?;
            config.external.retain(|other| other.name != endpoint.name);
            config.external.push(endpoint);
        }
        Ok(())
    }
}
