//! The arithmetic of a charge, line by line, so that a reader can do it again.

use swan_core::ledger::ChargeRecord;
use swan_core::{
    Amount, BasisPoints, Currency, ModelPrice, PolicyStamp, StampedRate, Terms, Unit, Usage,
};

use super::facts::Listed;

/// By what a charge was made.
#[derive(Debug)]
pub(super) struct Priced<'a> {
    pub(super) price: ModelPrice,
    pub(super) discount: BasisPoints,
    pub(super) rate: Option<&'a StampedRate>,
}

impl Priced<'_> {
    /// What `usage` costs by this price.
    pub(super) fn cost(&self, policy: &PolicyStamp, usage: &Usage) -> Option<Amount> {
        let (policy, discount) = (policy.clone(), self.discount);
        let terms = match self.rate {
            None => Terms::in_usd(policy, self.price, discount),
            Some(rate) => Terms::in_swan(policy, self.price, discount, rate.clone()),
        };
        terms.price(usage).ok()
    }

    /// The prices with their names.
    pub(super) fn listed(&self) -> Vec<Listed> {
        let one = |of, usd| Listed { of, usd };
        match &self.price {
            ModelPrice::Tokens(tokens) => vec![
                one("a million prompt tokens", tokens.input_per_million()),
                one("a million cached tokens", tokens.cached_per_million()),
                one("a million completion tokens", tokens.output_per_million()),
            ],
            ModelPrice::PerMinute(price) => vec![one("a minute of audio", price.usd())],
            ModelPrice::PerImage(price) => vec![one("an image", price.usd())],
            _ => Vec::new(),
        }
    }

    /// From counts to the charge.
    pub(super) fn lines(&self, usage: &Usage, cost: Amount) -> Vec<String> {
        let mut lines = Vec::new();
        let mut sum = 0_u128;
        for (count, what, price) in self.counts(usage) {
            let part = u128::from(count).saturating_mul(price.pico().unsigned_abs());
            sum = sum.saturating_add(part);
            if count > 0 {
                lines.push(format!("{count} {what} x {price} = {}", decimal(part)));
            }
        }
        let (per, unit) = match self.price.unit() {
            Unit::MillionTokens => (" / 1000000", "a million tokens"),
            Unit::Minute => (" / 60000", "a minute of 60000 ms"),
            _ => ("", "an image"),
        };
        let sum = decimal(sum);
        if lines.len() > 1 {
            lines.push(format!("together {sum}"));
        }
        let left = self.discount.complement();
        let discount = match self.discount {
            BasisPoints::ZERO => String::new(),
            discount => format!(" x {left} (the discount is {discount})"),
        };
        let (rate, currency) = match self.rate {
            None => (String::new(), Currency::Usd),
            Some(rate) => (format!(" / {} USD for 1 SWAN", rate.rate()), Currency::Swan),
        };
        lines.push(format!(
            "{sum}{per}{discount}{rate} = {cost} {currency}; prices are US dollars for {unit}, and the result is rounded \
             once, half to even, to 12 places"
        ));
        lines
    }

    fn counts(&self, usage: &Usage) -> Vec<(u64, &'static str, Amount)> {
        match &self.price {
            ModelPrice::Tokens(tokens) => {
                let cached = usage.cached_tokens.min(usage.prompt_tokens);
                vec![
                    (
                        usage.prompt_tokens - cached,
                        "prompt tokens",
                        tokens.input_per_million(),
                    ),
                    (cached, "cached prompt tokens", tokens.cached_per_million()),
                    (
                        usage.completion_tokens,
                        "completion tokens",
                        tokens.output_per_million(),
                    ),
                ]
            }
            ModelPrice::PerMinute(price) => vec![(usage.audio_ms, "ms of audio", price.usd())],
            ModelPrice::PerImage(price) => vec![(usage.images, "images", price.usd())],
            _ => Vec::new(),
        }
    }
}

/// The split of a charge as a sum.
pub(super) fn split_line(charge: &ChargeRecord, parts: &[(String, Amount)]) -> Option<String> {
    if charge.gross.is_zero() {
        return None;
    }
    let parts: Vec<String> = parts
        .iter()
        .map(|(to, amount)| {
            let share = percent(*amount, charge.gross);
            format!("{amount} to {to} ({share})")
        })
        .collect();
    Some(format!("{} = {}", charge.gross, parts.join(" + ")))
}

/// A part of a whole in percent, to two places.
pub(super) fn percent(part: Amount, whole: Amount) -> String {
    let (part, whole) = (part.pico().unsigned_abs(), whole.pico().unsigned_abs());
    let points = part
        .saturating_mul(10_000)
        .saturating_add(whole / 2)
        .checked_div(whole)
        .unwrap_or_default();
    let points = u16::try_from(points).ok();
    points
        .and_then(|points| BasisPoints::new(points).ok())
        .map_or_else(String::new, |share| share.to_string())
}

/// So many units of 10^-12; it may be more than an amount of money can be.
fn decimal(pico: u128) -> String {
    const ONE: u128 = Amount::PICO_PER_UNIT.unsigned_abs();
    let (whole, rest) = (pico / ONE, pico % ONE);
    match rest {
        0 => whole.to_string(),
        _ => {
            let places = format!("{rest:012}");
            format!("{whole}.{}", places.trim_end_matches('0'))
        }
    }
}
