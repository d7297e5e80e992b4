//! What a hub asks a provider to sign, and what comes of that, in the JSON of requests and ends.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::super::Attestation;
use crate::receipt::{ReceiptPrice, SignTerms, SignedStatement};
use crate::{Amount, ModelId, PolicyVersion};

/// The `sign` of a request.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Sign {
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    usd_per_million_input: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usd_per_million_cached: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usd_per_million_output: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usd_per_minute: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usd_per_image: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_sha256: Option<String>,
}

/// What a request asks to sign, as a hub writes it.
pub(crate) fn ask(terms: &SignTerms) -> Option<Box<RawValue>> {
    let mut sign = Sign {
        model: terms.model.to_string(),
        policy: terms.policy.as_ref().map(ToString::to_string),
        policy_sha256: terms.policy_hash.as_ref().map(ToString::to_string),
        ..Sign::default()
    };
    match terms.price {
        Some(ReceiptPrice::Tokens {
            input,
            cached,
            output,
        }) => {
            sign.usd_per_million_input = Some(input);
            sign.usd_per_million_cached = Some(cached);
            sign.usd_per_million_output = Some(output);
        }
        Some(ReceiptPrice::Minute(usd)) => sign.usd_per_minute = Some(usd),
        Some(ReceiptPrice::Image(usd)) => sign.usd_per_image = Some(usd),
        None => {}
    }
    to_raw_value(&sign).ok()
}

/// What a request asks to sign, as a provider reads it; `None` for what it does not understand, and then signs nothing.
pub(crate) fn terms(raw: Option<&RawValue>) -> Option<Box<SignTerms>> {
    let sign: Sign = serde_json::from_str(raw?.get()).ok()?;
    let tokens = match (
        sign.usd_per_million_input,
        sign.usd_per_million_cached,
        sign.usd_per_million_output,
    ) {
        (Some(input), Some(cached), Some(output)) => Some(ReceiptPrice::Tokens {
            input,
            cached,
            output,
        }),
        (None, None, None) => None,
        _ => return None,
    };
    let minute = sign.usd_per_minute.map(ReceiptPrice::Minute);
    let image = sign.usd_per_image.map(ReceiptPrice::Image);
    let mut prices = [tokens, minute, image].into_iter().flatten();
    let price = prices.next();
    if prices.next().is_some() {
        return None;
    }
    let policy = match sign.policy {
        Some(version) => Some(PolicyVersion::new(&version)?),
        None => None,
    };
    let policy_hash = match sign.policy_sha256 {
        Some(hash) => Some(hash.parse().ok()?),
        None => None,
    };
    Some(Box::new(SignTerms {
        model: ModelId::new(&sign.model).ok()?,
        price,
        policy,
        policy_hash,
    }))
}

/// What a provider has signed, as it writes it.
pub(crate) fn signed(signed: &SignedStatement) -> Option<Box<RawValue>> {
    to_raw_value(signed).ok()
}

/// The same as a hub reads it.
pub(crate) fn attestation(raw: Option<&RawValue>) -> Option<Attestation> {
    let json = raw?.get().as_bytes();
    let signed = SignedStatement::from_json(json).map(Box::new);
    Some(signed.map_or(Attestation::Malformed, Attestation::Signed))
}
