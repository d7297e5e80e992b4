//! Numbers of the market's JSON. The public network's clients read prices as JSON numbers, so they are written as such, digit by
//! digit from exact values: no float is on the way.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::value::RawValue;
use swan_core::Amount;
use swan_core::standing::Rate;

/// A decimal number.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Exact(Box<RawValue>);

impl Exact {
    /// The number in `text`, or null when it is none.
    fn new(text: String) -> Self {
        Self(RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// An amount of money.
    pub(super) fn money(amount: Amount) -> Self {
        Self::new(amount.to_string())
    }

    /// A thousandth of `thousandths`.
    pub(super) fn thousandths(thousandths: u64) -> Self {
        Self::new(format!(
            "{}.{:03}",
            thousandths / 1_000,
            thousandths % 1_000
        ))
    }

    /// A rate in percent.
    pub(super) fn percent(rate: Rate) -> Self {
        Self::thousandths(rate.millionths() / 10)
    }
}

impl JsonSchema for Exact {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Exact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are() {
        let json = |exact: Exact| serde_json::to_string(&exact).unwrap();
        for text in ["0.000000000001", "0.1", "12", "-3.25"] {
            assert_eq!(json(Exact::money(text.parse().unwrap())), text);
        }
        assert_eq!(json(Exact::thousandths(1_234)), "1.234");
        assert_eq!(json(Exact::thousandths(7)), "0.007");
        let rate = Rate::new(2, 3).unwrap();
        assert_eq!(json(Exact::percent(rate)), "66.666");
    }
}
