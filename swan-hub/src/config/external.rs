use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Deserialize;

use crate::error::ConfigError;
use crate::external::ExternalConfig;

/// An OpenAI-compatible server outside the market.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct External {
    /// What the hub calls it in headers and records.
    pub name: String,
    /// Its base URL, with or without `/v1` at the end, for instance `http://10.0.0.7:8000/v1`.
    pub url: String,
    /// The environment variable that holds its key; the key itself never stands in a file.
    #[serde(default)]
    pub key_env: Option<String>,
    /// The models that it serves; without any, those that it lists itself.
    #[serde(default)]
    pub models: ExternalModels,
    /// Requests at once for each model, at least 1; beyond them the endpoint counts as busy. Default 100.
    #[serde(default)]
    pub capacity: Option<NonZeroU32>,
}

/// The models of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ExternalModels {
    /// Names that the endpoint and the hub share.
    Same(Vec<String>),
    /// The hub's names, each with the endpoint's name for it.
    Mapped(BTreeMap<String, String>),
}

impl Default for ExternalModels {
    fn default() -> Self {
        Self::Same(Vec::new())
    }
}

impl External {
    /// The endpoint with its key, which `variable` looks up.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] when the variable that is named is not set.
    pub fn resolve(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<ExternalConfig, ConfigError> {
        let base = self.url.trim_end_matches('/');
        let mut config = ExternalConfig::new(&self.name, base.strip_suffix("/v1").unwrap_or(base));
        if let Some(capacity) = self.capacity {
            config = config.with_capacity(capacity.get());
        }
        if let Some(name) = &self.key_env {
            let key = variable(name)
                .filter(|key| !key.is_empty())
                .ok_or(ConfigError::Value {
                    key: "external.key_env",
                    value: name.clone(),
                    expected: "the name of an environment variable that is set",
                })?;
            config = config.with_api_key(key);
        }
        match &self.models {
            ExternalModels::Same(names) => {
                for name in names {
                    config = config.with_model(name, name);
                }
            }
            ExternalModels::Mapped(names) => {
                for (name, upstream) in names {
                    config = config.with_model(name, upstream);
                }
            }
        }
        Ok(config)
    }
}
