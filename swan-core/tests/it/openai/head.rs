//! Which bodies are chat requests, and what is said about those that are not.

use proptest::prelude::*;
use swan_core::Currency;
use swan_core::openai::{Generation, HeadError, RequestHead};
use swan_core::routing::AffinityKey;

fn parse(rest: &str) -> Result<RequestHead, HeadError> {
    RequestHead::chat(format!(r#"{{"model":"m","messages":[]{rest}}}"#).as_bytes())
}

fn generation(head: &RequestHead) -> &Generation {
    head.asks.generation().unwrap()
}

#[test]
fn reads_what_money_and_routing_need() {
    let head = parse(
        r#","stream":true,"stream_options":{"include_usage":true},"max_tokens":5,
           "max_completion_tokens":9,"n":2,"payment":"swan","provider":"prov-1","temperature":1e400"#,
    )
    .unwrap();
    assert_eq!(
        (
            head.model.as_str(),
            head.stream,
            head.include_usage,
            generation(&head).choices
        ),
        ("m", true, true, 2)
    );
    assert_eq!(
        (
            generation(&head).max_tokens,
            generation(&head).max_completion_tokens
        ),
        (Some(5), Some(9))
    );
    assert_eq!(head.max_output_tokens(), Some(9));
    assert_eq!(
        (head.payment, head.provider.as_deref()),
        (Some(Currency::Swan), Some("prov-1"))
    );
}

#[test]
fn null_and_absent_are_the_same() {
    let rest = r#","stream":null,"stream_options":null,"max_tokens":null,"n":null,"payment":null,"provider":null"#;
    for rest in [rest, ""] {
        let head = parse(rest).unwrap();
        assert_eq!(
            (head.stream, head.include_usage, generation(&head).choices),
            (false, false, 1)
        );
        assert_eq!(
            (head.max_output_tokens(), head.payment, head.provider),
            (None, None, None)
        );
    }
}

#[test]
fn a_provider_is_a_name_or_an_object_of_wishes() {
    let head = parse(r#","provider":{"order":["a"],"allow_fallbacks":false}"#).unwrap();
    let wishes = head.preferences.unwrap();
    assert_eq!((head.provider, wishes.order()[0].as_str()), (None, "a"));
    assert!(!wishes.allows_fallbacks() && wishes.with_fallbacks(true).allows_fallbacks());
    for (wrong, message) in [
        ("7", "provider: expected a JSON object"),
        ("[]", "provider: expected a JSON object"),
        (r#"{"sort":"cheap"}"#, "provider.sort: expected"),
        (r#"{"onyl":["a"]}"#, "provider.onyl: no such field here"),
    ] {
        let error = parse(&format!(r#","provider":{wrong}"#)).unwrap_err();
        assert_eq!(error.param(), Some("provider"), "{error}");
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn what_keeps_requests_together_is_the_first_that_is_a_text() {
    let key = |members: &str| parse(members).unwrap().affinity;
    let of = |text: &str| Some(AffinityKey::of(text.as_bytes()));
    for (members, expected) in [
        ("", None),
        (r#","user":"u""#, of("u")),
        (r#","user":"u","prompt_cache_key":"k""#, of("k")),
        (
            r#","session_id":"s","user":"u","prompt_cache_key":"k""#,
            of("s"),
        ),
        (
            r#","session_id":7,"prompt_cache_key":"","user":"u""#,
            of("u"),
        ),
    ] {
        assert_eq!(key(members), expected, "{members}");
    }
}

#[test]
fn parameters_are_what_steers_the_answer() {
    let body =
        br#"{"model":"m","messages":[],"stream":true,"provider":{},"user":"u","seed":1,"top_k":4}"#;
    assert_eq!(RequestHead::parameters(body), ["seed", "top_k"]);
    assert!(RequestHead::parameters(b"[]").is_empty());
}

#[test]
fn escaped_names_are_the_same_names() {
    let head = RequestHead::chat(br#" {"mod\u0065l":"a\/b","messages":[]} "#).unwrap();
    assert_eq!(head.model, "a/b");
    let twice = RequestHead::chat(br#"{"mod\u0065l":"a","messages":[],"model":"b"}"#);
    assert_eq!(twice.unwrap_err(), HeadError::Duplicate { field: "model" });
}

#[test]
fn refusals_name_the_field_and_what_was_expected() {
    for (rest, message) in [
        (
            r#","stream":"yes""#,
            "stream: expected true or false, found a string",
        ),
        (r#","stream":1"#, "stream: expected true or false, found 1"),
        (r#","n":0"#, "n: expected an integer from 1 to 128, found 0"),
        (
            r#","n":129"#,
            "n: expected an integer from 1 to 128, found 129",
        ),
        (
            r#","max_tokens":0"#,
            "max_tokens: expected an integer from 1 to 1000000000, found 0",
        ),
        (
            r#","max_tokens":1.5"#,
            "max_tokens: expected an integer from 1 to 1000000000, found 1.5",
        ),
        (
            r#","max_tokens":-1"#,
            "max_tokens: expected an integer from 1 to 1000000000, found -1",
        ),
        (
            r#","max_tokens":"9""#,
            "max_tokens: expected an integer from 1 to 1000000000, found a string",
        ),
        (
            r#","max_completion_tokens":99999999999999999999999999"#,
            "max_completion_tokens: expected an integer from 1 to 1000000000, found 99999999999999999999999999",
        ),
        (
            r#","n_predict":-1"#,
            "n_predict: expected an integer from 1 to 1000000000, found -1",
        ),
        (
            r#","payment":"EUR""#,
            r#"payment: expected "USD" or "SWAN", found a string"#,
        ),
        (
            r#","payment":7"#,
            r#"payment: expected "USD" or "SWAN", found 7"#,
        ),
        (
            r#","stream_options":[1]"#,
            "stream_options: expected an object, found an array",
        ),
        (
            r#","stream_options":{"include_usage":"no"}"#,
            "stream_options.include_usage: expected true or false, found a string",
        ),
        (r#","model":"b""#, "model: given more than once"),
        (
            r#","max_tokens":1,"max_tokens":2"#,
            "max_tokens: given more than once",
        ),
        (
            r#","stream":true,"stream":false"#,
            "stream: given more than once",
        ),
    ] {
        let error = parse(rest).expect_err(rest);
        assert_eq!(error.to_string(), message);
        assert_eq!(error.param(), message.split(':').next());
    }
}

#[test]
fn what_is_no_chat_request_at_all() {
    for (body, message) in [
        (&b""[..], "expected a JSON object, found an empty body"),
        (b"  \r\n", "expected a JSON object, found an empty body"),
        (b"[1]", "expected a JSON object, found an array"),
        (b"\"hi\"", "expected a JSON object, found a string"),
        (b"null", "expected a JSON object, found null"),
        (
            b"model=m",
            "expected a JSON object, found something that is not JSON",
        ),
        (
            b"{\"model\":\"\xff\"}",
            "the body is not valid UTF-8 at byte 10",
        ),
        (
            br#"{"model":"m""#,
            "the body is not valid JSON: EOF while parsing an object at line 1 column 12",
        ),
        (
            br#"{"model":"m"} x"#,
            "the body is not valid JSON: trailing characters at line 1 column 15",
        ),
        (br#"{"messages":[]}"#, "model: required, and missing"),
        (br#"{"model":"m"}"#, "messages: required, and missing"),
        (
            br#"{"model":"m","messages":"hi"}"#,
            "messages: expected an array of messages, found a string",
        ),
        (
            br#"{"model":"","messages":[]}"#,
            "model: expected a model name, found \"\"",
        ),
        (
            br#"{"model":null,"messages":[]}"#,
            "model: expected a model name, found null",
        ),
        (
            br#"{"model":["m"],"messages":[]}"#,
            "model: expected a model name, found an array",
        ),
        (
            br#"{"model":"\ud800","messages":[]}"#,
            "model: expected a model name, found a string",
        ),
    ] {
        assert_eq!(RequestHead::chat(body).unwrap_err().to_string(), message);
    }
}

#[test]
fn deep_nesting_neither_overflows_nor_stalls() {
    let deep = format!(
        r#"{{"model":"m","messages":{}{}}}"#,
        "[".repeat(500_000),
        "]".repeat(500_000)
    );
    assert!(RequestHead::chat(deep.as_bytes()).is_ok());
    let open = format!(r#"{{"model":"m","messages":{}"#, "[".repeat(500_000));
    assert!(RequestHead::chat(open.as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = RequestHead::chat(&body);
    }

    #[test]
    fn no_json_panics(value in super::json(), at in any::<prop::sample::Index>()) {
        let names = ["user", "session_id", "model", "messages", "stream", "stream_options", "max_tokens", "n", "payment", "provider"];
        let body = format!(r#"{{"model":"m","messages":[],"{}":{value}}}"#, names[at.index(names.len())]);
        let _ = RequestHead::chat(body.as_bytes());
    }
}
