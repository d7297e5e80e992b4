//! The headers that steer a request.

use http::HeaderMap;
use swan_core::Currency;

use super::ParseError;

/// The header that pins a provider.
const PROVIDER: &str = "x-swan-provider";
/// The header that allows or forbids another provider than the pinned one, and further attempts.
const ALLOW_FALLBACKS: &str = "x-swan-allow-fallbacks";
/// The header that asks why this provider was chosen, and of the answer that says so.
const TRACE: &str = "x-swan-trace";
/// The header that chooses the currency.
const PAYMENT: &str = "x-swan-payment";
/// The header that asks for hashes of the bodies in the receipt.
const RECEIPT: &str = "x-swan-receipt";

/// What the headers say.
pub(super) struct Steering {
    pub(super) payment: Option<Currency>,
    pub(super) pin: Option<String>,
    pub(super) allow_fallbacks: Option<bool>,
    pub(super) trace: bool,
}

impl Steering {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, ParseError> {
        // It is acted on where the body is; a slip in it must not cost the proof.
        let _is_wanted = flag(headers, RECEIPT)?;
        Ok(Self {
            payment: payment(headers)?,
            pin: text(headers, PROVIDER, "the id or name of a provider")?.map(str::to_owned),
            allow_fallbacks: flag(headers, ALLOW_FALLBACKS)?,
            trace: flag(headers, TRACE)?.unwrap_or(false),
        })
    }
}

fn payment(headers: &HeaderMap) -> Result<Option<Currency>, ParseError> {
    let expected = "USD or SWAN";
    match text(headers, PAYMENT, expected)? {
        None => Ok(None),
        Some(code) if code.eq_ignore_ascii_case("usd") => Ok(Some(Currency::Usd)),
        Some(code) if code.eq_ignore_ascii_case("swan") => Ok(Some(Currency::Swan)),
        Some(_) => Err(ParseError::Header {
            name: PAYMENT,
            expected,
        }),
    }
}

fn flag(headers: &HeaderMap, name: &'static str) -> Result<Option<bool>, ParseError> {
    let expected = "true or false";
    match text(headers, name, expected)? {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("true") || word == "1" => Ok(Some(true)),
        Some(word) if word.eq_ignore_ascii_case("false") || word == "0" => Ok(Some(false)),
        Some(_) => Err(ParseError::Header { name, expected }),
    }
}

fn text<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<&'a str>, ParseError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(ParseError::Header {
            name,
            expected: "one value",
        });
    }
    match value.to_str().map(str::trim) {
        Ok("") | Err(_) => Err(ParseError::Header { name, expected }),
        Ok(text) => Ok(Some(text)),
    }
}
