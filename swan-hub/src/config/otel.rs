//! The table `[otel]`: where traces go. A hub that was built without them says so.

use std::collections::BTreeMap;

use serde::Deserialize;
use swan_core::Amount;

use super::ExternalHeader;
use super::layers::set;
use crate::error::ConfigError;

/// Where traces go, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Otel {
    /// A receiver of OTLP over HTTP, such as `http://127.0.0.1:4318`. No traces without it.
    pub endpoint: Option<String>,
    /// Headers that go with every batch: texts, or `{ env = "NAME" }`.
    pub headers: BTreeMap<String, ExternalHeader>,
    /// Of a million requests whose callers do not decide it, how many are recorded. Default all.
    pub sample_millionths: u32,
    /// What the hub is called. Default `swan-hub`.
    pub service_name: String,
}

impl Default for Otel {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers: BTreeMap::new(),
            sample_millionths: WHOLE,
            service_name: "swan-hub".into(),
        }
    }
}

const WHOLE: u32 = 1_000_000;

/// The table of one layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtelLayer {
    endpoint: Option<String>,
    headers: Option<BTreeMap<String, ExternalHeader>>,
    sample_ratio: Option<Ratio>,
    service_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a number from 0 to 1")]
enum Ratio {
    Number(f64),
    Text(String),
}

impl OtelLayer {
    pub(super) fn apply(self, otel: &mut Otel) -> Result<(), ConfigError> {
        if let Some(endpoint) = self.endpoint {
            if cfg!(not(feature = "otel")) {
                return Err(ConfigError::Value {
                    key: "otel.endpoint",
                    value: endpoint,
                    expected: "a hub that was built with the feature `otel`",
                });
            }
            otel.endpoint = Some(endpoint);
        }
        set(&mut otel.headers, self.headers);
        set(&mut otel.service_name, self.service_name);
        if let Some(ratio) = self.sample_ratio {
            let text = match ratio {
                Ratio::Number(number) => number.to_string(),
                Ratio::Text(text) => text,
            };
            otel.sample_millionths = millionths(&text).ok_or(ConfigError::Value {
                key: "otel.sample_ratio",
                value: text,
                expected: "a number from 0 to 1",
            })?;
        }
        Ok(())
    }
}

fn millionths(ratio: &str) -> Option<u32> {
    let ratio: Amount = ratio.parse().ok()?;
    let millionths = u32::try_from(ratio.pico() / 1_000_000).ok()?;
    (millionths <= WHOLE && !ratio.is_negative()).then_some(millionths)
}

#[cfg(feature = "otel")]
impl Otel {
    /// Where traces go, with the headers for which `variable` looks up what stands in the environment; `None` for nowhere.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key at fault.
    pub fn resolve(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<crate::TelemetryOptions>, ConfigError> {
        let Some(endpoint) = &self.endpoint else {
            return Ok(None);
        };
        let wrong = |error: crate::TelemetryError| ConfigError::Invalid {
            origin: "[otel]".into(),
            message: error.to_string(),
        };
        let mut options = crate::TelemetryOptions::new(endpoint)
            .map_err(wrong)?
            .with_sample_millionths(self.sample_millionths)
            .with_service_name(&self.service_name);
        for (header, value) in &self.headers {
            let value = match value {
                ExternalHeader::Text(text) => text.clone(),
                ExternalHeader::Variable { env } => variable(env)
                    .map(|value| value.trim_end_matches(['\r', '\n']).to_owned())
                    .filter(|value| !value.is_empty())
                    .ok_or_else(|| ConfigError::Value {
                        key: "otel.headers.env",
                        value: env.clone(),
                        expected: "the name of an environment variable that is set",
                    })?,
            };
            options = options.with_header(header, &value).map_err(wrong)?;
        }
        Ok(Some(options))
    }
}
