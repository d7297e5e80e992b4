//! Lays one source of settings over another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use swan_core::{Amount, ExchangeRate};

use super::chain::ChainLayer;
use super::hedging::HedgingLayer;
use super::keys::KeysLayer;
use super::market::MarketLayer;
use super::nodes::NodesLayer;
use super::otel::OtelLayer;
use super::price_feed::PriceFeedLayer;
use super::queue::QueueLayer;
use super::receipts::ReceiptsLayer;
use super::rooms::{GenerationsLayer, IdempotencyLayer, check};
use super::stripe::StripeLayer;
use super::variables::{Kind, VARIABLES};
use super::{Config, External, Limits, Routing};
use crate::error::ConfigError;
use crate::store::Durability;

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
    #[serde(default)]
    price_feed: PriceFeedLayer,
    durability: Option<Durability>,
    snapshot_entries: Option<u64>,
    drain_secs: Option<u64>,
    drain_pause_secs: Option<u64>,
    log: Option<String>,
    #[serde(default)]
    metrics: MetricsLayer,
    #[serde(default)]
    limits: LimitsLayer,
    #[serde(default)]
    keys: KeysLayer,
    #[serde(default)]
    queue: QueueLayer,
    #[serde(default)]
    idempotency: IdempotencyLayer,
    #[serde(default)]
    generations: GenerationsLayer,
    #[serde(default)]
    market: MarketLayer,
    #[serde(default)]
    otel: OtelLayer,
    #[serde(default)]
    receipts: ReceiptsLayer,
    #[serde(default)]
    nodes: NodesLayer,
    #[serde(default)]
    hedging: HedgingLayer,
    external: Option<Vec<External>>,
    #[serde(default)]
    routing: Routing,
    #[serde(default)]
    stripe: StripeLayer,
    #[serde(default)]
    chain: ChainLayer,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricsLayer {
    listen: Option<String>,
    public: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsLayer {
    body_bytes: Option<usize>,
    audio_bytes: Option<usize>,
    reply_bytes: Option<usize>,
    in_flight: Option<usize>,
    connections: Option<usize>,
    head_secs: Option<u64>,
    stall_secs: Option<u64>,
    provider_connections: Option<usize>,
    body_secs: Option<u64>,
    request_secs: Option<u64>,
    stream_secs: Option<u64>,
    stream_slice_tokens: Option<u64>,
    first_token_secs: Option<u64>,
    idle_secs: Option<u64>,
    heartbeat_secs: Option<u64>,
    settle_secs: Option<u64>,
    further_attempts: Option<u32>,
    retry_percent: Option<u32>,
    retries_per_sec: Option<u32>,
}

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
    /// only an unknown `SWAN_LIMITS_*` or `SWAN_METRICS_*` is an error.
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
            let value = match (kind, value.parse::<i64>(), value.parse::<bool>()) {
                (Kind::Number, Ok(number), _) => toml::Value::Integer(number),
                (Kind::Flag, _, Ok(flag)) => toml::Value::Boolean(flag),
                _ => toml::Value::String(value),
            };
            let layer: Layer = toml::Value::Table(nest(key, value))
                .try_into()
                .map_err(|error: toml::de::Error| invalid(name, &error))?;
            self.apply(layer)?;
        }
        match given
            .into_keys()
            .find(|name| name.starts_with("SWAN_LIMITS_") || name.starts_with("SWAN_METRICS_"))
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
        let least = "at least 1000 entries";
        check("snapshot_entries", layer.snapshot_entries, &1_000, least)?;
        set(&mut self.snapshot_entries, layer.snapshot_entries);
        set(&mut self.external, layer.external);
        self.routing.apply(layer.routing);
        set(&mut self.metrics.public, layer.metrics.public);
        self.metrics.listen = layer.metrics.listen.or(self.metrics.listen.take());
        self.log = layer.log.or(self.log.take());
        set(&mut self.drain, layer.drain_secs.map(Duration::from_secs));
        let pause = layer.drain_pause_secs.map(Duration::from_secs);
        set(&mut self.drain_pause, pause);
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
        layer.price_feed.lay_over(&mut self.price_feed)?;
        layer.keys.apply(&mut self.keys)?;
        layer.queue.lay_over(&mut self.queue)?;
        layer.idempotency.lay_over(&mut self.idempotency)?;
        layer.generations.lay_over(&mut self.generations)?;
        layer.market.apply(&mut self.market)?;
        layer.otel.apply(&mut self.otel)?;
        layer.receipts.lay_over(&mut self.receipts);
        layer.stripe.lay_over(&mut self.stripe)?;
        layer.nodes.lay_over(&mut self.nodes)?;
        layer.chain.lay_over(&mut self.chain)?;
        self.hedging.apply(&layer.hedging)?;
        self.limits.apply(&layer.limits)
    }
}

impl Limits {
    fn apply(&mut self, layer: &LimitsLayer) -> Result<(), ConfigError> {
        set(&mut self.body_bytes, layer.body_bytes);
        set(&mut self.audio_bytes, layer.audio_bytes);
        set(&mut self.reply_bytes, layer.reply_bytes);
        set(&mut self.in_flight, layer.in_flight);
        self.apply_connections(layer)?;
        set(&mut self.stream_slice_tokens, layer.stream_slice_tokens);
        set(&mut self.further_attempts, layer.further_attempts);
        set(&mut self.retry_percent, layer.retry_percent);
        set(&mut self.retries_per_sec, layer.retries_per_sec);
        // Alone among the times, zero means that there is none.
        let heartbeat = layer.heartbeat_secs.map(Duration::from_secs);
        set(&mut self.heartbeat, heartbeat);
        for (key, target, secs) in [
            ("limits.head_secs", &mut self.head_deadline, layer.head_secs),
            ("limits.stall_secs", &mut self.stall, layer.stall_secs),
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
            (
                "limits.first_token_secs",
                &mut self.first_token,
                layer.first_token_secs,
            ),
            ("limits.idle_secs", &mut self.idle, layer.idle_secs),
            (
                "limits.settle_secs",
                &mut self.settle_deadline,
                layer.settle_secs,
            ),
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

    fn apply_connections(&mut self, layer: &LimitsLayer) -> Result<(), ConfigError> {
        for (key, target, count) in [
            (
                "limits.connections",
                &mut self.connections,
                layer.connections,
            ),
            (
                "limits.provider_connections",
                &mut self.provider_connections,
                layer.provider_connections,
            ),
        ] {
            if count == Some(0) {
                return Err(ConfigError::Value {
                    key,
                    value: "0".into(),
                    expected: "at least one connection",
                });
            }
            set(target, count);
        }
        Ok(())
    }
}

pub(super) fn set<T>(target: &mut T, value: Option<T>) {
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
