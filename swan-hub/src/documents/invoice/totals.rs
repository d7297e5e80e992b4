use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swan_core::{Amount, Currency, MoneyError};

use super::{InvoiceLine, Tax};
use crate::documents::UsageError;
use crate::store::StoreError;

/// What was paid in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Section {
    /// The currency.
    pub currency: String,
    /// By model and key.
    pub lines: Vec<InvoiceLine>,
    /// The sum of the lines, exactly; what the ledger has charged.
    #[schemars(with = "String")]
    pub total: Amount,
    /// What rounding to whole cents adds, or takes away.
    #[schemars(with = "String")]
    pub rounding: Amount,
    /// The total in whole cents (of SWAN in millionths), half to even.
    #[schemars(with = "String")]
    pub rounded: Amount,
    /// The taxes.
    pub taxes: Vec<TaxLine>,
    /// What is left of the rounded total without the taxes in it.
    #[schemars(with = "String")]
    pub net: Amount,
    /// The rounded total with the taxes that come on top of it.
    #[schemars(with = "String")]
    pub gross: Amount,
}

/// One tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct TaxLine {
    /// What it is called.
    pub name: String,
    /// The rate in percent.
    pub percent: String,
    /// Whether the total includes it.
    pub included: bool,
    /// How much, in whole cents.
    #[schemars(with = "String")]
    pub amount: Amount,
}

/// Pico-units of the smallest part that is shown.
const fn smallest(currency: Currency) -> u64 {
    match currency {
        Currency::Usd => 10_000_000_000,
        _ => 1_000_000,
    }
}

impl Section {
    /// Adds up, rounds and taxes.
    pub(super) fn of(
        currency: Currency,
        lines: Vec<InvoiceLine>,
        taxes: &[Tax],
    ) -> Result<Self, UsageError> {
        Self::computed(currency, lines, taxes).map_err(|error| {
            UsageError::Store(StoreError::corrupt(format!(
                "an invoice cannot be added up: {error}"
            )))
        })
    }

    fn computed(
        currency: Currency,
        lines: Vec<InvoiceLine>,
        taxes: &[Tax],
    ) -> Result<Self, MoneyError> {
        let unit = smallest(currency);
        // Rounds once, half to even: the number of units, as if they were pico-units, and back.
        let whole = |amount: Amount, numerator: u128, denominator: u128| {
            let units = amount.scaled(numerator, denominator.saturating_mul(u128::from(unit)))?;
            units.times(unit)
        };
        let total = Amount::checked_sum(lines.iter().map(|line| line.amount))?;
        let rounded = whole(total, 1, 1)?;
        let within = taxes.iter().filter(|tax| tax.included);
        let with_tax = 10_000 + within.map(|tax| u128::from(tax.rate_bps)).sum::<u128>();
        let tax = |tax: &Tax| {
            let of = if tax.included { with_tax } else { 10_000 };
            Ok(TaxLine {
                name: tax.name.clone(),
                percent: tax.percent(),
                included: tax.included,
                amount: whole(rounded, u128::from(tax.rate_bps), of)?,
            })
        };
        let taxes: Vec<TaxLine> = taxes.iter().map(tax).collect::<Result<_, MoneyError>>()?;
        let sum = |included: bool| {
            let wanted = taxes.iter().filter(|tax| tax.included == included);
            Amount::checked_sum(wanted.map(|tax| tax.amount))
        };
        Ok(Self {
            currency: currency.code().to_owned(),
            rounding: rounded.checked_sub(total)?,
            net: rounded.checked_sub(sum(true)?)?,
            gross: rounded.checked_add(sum(false)?)?,
            lines,
            total,
            rounded,
            taxes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(amount: &str) -> InvoiceLine {
        InvoiceLine {
            model: "m".into(),
            key_id: None,
            key_name: None,
            requests: 1,
            prompt_tokens: 0,
            cached_tokens: 0,
            completion_tokens: 0,
            images: 0,
            audio_ms: 0,
            amount: amount.parse().unwrap(),
        }
    }

    #[test]
    fn the_total_is_exact_and_rounding_and_taxes_are_told() {
        let taxes: [Tax; 2] = ["VAT:19", "City:1.50:added"].map(|tax| tax.parse().unwrap());
        #[rustfmt::skip]
        let table = [
            (&["11.9", "0.000000000001"][..], "11.900000000001", "11.9", "-0.000000000001", ["1.9", "0.18"], "10", "12.08"),
            (&["0.005"][..], "0.005", "0", "-0.005", ["0", "0"], "0", "0"),
            (&["0.015"][..], "0.015", "0.02", "0.005", ["0", "0"], "0.02", "0.02"),
            (&[][..], "0", "0", "0", ["0", "0"], "0", "0"),
        ];
        for (lines, total, rounded, rounding, tax, net, gross) in table {
            let lines = lines.iter().map(|amount| line(amount)).collect();
            let found = Section::of(Currency::Usd, lines, &taxes).unwrap();
            let usd = |text: &str| text.parse::<Amount>().unwrap();
            assert_eq!(
                (found.total, found.rounded, found.rounding),
                (usd(total), usd(rounded), usd(rounding))
            );
            assert_eq!(
                found.taxes.iter().map(|tax| tax.amount).collect::<Vec<_>>(),
                tax.map(usd)
            );
            assert_eq!((found.net, found.gross), (usd(net), usd(gross)));
        }
    }
}
