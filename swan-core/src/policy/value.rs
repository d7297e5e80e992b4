use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::PolicyError;

/// A value of a policy document. There is no float among them: shares are basis points, money is text.
///
/// It reads and writes as TOML does: `14`, `"0.03"`, `true`, `["a", "b"]`, `{ days = 7 }`; as JSON it is the plain value.
///
/// ```
/// use swan_core::PolicyValue;
///
/// assert_eq!("14".parse::<PolicyValue>()?, PolicyValue::from(14));
/// assert_eq!(PolicyValue::from("0.03").to_string(), "\"0.03\"");
/// assert!("0.5".parse::<PolicyValue>().is_err());
/// # Ok::<(), swan_core::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(
    clippy::exhaustive_enums,
    reason = "these are the kinds of value that a policy document has"
)]
pub enum PolicyValue {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number: a count, a span, basis points.
    Number(i64),
    /// Text: money, names, dates.
    Text(String),
    /// Several values.
    List(Vec<PolicyValue>),
    /// An entry or a section with its keys.
    Table(BTreeMap<String, PolicyValue>),
}

impl PolicyValue {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a whole number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Table(_) => "a section",
        }
    }
}

impl From<i64> for PolicyValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for PolicyValue {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for PolicyValue {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for PolicyValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for PolicyValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for PolicyValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<PolicyValue> for toml::Value {
    fn from(value: PolicyValue) -> Self {
        match value {
            PolicyValue::Flag(flag) => Self::Boolean(flag),
            PolicyValue::Number(number) => Self::Integer(number),
            PolicyValue::Text(text) => Self::String(text),
            PolicyValue::List(list) => Self::Array(list.into_iter().map(Self::from).collect()),
            PolicyValue::Table(table) => {
                let keys = table.into_iter().map(|(key, value)| (key, value.into()));
                Self::Table(keys.collect())
            }
        }
    }
}

impl TryFrom<toml::Value> for PolicyValue {
    type Error = PolicyError;

    /// # Errors
    ///
    /// [`PolicyError::Invalid`] for floats and dates, which no policy has.
    fn try_from(value: toml::Value) -> Result<Self, PolicyError> {
        Ok(match value {
            toml::Value::Boolean(flag) => Self::Flag(flag),
            toml::Value::Integer(number) => Self::Number(number),
            toml::Value::String(text) => Self::Text(text),
            toml::Value::Array(list) => Self::List(
                list.into_iter()
                    .map(Self::try_from)
                    .collect::<Result<_, _>>()?,
            ),
            toml::Value::Table(table) => Self::Table(
                table
                    .into_iter()
                    .map(|(key, value)| Ok((key, Self::try_from(value)?)))
                    .collect::<Result<_, _>>()?,
            ),
            other @ (toml::Value::Float(_) | toml::Value::Datetime(_)) => {
                let rule = "numbers are whole here; money, rates and dates are text";
                return Err(PolicyError::invalid("value", other, rule));
            }
        })
    }
}

impl FromStr for PolicyValue {
    type Err = PolicyError;

    /// # Errors
    ///
    /// [`PolicyError::Invalid`] for anything but one TOML value without floats and dates.
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        text.parse::<toml::Value>()
            .map_err(|error| PolicyError::invalid("value", text, error.message()))
            .and_then(Self::try_from)
    }
}

impl fmt::Display for PolicyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        toml::Value::from(self.clone()).fmt(f)
    }
}
