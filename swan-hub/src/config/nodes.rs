//! The table `[nodes]`: whether this hub shares a database with others.

use std::time::Duration;

use serde::Deserialize;
use swan_core::Amount;

use super::layers::set;
use crate::error::ConfigError;

/// Which of several hubs on one database this is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Nodes {
    /// The name of this hub among them; the same after each start. `None`, the default, for a hub that is alone.
    pub id: Option<String>,
    /// How long it may say nothing before others give back what it had. Default 10 s.
    pub lease: Duration,
    /// How much of each account it wants to have at hand, in its currency. Default 1.
    pub slice: Amount,
}

impl Default for Nodes {
    fn default() -> Self {
        Self {
            id: None,
            lease: Duration::from_secs(10),
            slice: Amount::from_pico(Amount::PICO_PER_UNIT).unwrap_or(Amount::ZERO),
        }
    }
}

/// The table of one layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodesLayer {
    id: Option<String>,
    lease_secs: Option<u64>,
    slice: Option<Amount>,
}

impl NodesLayer {
    pub(super) fn lay_over(self, nodes: &mut Nodes) -> Result<(), ConfigError> {
        let wrong = |key, value: String, expected| {
            Err(ConfigError::Value {
                key,
                value,
                expected,
            })
        };
        if let Some(id) = self.id {
            nodes.id = Some(checked(id)?);
        }
        if let Some(secs) = self.lease_secs.filter(|secs| *secs < 3) {
            let expected = "at least 3 seconds, since a busy machine may keep a hub waiting";
            return wrong("nodes.lease_secs", secs.to_string(), expected);
        }
        if let Some(slice) = self.slice.filter(|slice| *slice <= Amount::ZERO) {
            let expected = "an amount above zero as a decimal string, such as \"0.5\"";
            return wrong("nodes.slice", slice.to_string(), expected);
        }
        set(&mut nodes.lease, self.lease_secs.map(Duration::from_secs));
        set(&mut nodes.slice, self.slice);
        Ok(())
    }
}

/// A name that can stand in logs and tables.
pub(crate) fn checked(id: String) -> Result<String, ConfigError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match (1..=64).contains(&id.len()) && id.bytes().all(is_plain) {
        true => Ok(id),
        false => Err(ConfigError::Value {
            key: "nodes.id",
            value: id,
            expected: "1 to 64 letters, digits, dots, hyphens and underscores",
        }),
    }
}
