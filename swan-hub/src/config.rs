//! What can be configured: defaults, then a TOML file, then `SWAN_*` variables, then flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use swan_core::{Amount, ExchangeRate};

use crate::error::ConfigError;
use crate::external::ExternalConfig;

/// Everything that `swan-hub serve` can be told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where consumers are served. Default `0.0.0.0:8100`.
    pub listen: String,
    /// Where providers connect. Default `0.0.0.0:8081`.
    pub provider_listen: String,
    /// The folder of the embedded store. Default `./swan-data`.
    pub data_dir: PathBuf,
    /// Another store, as a URL; it takes the place of [`Config::data_dir`].
    pub store: Option<String>,
    /// A policy document; the built-in `swan-2.0` when there is none.
    pub policy: Option<PathBuf>,
    /// US dollars for one SWAN; without it nobody can pay in SWAN.
    pub usd_per_swan: Option<ExchangeRate>,
    /// Whether the end of a charge waits for the disk.
    pub durability: Durability,
    /// How long requests may go on after the hub was told to stop. Default 30 s.
    pub drain: Duration,
    /// The bounds that the hub keeps.
    pub limits: Limits,
    /// OpenAI-compatible servers that serve what no provider can.
    pub external: Vec<External>,
}

/// When a settled charge counts as safe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Durability {
    /// When the disk has it: it survives the loss of power.
    #[default]
    Strict,
    /// When the operating system has it: it survives the death of the process, not the loss of power.
    Relaxed,
}

/// The bounds of DESIGN section 11 that an operator may move.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest request body in bytes. Default 10 MiB.
    pub body_bytes: usize,
    /// The largest answer that is not a stream, in bytes. Default 32 MiB.
    pub reply_bytes: usize,
    /// Requests in the hub at once; the next one gets 503. Default 1,000.
    pub in_flight: usize,
    /// How long a consumer may take to send its body. Default 30 s.
    pub body_deadline: Duration,
    /// How long a request without streaming may take. Default 120 s.
    pub request_deadline: Duration,
    /// How long a request with streaming may take. Default 600 s.
    pub stream_deadline: Duration,
    /// How long a stream may be silent, the wait for its first event included. Default 60 s.
    pub idle: Duration,
    /// How often a request that failed before its first byte of content is tried on another provider. Default 2.
    pub further_attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 10 << 20,
            reply_bytes: 32 << 20,
            in_flight: 1_000,
            body_deadline: Duration::from_secs(30),
            request_deadline: Duration::from_secs(120),
            stream_deadline: Duration::from_secs(600),
            idle: Duration::from_secs(60),
            further_attempts: 2,
        }
    }
}

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

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8100".into(),
            provider_listen: "0.0.0.0:8081".into(),
            data_dir: PathBuf::from("./swan-data"),
            store: None,
            policy: None,
            usd_per_swan: None,
            durability: Durability::Strict,
            drain: Duration::from_secs(30),
            limits: Limits::default(),
            external: Vec::new(),
        }
    }
}

/// One source of settings: a file, or one environment variable. Every key may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    listen: Option<String>,
    provider_listen: Option<String>,
    data_dir: Option<PathBuf>,
    store: Option<String>,
    policy: Option<PathBuf>,
    usd_per_swan: Option<Amount>,
    durability: Option<Durability>,
    drain_secs: Option<u64>,
    #[serde(default)]
    limits: LimitsLayer,
    external: Option<Vec<External>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsLayer {
    body_bytes: Option<usize>,
    reply_bytes: Option<usize>,
    in_flight: Option<usize>,
    body_secs: Option<u64>,
    request_secs: Option<u64>,
    stream_secs: Option<u64>,
    idle_secs: Option<u64>,
    further_attempts: Option<u32>,
}

/// How the text of an environment variable becomes a TOML value.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
}

/// The environment variables and the keys that they stand for.
const VARIABLES: [(&str, &str, Kind); 16] = [
    ("SWAN_LISTEN", "listen", Kind::Text),
    ("SWAN_PROVIDER_LISTEN", "provider_listen", Kind::Text),
    ("SWAN_DATA_DIR", "data_dir", Kind::Text),
    ("SWAN_STORE", "store", Kind::Text),
    ("SWAN_POLICY", "policy", Kind::Text),
    ("SWAN_USD_PER_SWAN", "usd_per_swan", Kind::Text),
    ("SWAN_DURABILITY", "durability", Kind::Text),
    ("SWAN_DRAIN_SECS", "drain_secs", Kind::Number),
    ("SWAN_LIMITS_BODY_BYTES", "limits.body_bytes", Kind::Number),
    (
        "SWAN_LIMITS_REPLY_BYTES",
        "limits.reply_bytes",
        Kind::Number,
    ),
    ("SWAN_LIMITS_IN_FLIGHT", "limits.in_flight", Kind::Number),
    ("SWAN_LIMITS_BODY_SECS", "limits.body_secs", Kind::Number),
    (
        "SWAN_LIMITS_REQUEST_SECS",
        "limits.request_secs",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_STREAM_SECS",
        "limits.stream_secs",
        Kind::Number,
    ),
    ("SWAN_LIMITS_IDLE_SECS", "limits.idle_secs", Kind::Number),
    (
        "SWAN_LIMITS_FURTHER_ATTEMPTS",
        "limits.further_attempts",
        Kind::Number,
    ),
];

impl Config {
    /// Reads the defaults, then `file` if there is one, then the `SWAN_*` variables among `environment`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the file cannot be read, a key is unknown or a value is wrong; it names the key.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                path: path.to_owned(),
                source,
            })?;
            config.apply_toml(&text, &path.display().to_string())?;
        }
        config.apply_environment(environment)?;
        Ok(config)
    }

    /// Lays a TOML document over this configuration; `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] when a key is unknown or a value has the wrong type.
    pub fn apply_toml(&mut self, text: &str, origin: &str) -> Result<(), ConfigError> {
        let layer: Layer = toml::from_str(text).map_err(|error| invalid(origin, &error))?;
        self.apply(layer)
    }

    /// Lays the `SWAN_*` variables over this configuration.
    ///
    /// Names that the hub does not know are left alone, since the other programs of the family have variables of their own;
    /// only an unknown `SWAN_LIMITS_*` is an error.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the variable.
    pub fn apply_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        let mut given: BTreeMap<String, String> = environment
            .into_iter()
            .filter(|(name, _)| name.starts_with("SWAN_"))
            .collect();
        for (name, key, kind) in VARIABLES {
            let Some(value) = given.remove(name) else {
                continue;
            };
            let value = match (kind, value.parse::<i64>()) {
                (Kind::Number, Ok(number)) => toml::Value::Integer(number),
                _ => toml::Value::String(value),
            };
            let layer: Layer = toml::Value::Table(nest(key, value))
                .try_into()
                .map_err(|error: toml::de::Error| invalid(name, &error))?;
            self.apply(layer)?;
        }
        match given
            .into_keys()
            .find(|name| name.starts_with("SWAN_LIMITS_"))
        {
            Some(name) => Err(unknown_variable(name)),
            None => Ok(()),
        }
    }

    fn apply(&mut self, layer: Layer) -> Result<(), ConfigError> {
        let is_folder = layer.data_dir.is_some();
        set(&mut self.listen, layer.listen);
        set(&mut self.provider_listen, layer.provider_listen);
        set(&mut self.data_dir, layer.data_dir);
        set(&mut self.durability, layer.durability);
        set(&mut self.external, layer.external);
        set(&mut self.drain, layer.drain_secs.map(Duration::from_secs));
        // A folder that is named takes the place of a store from a lower layer.
        if layer.store.is_some() || is_folder {
            self.store = layer.store;
        }
        if layer.policy.is_some() {
            self.policy = layer.policy;
        }
        if let Some(usd) = layer.usd_per_swan {
            let rate = ExchangeRate::usd_per_swan(usd).map_err(|_| ConfigError::Value {
                key: "usd_per_swan",
                value: usd.to_string(),
                expected: "a price above zero as a decimal string, such as \"0.015\"",
            })?;
            self.usd_per_swan = Some(rate);
        }
        self.limits.apply(&layer.limits)
    }
}

impl Limits {
    fn apply(&mut self, layer: &LimitsLayer) -> Result<(), ConfigError> {
        set(&mut self.body_bytes, layer.body_bytes);
        set(&mut self.reply_bytes, layer.reply_bytes);
        set(&mut self.in_flight, layer.in_flight);
        set(&mut self.further_attempts, layer.further_attempts);
        for (key, target, secs) in [
            ("limits.body_secs", &mut self.body_deadline, layer.body_secs),
            (
                "limits.request_secs",
                &mut self.request_deadline,
                layer.request_secs,
            ),
            (
                "limits.stream_secs",
                &mut self.stream_deadline,
                layer.stream_secs,
            ),
            ("limits.idle_secs", &mut self.idle, layer.idle_secs),
        ] {
            match secs {
                Some(0) => {
                    return Err(ConfigError::Value {
                        key,
                        value: "0".into(),
                        expected: "at least one second",
                    });
                }
                Some(secs) => *target = Duration::from_secs(secs),
                None => {}
            }
        }
        Ok(())
    }
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// The table that holds `value` under the dotted `key`.
fn nest(key: &str, value: toml::Value) -> toml::Table {
    let mut table = toml::Table::new();
    match key.split_once('.') {
        Some((outer, inner)) => {
            table.insert(outer.into(), toml::Value::Table(nest(inner, value)));
        }
        None => {
            table.insert(key.into(), value);
        }
    }
    table
}

fn invalid(origin: &str, error: &toml::de::Error) -> ConfigError {
    ConfigError::Invalid {
        origin: origin.into(),
        message: error.to_string().trim().replace('\n', "\n  "),
    }
}

fn unknown_variable(name: String) -> ConfigError {
    let known: Vec<&str> = VARIABLES.iter().map(|(known, ..)| *known).collect();
    ConfigError::Invalid {
        origin: name,
        message: format!("unknown variable, expected one of {}", known.join(", ")),
    }
}
