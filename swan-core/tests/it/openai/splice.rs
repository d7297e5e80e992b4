//! A rewrite changes its member and keeps every other byte.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;
use swan_core::openai::{RequestHead, Rewrite, with_include_usage};

fn rewritten(body: &str, rewrite: &Rewrite<'_>) -> String {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let head = RequestHead::chat(&body).unwrap();
    String::from_utf8(rewrite.apply(&body, &head).concat()).unwrap()
}

#[test]
fn usage_is_asked_for_whatever_stands_there() {
    for (given, sent) in [
        (
            r#"{"model":"m","messages":[]}"#,
            r#"{"model":"m","messages":[]}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"model":"m","messages":[],"stream":true}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options" : null }"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options" : {"include_usage":true} }"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{ }}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true }}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"other":1}}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true,"other":1}}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage": false}}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage": true}}"#,
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
    ] {
        assert_eq!(rewritten(given, &Rewrite::new().with_include_usage()), sent);
    }
}

#[test]
fn the_limit_is_set_or_lowered() {
    for (given, sent) in [
        (
            r#"{"model":"m","messages":[]}"#,
            r#"{"max_tokens":50,"model":"m","messages":[]}"#,
        ),
        (
            r#"{"model":"m","messages":[],"max_tokens":null,"max_completion_tokens":null}"#,
            r#"{"model":"m","messages":[],"max_tokens":50,"max_completion_tokens":null}"#,
        ),
        (
            r#"{"model":"m","messages":[],"max_tokens":20}"#,
            r#"{"model":"m","messages":[],"max_tokens":20}"#,
        ),
        (
            r#"{"n_predict":70,"model":"m","messages":[],"max_completion_tokens":99,"max_tokens":null}"#,
            r#"{"n_predict":50,"model":"m","messages":[],"max_completion_tokens":50,"max_tokens":null}"#,
        ),
    ] {
        assert_eq!(rewritten(given, &Rewrite::new().with_max_tokens(50)), sent);
    }
}

#[test]
fn market_members_leave_no_comma_behind() {
    for (given, sent) in [
        (
            r#"{"payment":"SWAN","model":"m","messages":[]}"#,
            r#"{"model":"m","messages":[]}"#,
        ),
        (
            r#"{"payment":"SWAN" , "provider":"p", "model":"m","messages":[]}"#,
            r#"{ "model":"m","messages":[]}"#,
        ),
        (
            r#"{"model":"m","payment":"USD","provider":"p","messages":[]}"#,
            r#"{"model":"m","messages":[]}"#,
        ),
        (
            r#"{"model":"m","messages":[] , "payment":"SWAN" }"#,
            r#"{"model":"m","messages":[] }"#,
        ),
        (
            r#"{"model":"m","messages":[],"provider":{"order":[]}}"#,
            r#"{"model":"m","messages":[]}"#,
        ),
        (
            r#"{"provider":{"only":["a","}"]},"model":"m","messages":[],"user":"u"}"#,
            r#"{"model":"m","messages":[],"user":"u"}"#,
        ),
        (
            r#"{"model":"m","provider":null,"messages":[]}"#,
            r#"{"model":"m","messages":[]}"#,
        ),
    ] {
        assert_eq!(
            rewritten(given, &Rewrite::new().without_market_fields()),
            sent
        );
    }
}

#[test]
fn the_unchanged_ranges_are_not_copied() {
    let body = Bytes::from(format!(
        r#"{{"model":"m","messages":["{}"],"stream":true}}"#,
        "x".repeat(100_000)
    ));
    let head = RequestHead::chat(&body).unwrap();
    let segments = with_include_usage(&body, &head);
    let memory = body.as_ptr().addr()..body.as_ptr().addr() + body.len();
    let shared: usize = segments
        .iter()
        .filter(|s| memory.contains(&s.as_ptr().addr()))
        .map(Bytes::len)
        .sum();
    assert_eq!(shared, body.len());
}

#[test]
fn a_head_of_another_body_changes_nothing() {
    let head = RequestHead::chat(br#"{"model":"m","messages":[],"stream":true}"#).unwrap();
    let other = Bytes::from_static(b"{}");
    assert_eq!(with_include_usage(&other, &head), [other]);
}

/// Every way in which the members that a rewrite may touch can stand in a body, among strangers.
fn bodies() -> impl Strategy<Value = String> {
    let options = prop_oneof![
        Just(None),
        Just(Some("null".to_owned())),
        super::strangers().prop_map(|members| Some(format!("{{{}}}", members.join(",")))),
        (super::strangers(), any::<bool>()).prop_map(|(mut members, on)| {
            members.push(format!("\"include_usage\" :{on}"));
            Some(format!("{{ {} }}", members.join(" ,")))
        }),
    ];
    let limit = || {
        prop_oneof![
            Just(None),
            Just(Some("null".to_owned())),
            (1..999u64).prop_map(|n| Some(n.to_string()))
        ]
    };
    let payment = prop_oneof![Just(None), Just(Some("\"SWAN\"".to_owned()))];
    let parts = (
        options,
        limit(),
        limit(),
        payment,
        any::<bool>(),
        super::strangers(),
    );
    parts
        .prop_map(|(options, most, completion, payment, stream, strangers)| {
            let mut members = vec![
                r#""model":"m\u00e9""#.to_owned(),
                format!("\"stream\":{stream}"),
            ];
            members.push(
                r#""messages":[{"role":"user","content":"\"stream_options\":{}"}]"#.to_owned(),
            );
            for (name, value) in [
                ("stream_options", options),
                ("max_tokens", most),
                ("max_completion_tokens", completion),
                ("payment", payment),
            ] {
                members.extend(value.map(|value| format!("\"{name}\": {value}")));
            }
            members.extend(strangers);
            members
        })
        .prop_shuffle()
        .prop_map(|members| format!(" {{ {} }}\n", members.join(" ,\t")))
}

fn without(value: &Value, names: &[&str]) -> Value {
    let mut object = value.as_object().unwrap().clone();
    for name in names {
        object.remove(*name);
    }
    Value::Object(object)
}

proptest! {
    #[test]
    fn a_rewrite_does_its_work_and_nothing_else(body in bodies(), limit in 1..999u64) {
        let rewrite = Rewrite::new()
            .with_model("other \"name\"")
            .with_include_usage()
            .with_max_tokens(limit)
            .without_market_fields();
        let before: Value = serde_json::from_str(&body).unwrap();
        let sent = rewritten(&body, &rewrite);
        let after: Value = serde_json::from_str(&sent).unwrap();
        prop_assert_eq!(&after["model"], "other \"name\"");
        prop_assert!(after.get("payment").is_none());
        if before["stream"] == true {
            prop_assert_eq!(&after["stream_options"]["include_usage"], true);
        }
        let head = RequestHead::chat(sent.as_bytes()).unwrap();
        prop_assert!(head.max_output_tokens().is_some_and(|most| most <= limit));
        let touched = ["model", "payment", "stream_options", "max_tokens", "max_completion_tokens"];
        prop_assert_eq!(without(&after, &touched), without(&before, &touched));
    }

    #[test]
    fn asking_for_usage_keeps_every_other_byte(body in bodies()) {
        let bytes = Bytes::from(body.clone());
        let head = RequestHead::chat(&bytes).unwrap();
        let segments = with_include_usage(&bytes, &head);
        let memory = bytes.as_ptr().addr()..bytes.as_ptr().addr() + bytes.len();
        let kept: usize = segments.iter().filter(|s| memory.contains(&s.as_ptr().addr())).map(Bytes::len).sum();
        // Nothing but `null` or `false` is ever taken out.
        prop_assert!(kept + 5 >= bytes.len());
        prop_assert_eq!(rewritten(&body, &Rewrite::new()), body);
    }
}
