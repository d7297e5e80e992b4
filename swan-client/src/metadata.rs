//! What the head of an answer tells besides the answer.

use std::time::Duration;

use http::HeaderMap;
use swan_core::{Amount, Currency};

/// What is known about an answer besides its content.
///
/// Everything is optional, since other OpenAI-compatible servers know nothing of costs and providers.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Metadata {
    /// The request's id at the server (`X-Request-ID`).
    pub request_id: Option<String>,
    /// The charge (`X-Swan-Cost`, or `usage.cost`); of a stream it is known when its usage chunk has come.
    pub cost: Option<Amount>,
    /// What the charge is counted in (`X-Swan-Cost-Currency`); of a stream, too, it is known from the start.
    pub currency: Option<Currency>,
    /// The provider who served the request.
    pub provider_id: Option<String>,
    /// The provider's display name.
    pub provider_name: Option<String>,
    /// How the hub reached the provider.
    pub connection_mode: Option<ConnectionMode>,
    /// How the hub chose the provider.
    pub route_mode: Option<String>,
    /// The model that served, by its canonical name.
    pub model: Option<String>,
    /// Why this provider was chosen, when it was asked for (`with_trace` of a handle).
    pub trace: Option<String>,
    /// Whether this is the kept answer of an earlier call with the same idempotency key, which was charged then.
    pub replayed: bool,
    /// Why it was not the provider asked for.
    pub fallback_reason: Option<String>,
    /// Time that the hub says the request took until its head was sent.
    pub hub_latency: Option<Duration>,
    /// Time from the start of the call until the head of the answer was here, retries included.
    pub latency: Duration,
    /// How many times the request was sent, 1 or more.
    pub attempts: u32,
    /// How much of the rate limit is left.
    pub rate_limit: RateLimit,
    /// All headers, for what is not named above.
    pub headers: HeaderMap,
}

/// How a hub reached the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionMode {
    /// Over the provider's own WebSocket.
    Websocket,
    /// Over HTTP, at an endpoint outside of the market.
    External,
    /// A way that this version does not name.
    Other(String),
}

/// A rate limit as the server tells it, in requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests allowed in the current window.
    pub limit: Option<u64>,
    /// Requests left in it.
    pub remaining: Option<u64>,
    /// Time until the window starts anew.
    pub reset: Option<Duration>,
}

impl Metadata {
    pub(crate) fn read(headers: HeaderMap, latency: Duration, attempts: u32) -> Self {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        let either = |a: &str, b: &str| number(a).or_else(|| number(b));
        Self {
            request_id: text("x-request-id").or_else(|| text("x-swan-request-id")),
            cost: text("x-swan-cost").and_then(|amount| amount.parse().ok()),
            currency: text("x-swan-cost-currency").and_then(|currency| currency.parse().ok()),
            provider_id: text("x-swan-provider-id"),
            provider_name: text("x-swan-provider-name"),
            connection_mode: text("x-swan-connection-mode").map(ConnectionMode::from),
            route_mode: text("x-swan-route-mode"),
            model: text("x-swan-model"),
            trace: text("x-swan-trace"),
            replayed: text("idempotency-replayed").is_some_and(|word| word == "true"),
            fallback_reason: text("x-swan-fallback-reason"),
            hub_latency: number("x-swan-latency-ms").map(Duration::from_millis),
            latency,
            attempts,
            rate_limit: RateLimit {
                limit: either("x-ratelimit-limit", "x-ratelimit-limit-requests"),
                remaining: either("x-ratelimit-remaining", "x-ratelimit-remaining-requests"),
                reset: text("x-ratelimit-reset")
                    .or_else(|| text("x-ratelimit-reset-requests"))
                    .and_then(|reset| span(&reset)),
            },
            headers,
        }
    }
}

impl From<String> for ConnectionMode {
    fn from(name: String) -> Self {
        match name.as_str() {
            "websocket" => Self::Websocket,
            "external" => Self::External,
            _ => Self::Other(name),
        }
    }
}

/// A span of time as rate limits write it: `12`, `1.5`, `20ms`, `6m0s`. A point in time is none.
fn span(text: &str) -> Option<Duration> {
    const POINT_IN_TIME: f64 = 1e9;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|_| seconds < POINT_IN_TIME);
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let unit = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let scale = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let seconds = number.parse::<f64>().ok()? * scale;
        total = total.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = after;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::span;
    use std::time::Duration;

    #[test]
    fn spans_of_time_in_every_spelling() {
        for (text, millis) in [
            ("12", Some(12_000)),
            ("1.5", Some(1_500)),
            ("20ms", Some(20)),
            ("6m0s", Some(360_000)),
            ("1h2m", Some(3_720_000)),
            ("1767225600", None),
            ("-3", None),
            ("soon", None),
            ("5x", None),
            ("1e400", None),
            ("NaN", None),
        ] {
            assert_eq!(span(text), millis.map(Duration::from_millis), "{text}");
        }
    }
}
