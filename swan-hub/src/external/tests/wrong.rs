//! Configurations that cannot work, and what they are told.

use swan_core::{TokenPrice, UnitPrice};

use super::{Spare, config, model};
use crate::external::{ExternalConfig, ExternalModel};

fn refused(configs: &[ExternalConfig]) -> String {
    let error = Spare::of(configs).err().expect("refused").to_string();
    assert!(!error.contains("sk-upstream"), "{error}");
    error
}

#[test]
fn what_is_wrong_is_named() {
    let good = || config("http://x");
    let minute = UnitPrice::new("1".parse().expect("an amount")).expect("a price");
    let mut unnamed = good();
    unnamed.name = "new\nline".into();
    let mut idle = good();
    idle.limits.requests_per_minute = Some(0);
    let mut weightless = good();
    weightless.place.weight = 0;
    let mut first = good();
    first.place.first_for = vec!["two words".into()];
    let mut keyed = good();
    keyed.key_header = Some("content-length".into());
    let mut untrusted = good();
    untrusted.base_url = "https://x".into();
    untrusted.trust.ca_file = Some("/nowhere/ca.pem".into());
    let audio = ExternalModel::named("x").with_price(swan_core::ModelPrice::PerMinute(minute));
    let cases: Vec<(Vec<ExternalConfig>, &[&str])> = vec![
        (vec![config("")], &["spare", "base_url"]),
        (vec![config("localhost:8000")], &["base_url"]),
        (vec![config("ftp://x")], &["base_url"]),
        (vec![config("http://user:pw@x")], &["base_url", "password"]),
        (vec![good().with_api_key("a\nb")], &["api_key"]),
        (
            vec![good().with_header("a b", "c")],
            &["a b", "no header name"],
        ),
        (
            vec![good().with_header("x-a", "b\r\nc: d")],
            &["x-a", "value"],
        ),
        (
            vec![good().with_header("Host", "b")],
            &["Host", "hub sets it"],
        ),
        (vec![keyed], &["content-length", "hub sets it"]),
        (vec![good().with_model("two words", "x")], &["two words"]),
        (
            vec![good().with_model("qwen3:32b", "x")],
            &["described twice"],
        ),
        (
            vec![good().with_model(model().as_str(), audio)],
            &["chat", "not priced in this unit"],
        ),
        (vec![unnamed], &["printable"]),
        (vec![idle], &["requests_per_minute = 0"]),
        (vec![weightless], &["weight = 0"]),
        (vec![first], &["two words"]),
        (vec![untrusted], &["/nowhere/ca.pem"]),
        (vec![good(), good()], &["another one of this name"]),
        (
            vec![config("http://api.example.com")],
            &["unencrypted", "insecure = true"],
        ),
    ];
    for (configs, parts) in cases {
        let said = refused(&configs);
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[test]
fn what_is_unusual_and_right_is_taken() {
    let mut insecure = config("http://api.example.com");
    insecure.trust.insecure = true;
    assert!(Spare::of(&[insecure]).is_ok(), "who says so gets it");
    let open = ExternalConfig::new("open", "http://api.example.com");
    assert!(
        Spare::of(&[open]).is_ok(),
        "without a key there is nothing to lose"
    );
    let usd = "1".parse().expect("an amount");
    let price = TokenPrice::per_million(usd, usd).expect("a price");
    let priced = ExternalModel::named("x").with_price(price);
    assert!(Spare::of(&[config("http://x").with_model(model().as_str(), priced)]).is_ok());
}
