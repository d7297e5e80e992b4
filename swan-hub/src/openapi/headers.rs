//! The headers of answers, as the document shows them.

use serde_json::{Map, Value, json};

use super::operation::Operation;

/// When an answer has a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// Every answer has it.
    All,
    /// Every answer to a request that was served.
    Served,
    /// Some of those.
    SomeServed,
    /// Answers to requests that may be sent twice.
    Keyed,
    /// Answers to keys that have limits.
    Limited,
    /// Failures after which another try may help.
    Again,
    /// Failures after which one does not help, although the status says so.
    Final,
}

/// A header, when it is there, what its value looks like, and what it says.
struct Header(&'static str, On, Kind, &'static str);

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Uuid,
    /// Digits.
    Count,
    OneOf(&'static [&'static str]),
    Money,
}

const HEADERS: &[Header] = {
    use Kind::{Count, Money, OneOf, Text, Uuid};
    use On::{Again, All, Final, Keyed, Limited, Served, SomeServed};
    const OF_KEY: &str = "Of key and account, the one that has less left";
    &[
        Header("X-Request-ID", All, Uuid, "The request"),
        Header("X-Swan-Request-ID", All, Uuid, "The same"),
        Header(
            "X-Swan-Connection-Mode",
            Served,
            OneOf(&["websocket", "external"]),
            "How whoever served it is connected",
        ),
        Header("X-Swan-Provider-ID", Served, Text, "Who served it"),
        Header(
            "X-Swan-Provider-Name",
            Served,
            Text,
            "What that provider is called; what a header cannot hold is percent-encoded",
        ),
        Header("X-Swan-Model", Served, Text, "The model that answered"),
        Header(
            "X-Swan-Latency-Ms",
            Served,
            Count,
            "Milliseconds until the answer began",
        ),
        Header(
            "X-Swan-Route-Mode",
            Served,
            OneOf(&["auto", "explicit"]),
            "Who chose the provider",
        ),
        Header(
            "X-Swan-Billing-Type",
            Served,
            OneOf(&["pay_as_you_go", "free"]),
            "How it is paid for",
        ),
        Header(
            "X-Swan-Cost-Currency",
            Served,
            OneOf(&["USD", "SWAN"]),
            "The currency of the cost",
        ),
        Header(
            "X-Swan-Cost",
            SomeServed,
            Money,
            "What it cost; the last chunk of a stream says so instead",
        ),
        Header(
            "X-Swan-Requested-Provider",
            SomeServed,
            Text,
            "The provider that was asked for",
        ),
        Header(
            "X-Swan-Fallback-Reason",
            SomeServed,
            Text,
            "Why somebody else served it",
        ),
        Header(
            "X-Swan-Trace",
            SomeServed,
            Text,
            "How it was routed, as JSON, to those who asked",
        ),
        Header(
            "Idempotency-Replayed",
            Keyed,
            OneOf(&["true"]),
            "The answer is one that was given before",
        ),
        Header("X-RateLimit-Limit", Limited, Count, OF_KEY),
        Header("X-RateLimit-Remaining", Limited, Count, OF_KEY),
        Header(
            "X-RateLimit-Reset",
            Limited,
            Count,
            "When all are there again, in seconds since 1970",
        ),
        Header("X-RateLimit-Limit-Requests", Limited, Count, OF_KEY),
        Header("X-RateLimit-Remaining-Requests", Limited, Count, OF_KEY),
        Header(
            "X-RateLimit-Reset-Requests",
            Limited,
            Text,
            "The time until all are there again, such as 6m0s",
        ),
        Header("X-RateLimit-Limit-Tokens", Limited, Count, OF_KEY),
        Header("X-RateLimit-Remaining-Tokens", Limited, Count, OF_KEY),
        Header(
            "X-RateLimit-Reset-Tokens",
            Limited,
            Text,
            "The time until all are there again, such as 6m0s",
        ),
        Header(
            "Retry-After",
            Again,
            Count,
            "Seconds until another try may help, 120 at most",
        ),
        Header(
            "X-Should-Retry",
            Final,
            OneOf(&["false"]),
            "Another try does not help by itself",
        ),
    ]
};

/// All of them, for the components of the document.
pub(super) fn all() -> Value {
    let described = |Header(name, on, kind, says): &Header| {
        let is_always = matches!(on, On::All | On::Served);
        let header = json!({ "description": says, "required": is_always, "schema": kind.schema() });
        ((*name).to_owned(), header)
    };
    HEADERS.iter().map(described).collect::<Map<_, _>>().into()
}

/// Those of a good answer.
pub(super) fn of_answer(operation: &Operation) -> Value {
    let (is_served, is_keyed) = (operation.served, operation.keyed);
    named(|on| match on {
        On::All => true,
        On::Keyed => is_keyed,
        On::Served | On::SomeServed => is_served,
        On::Limited => operation.limited,
        On::Again | On::Final => false,
    })
}

/// Those of a failure.
pub(super) fn of_failure(status: u16, operation: &Operation) -> Value {
    let (is_served, is_keyed) = (operation.served, operation.keyed);
    named(|on| match on {
        On::All => true,
        On::Served | On::SomeServed | On::Keyed => false,
        On::Limited => operation.limited,
        On::Final => is_served || is_keyed,
        On::Again => matches!(status, 409 | 429 | 503),
    })
}

fn named(has: impl Fn(On) -> bool) -> Value {
    let chosen = HEADERS.iter().filter(|Header(_, on, ..)| has(*on));
    let place = |Header(name, ..): &Header| {
        let place = format!("#/components/headers/{name}");
        ((*name).to_owned(), json!({ "$ref": place }))
    };
    chosen.map(place).collect::<Map<_, _>>().into()
}

impl Kind {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Uuid => json!({ "type": "string", "format": "uuid" }),
            Self::Count => json!({ "type": "integer", "minimum": 0 }),
            Self::OneOf(values) => json!({ "type": "string", "enum": values }),
            Self::Money => json!({ "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$" }),
        }
    }
}
