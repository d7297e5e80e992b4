//! Error bodies of every server that this family has met.

use proptest::prelude::*;
use swan_core::openai::ErrorBody;

#[test]
fn every_shape_is_read() {
    for (body, message, kind, code) in [
        (
            r#"{"error":{"message":"bad key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            "bad key",
            "invalid_request_error",
            Some("invalid_api_key"),
        ),
        (
            r#"{"error":{"code":400,"message":"no","type":"BadRequest"}}"#,
            "no",
            "BadRequest",
            Some("400"),
        ),
        (
            r#"{"object":"error","message":"too long","type":"E","param":null,"code":40303}"#,
            "too long",
            "E",
            Some("40303"),
        ),
        (
            r#"{"error":"model not found"}"#,
            "model not found",
            "",
            None,
        ),
        (
            r#"{"error":"busy","error_type":"overloaded"}"#,
            "busy",
            "overloaded",
            None,
        ),
        (
            r#"{"error":"busy","code":"overloaded"}"#,
            "busy",
            "",
            Some("overloaded"),
        ),
        (r#"{"detail":"Not Found"}"#, "Not Found", "", None),
        (
            r#"{"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"}]}"#,
            "body.messages.0: field required",
            "",
            None,
        ),
        (r#"{"message":"rate limited"}"#, "rate limited", "", None),
        (r#"{"error":null,"message":"x"}"#, "x", "", None),
        (r#""just text""#, "just text", "", None),
        ("upstream connect error", "upstream connect error", "", None),
        (
            "<html><head><title>502 Bad Gateway</title></head><body>..</body></html>",
            "502 Bad Gateway",
            "",
            None,
        ),
        ("", "", "", None),
        ("{}", "", "", None),
    ] {
        let error = ErrorBody::read(body.as_bytes());
        assert_eq!(
            (
                error.message.as_str(),
                error.kind.as_str(),
                error.code.as_deref()
            ),
            (message, kind, code),
            "{body}"
        );
    }
}

#[test]
fn huge_and_binary_bodies_stay_small() {
    assert_eq!(
        ErrorBody::read("x".repeat(1_000_000).as_bytes())
            .message
            .len(),
        2_000
    );
    assert!(!ErrorBody::read(b"\xff\xfe<title>").message.is_empty());
}

proptest! {
    #[test]
    fn nothing_panics(body in prop::collection::vec(any::<u8>(), 0..200), json in super::json()) {
        let _ = ErrorBody::read(&body);
        for member in ["error", "detail", "message", "code"] {
            let _ = ErrorBody::read(format!(r#"{{"{member}":{json}}}"#).as_bytes());
        }
    }

    #[test]
    fn what_is_written_is_read(message in "[a-z\"<>\\\\ é]{1,30}", code in "[a-z_]{1,10}") {
        let body = ErrorBody::new(message.trim(), "t").with_code(code).with_param("p");
        prop_assert_eq!(ErrorBody::read(body.to_json().as_bytes()), body);
    }
}
