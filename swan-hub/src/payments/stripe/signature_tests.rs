use std::time::Duration;

use http::HeaderMap;
use ring::hmac;
use swan_core::Timestamp;

use super::super::NoticeError;
use super::signature::check;

const NOW: u64 = 1_700_000_000;
const BODY: &[u8] = br#"{"id":"evt_1"}"#;

fn sign(secret: &str, at: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, &[at.as_bytes(), b".", body].concat());
    tag.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn checked(header: &str, secrets: &[&str]) -> Result<(), NoticeError> {
    let mut headers = HeaderMap::new();
    headers.insert("stripe-signature", header.parse().unwrap());
    let secrets: Vec<String> = secrets.iter().map(|text| (*text).to_owned()).collect();
    let now = Timestamp::from_millis(NOW * 1_000 + 999);
    check(&headers, BODY, &secrets, (now, Duration::from_secs(300)))
}

/// A vector that was computed with Python's `hmac`, so that both sides of these tests are not the same mistake.
#[test]
fn a_signature_that_was_made_elsewhere_is_believed() {
    let header = "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
    assert_eq!(checked(header, &["whsec_test"]), Ok(()));
}

#[test]
fn any_of_the_secrets_and_any_of_the_signatures_will_do() {
    let (old, new) = (
        sign("old", "1700000000", BODY),
        sign("new", "1700000000", BODY),
    );
    let other = sign("another", "1700000000", BODY);
    let good = [
        (format!("t=1700000000,v1={old}"), vec!["old"]),
        (format!("t=1700000000,v1={old}"), vec!["new", "old"]),
        (format!("t=1700000000,v1={other},v1={new}"), vec!["new"]),
        (format!("v1={new},t=1700000000"), vec!["new"]),
        (format!("t=1700000000, v0=abc, v1={new}"), vec!["new"]),
        (
            format!("t=1700000000,v1={}", new.to_uppercase()),
            vec!["new"],
        ),
    ];
    for (header, secrets) in good {
        assert_eq!(checked(&header, &secrets), Ok(()), "{header}");
    }
    let wrong = [
        (format!("t=1700000000,v1={old}"), vec!["new"]),
        (format!("t=1700000001,v1={old}"), vec!["old"]),
        (
            format!("t=1700000000,v1={}", sign("old", "1700000000", b"{}")),
            vec!["old"],
        ),
        (format!("t=01700000000,v1={old}"), vec!["old"]),
    ];
    for (header, secrets) in wrong {
        assert_eq!(
            checked(&header, &secrets),
            Err(NoticeError::WrongSignature),
            "{header}"
        );
    }
}

#[test]
fn what_is_no_signature_is_named() {
    let good = sign("s", "1700000000", BODY);
    let long = format!("t=1700000000{}", format!(",v1={good}").repeat(9));
    for header in [
        "",
        "t=1700000000",
        &format!("v1={good}"),
        &format!("t=1700000000,v1={good}0"),
        &format!("t=1700000000,v1={}", "zz".repeat(32)),
        &format!("t=1700000000,v1={}", "+1".repeat(32)),
        &format!("t=-1700000000,v1={good}"),
        &format!("t=1,t=1700000000,v1={good}"),
        &format!("t=17000000001700000000,v1={good}"),
        &format!("nothing,v1={good}"),
        &format!("t=1700000000,v0={good}"),
        &long,
    ] {
        assert_eq!(
            checked(header, &["s"]),
            Err(NoticeError::NoSignature),
            "{header}"
        );
    }
    let none = check(
        &HeaderMap::new(),
        BODY,
        &[],
        (Timestamp::EPOCH, Duration::ZERO),
    );
    assert_eq!(none, Err(NoticeError::NoSignature));
    let mut twice = HeaderMap::new();
    for _ in 0..2 {
        twice.append(
            "stripe-signature",
            format!("t=1700000000,v1={good}").parse().unwrap(),
        );
    }
    let now = (
        Timestamp::from_millis(NOW * 1_000),
        Duration::from_secs(300),
    );
    assert_eq!(
        check(&twice, BODY, &["s".into()], now),
        Err(NoticeError::NoSignature)
    );
}

#[test]
fn what_was_signed_long_ago_or_will_be_is_refused() {
    for (at, is_in_time) in [
        (NOW - 300, true),
        (NOW + 300, true),
        (NOW - 301, false),
        (NOW + 301, false),
        (0, false),
    ] {
        let text = at.to_string();
        let found = checked(&format!("t={text},v1={}", sign("s", &text, BODY)), &["s"]);
        let expected = NoticeError::OutOfTime {
            signed_at: at,
            tolerance_secs: 300,
        };
        assert_eq!(
            found,
            if is_in_time { Ok(()) } else { Err(expected) },
            "{at}"
        );
    }
}
