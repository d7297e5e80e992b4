//! `[[external]]`: OpenAI-compatible servers that serve what no provider can, or before them.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use serde::Deserialize;
use swan_core::routing::DataPolicy;

use super::external_models::ExternalModels;
use super::key_file;
use crate::error::ConfigError;
use crate::external::{ExternalConfig, ExternalModel};

/// An OpenAI-compatible server outside the market.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct External {
    /// What the hub calls it in headers and records, and callers in their wishes.
    pub name: String,
    /// Its base URL, for instance `http://10.0.0.7:8000/v1`; `/v1` is added where the path ends in no version, and a query
    /// goes with every request.
    pub url: String,
    /// The path before `/chat/completions`, where it is another than the URL's.
    #[serde(default)]
    pub api_prefix: Option<String>,
    /// The environment variable that holds its key; the key itself never stands in this file.
    #[serde(default)]
    pub key_env: Option<String>,
    /// The file that holds its key, readable by its owner and group only.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// The header that carries the key; without one it goes as `Authorization: Bearer`.
    #[serde(default)]
    pub key_header: Option<String>,
    /// Headers that go with every request: texts, or `{ env = "NAME" }`.
    #[serde(default)]
    pub headers: BTreeMap<String, ExternalHeader>,
    /// The models that it serves; without any, those that it lists itself.
    #[serde(default)]
    pub models: ExternalModels,
    /// Whether it is asked before the providers.
    #[serde(default)]
    pub first: bool,
    /// The models for which it is asked before the providers.
    #[serde(default)]
    pub first_for: Vec<String>,
    /// Endpoints of a lower tier are asked before those of a higher one. Default 1.
    #[serde(default)]
    pub tier: Option<u16>,
    /// Its share among endpoints of the same tier. Default 1.
    #[serde(default)]
    pub weight: Option<NonZeroU32>,
    /// Requests at once for each model, at least 1; beyond them the endpoint counts as busy. Default 100.
    #[serde(default)]
    pub capacity: Option<NonZeroU32>,
    /// Requests at once for all models together.
    #[serde(default)]
    pub total_capacity: Option<NonZeroU32>,
    /// Requests that its account may do in a minute.
    #[serde(default)]
    pub requests_per_minute: Option<NonZeroU32>,
    /// Tokens that its account may use in a minute.
    #[serde(default)]
    pub tokens_per_minute: Option<NonZeroU64>,
    /// `"deny"` when its operator does not collect prompts and answers; who says nothing, collects.
    #[serde(default)]
    pub data_collection: Option<DataCollection>,
    /// Whether its operator keeps nothing beyond the request.
    #[serde(default)]
    pub zero_retention: bool,
    /// Certificates in PEM that are trusted in the place of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Whether a key may go over `http://` to a public host.
    #[serde(default)]
    pub insecure: bool,
    /// Whether a public name may lead to a private address.
    #[serde(default)]
    pub allow_private: bool,
    /// The deadline of a connection attempt. Default 3,000.
    #[serde(default)]
    pub connect_timeout_ms: Option<NonZeroU64>,
}

/// The value of a header.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a text, or { env = \"NAME\" }")]
#[non_exhaustive]
pub enum ExternalHeader {
    /// As it stands.
    Text(String),
    /// From an environment variable.
    Variable {
        /// Its name.
        env: String,
    },
}

/// What becomes of prompts and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DataCollection {
    /// They may be kept, or learned from.
    Allow,
    /// They are not collected.
    Deny,
}

impl External {
    /// An endpoint with this name at `url`, as `--external NAME=URL` describes it: its models are those that it lists, at the
    /// policy's prices, and its key stands in `SWAN_EXTERNAL_<NAME>_KEY` if it needs one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] when `text` is not of this form.
    pub fn from_flag(
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::Value {
            key: "--external",
            value: text.to_owned(),
            expected: "NAME=URL, such as spare=http://10.0.0.7:8000",
        };
        let (name, url) = text.split_once('=').ok_or_else(wrong)?;
        let starts = url.starts_with("http://") || url.starts_with("https://");
        if name.is_empty() || !starts {
            return Err(wrong());
        }
        let key = key_variable(name);
        let has_key = variable(&key).is_some_and(|key| !key.is_empty());
        // Everything else is as in a table with these two keys.
        let mut table = toml::Table::new();
        table.insert("name".into(), name.into());
        table.insert("url".into(), url.into());
        if has_key {
            table.insert("key_env".into(), key.into());
        }
        Self::deserialize(table).map_err(|_| wrong())
    }

    /// The endpoint with its key and headers, for which `variable` looks up what stands in the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key at fault: a variable that is not set, a file that cannot be read or that others can, a
    /// price that is none.
    pub fn resolve(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<ExternalConfig, ConfigError> {
        let set = |key, name: &String| {
            variable(name)
                .map(|value| value.trim_end_matches(['\r', '\n']).to_owned())
                .filter(|value| !value.is_empty())
                .ok_or(ConfigError::Value {
                    key,
                    value: name.clone(),
                    expected: "the name of an environment variable that is set",
                })
        };
        let mut config = ExternalConfig::new(&self.name, &self.url);
        config.api_key = match (&self.key_env, &self.key_file) {
            (Some(name), None) => Some(set("external.key_env", name)?),
            (None, Some(path)) => Some(key_file::read("external.key_file", path)?),
            (None, None) => None,
            (Some(_), Some(path)) => {
                return Err(ConfigError::Value {
                    key: "external.key_file",
                    value: path.display().to_string(),
                    expected: "either key_env or key_file",
                });
            }
        };
        for (header, value) in &self.headers {
            let value = match value {
                ExternalHeader::Text(text) => text.clone(),
                ExternalHeader::Variable { env } => set("external.headers.env", env)?,
            };
            config.headers.insert(header.clone(), value);
        }
        config.api_prefix.clone_from(&self.api_prefix);
        config.key_header.clone_from(&self.key_header);
        config.models = self.described()?;
        self.place_in(&mut config);
        Ok(config)
    }

    fn described(&self) -> Result<BTreeMap<String, ExternalModel>, ConfigError> {
        match &self.models {
            ExternalModels::Same(names) => Ok(names
                .iter()
                .map(|name| (name.clone(), ExternalModel::named(name.as_str())))
                .collect()),
            ExternalModels::Mapped(models) => models
                .iter()
                .map(|(name, entry)| Ok((name.clone(), entry.resolve(name)?)))
                .collect(),
        }
    }

    fn place_in(&self, config: &mut ExternalConfig) {
        config.place.first = self.first;
        config.place.first_for.clone_from(&self.first_for);
        config.place.tier = self.tier.unwrap_or(config.place.tier);
        if let Some(weight) = self.weight {
            config.place.weight = weight.get();
        }
        if let Some(capacity) = self.capacity {
            config.limits.capacity = capacity.get();
        }
        config.limits.total_capacity = self.total_capacity.map(NonZeroU32::get);
        config.limits.requests_per_minute = self.requests_per_minute.map(NonZeroU32::get);
        config.limits.tokens_per_minute = self.tokens_per_minute.map(NonZeroU64::get);
        config.data = match (self.zero_retention, self.data_collection) {
            (true, _) => DataPolicy::ZeroRetention,
            (false, Some(DataCollection::Deny)) => DataPolicy::NoCollection,
            (false, Some(DataCollection::Allow)) => DataPolicy::Collects,
            (false, None) => DataPolicy::Undeclared,
        };
        config.trust.ca_file.clone_from(&self.ca_file);
        config.trust.insecure = self.insecure;
        config.trust.allow_private = self.allow_private;
        if let Some(millis) = self.connect_timeout_ms {
            config.connect_timeout_ms = millis.get();
        }
    }
}

/// The variable that holds the key of an endpoint from the command line: its name in capitals, with `_` for what is no letter
/// or digit.
fn key_variable(name: &str) -> String {
    let capital = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    let name: String = name.chars().map(capital).collect();
    format!("SWAN_EXTERNAL_{name}_KEY")
}
