use swan_core::{Policy, PolicyChange, PolicyError, PolicyValue, PolicyVersion};

fn version(text: &str) -> PolicyVersion {
    PolicyVersion::new(text).unwrap()
}

fn amended(changes: &[PolicyChange]) -> Result<Policy, PolicyError> {
    Policy::swan_2_0().amended(version("swan-2.0.1"), changes)
}

#[test]
fn an_amendment_sets_values_and_keeps_the_rest_as_written() {
    let before = Policy::swan_2_0();
    let after = amended(&[
        PolicyChange::new("payment.swan_discount_bps", 1_500),
        PolicyChange::new(
            "model.\"Qwen/Qwen3-8B\".input_usd_per_million_tokens",
            "0.02",
        ),
        PolicyChange::new("model.1.min_vram_gb", 40),
    ])
    .unwrap();
    assert_eq!(after.version().as_str(), "swan-2.0.1");
    assert_eq!(after.swan_discount().to_string(), "15%");
    assert_eq!(after.model("sapphira-70b").unwrap().min_vram_gb, 40);
    let changed = after.model("qwen3-8b").unwrap().token_price().unwrap();
    assert_eq!(changed.input_per_million().to_string(), "0.02");
    assert_ne!(after.stamp().hash(), before.stamp().hash());
    let lines = before.to_toml().lines().zip(after.to_toml().lines());
    let different: Vec<_> = lines.filter(|(old, new)| old != new).collect();
    assert_eq!(
        different,
        [
            ("version = \"swan-2.0\"", "version = \"swan-2.0.1\""),
            ("swan_discount_bps = 2_000", "swan_discount_bps = 1500"),
            ("min_vram_gb = 38", "min_vram_gb = 40"),
            (
                "input_usd_per_million_tokens = \"0.01\"",
                "input_usd_per_million_tokens = \"0.02\"",
            ),
        ]
    );
    assert_eq!(
        Policy::from_toml(after.to_toml()).unwrap().stamp(),
        after.stamp()
    );
}

#[test]
fn a_key_that_may_be_left_out_can_be_added() {
    let key = "model.\"Qwen/Qwen3-32B\".cached_usd_per_million_tokens";
    let after = amended(&[PolicyChange::new(key, "0.02")]).unwrap();
    let price = after.model("qwen3:32b").unwrap().token_price().unwrap();
    assert_eq!(price.cached_per_million().to_string(), "0.02");
}

#[test]
fn what_cannot_be_amended_is_refused_by_name() {
    let bps = "payment.swan_discount_bps";
    let cases: [(&[PolicyChange], &str); 13] = [
        (&[], "changes = 0, but an amendment makes 1 to 100 changes"),
        (
            &[PolicyChange::new("version", "swan-3.0")],
            "version = \"swan-3.0\", but the version is given beside the changes",
        ),
        (
            &[PolicyChange::new(bps, 1), PolicyChange::new(bps, 2)],
            "payment.swan_discount_bps = 2, but a key changes once in one amendment",
        ),
        (
            &[PolicyChange::new(bps, "1")],
            "payment.swan_discount_bps = \"1\", but it is a whole number, not text",
        ),
        (
            &[PolicyChange::new(bps, 10_001)],
            "payment.swan_discount_bps = 10001, but a share is at most 10000 basis points",
        ),
        (&[PolicyChange::new(bps, -1)], "swan_discount_bps"),
        (&[PolicyChange::new("payment.discount", 1)], "discount"),
        (
            &[PolicyChange::new("payments.swan_discount_bps", 1)],
            "payments.swan_discount_bps = 1, but there is no such key",
        ),
        (
            &[PolicyChange::new("payment.swan_discount_bps.more", 1)],
            "payment.swan_discount_bps.more = 1, but there is no such key",
        ),
        (
            &[PolicyChange::new("model.0.min_vram_gb", 1)],
            "model.0.min_vram_gb = 1, but there is no such key",
        ),
        (
            &[PolicyChange::new("model.99.min_vram_gb", 1)],
            "model.99.min_vram_gb = 1, but there is no such key",
        ),
        (
            &[PolicyChange::new("payment", PolicyValue::Table([].into()))],
            "but a section or a list of entries changes key by key",
        ),
        (
            &[PolicyChange::new("model", PolicyValue::List(vec![]))],
            "but a section or a list of entries changes key by key",
        ),
    ];
    for (changes, told) in cases {
        let error = amended(changes).unwrap_err().to_string();
        assert!(error.contains(told), "{error}\ndoes not say\n{told}");
    }
    for key in ["", ".", "a..b", "payment.", "\"payment", &"x".repeat(301)] {
        let error = amended(&[PolicyChange::new(key, 1)])
            .unwrap_err()
            .to_string();
        assert!(error.contains("a key is a dotted path"), "{error}");
    }
}

#[test]
fn one_value_under_two_names_changes_once() {
    let (by_number, by_name) = (
        PolicyChange::new("model.1.min_vram_gb", 40),
        PolicyChange::new("model.\"BruhzWater/Sapphira-L3.3-70b-0.1\".min_vram_gb", 41),
    );
    let error = amended(&[by_number, by_name]).unwrap_err().to_string();
    assert!(
        error.ends_with("but a key changes once in one amendment"),
        "{error}"
    );
    let twice = [
        PolicyChange::new("model.1.cached_usd_per_million_tokens", "0.1"),
        PolicyChange::new("model.1.cached_usd_per_million_tokens", "0.1"),
    ];
    let error = amended(&twice).unwrap_err().to_string();
    assert!(error.contains("duplicate key"), "{error}");
}

#[test]
fn a_version_is_used_once() {
    let error = Policy::swan_2_0()
        .amended(
            version("swan-2.0"),
            &[PolicyChange::new("payment.swan_discount_bps", 1)],
        )
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy says version = swan-2.0, but an amended policy has a version of its own"
    );
}

#[test]
fn values_read_and_write_as_toml_and_as_json() {
    for text in [
        "14",
        "-3",
        "true",
        "\"0.03\"",
        "[\"a\", 2]",
        "{ days = 7, list = [true] }",
    ] {
        let value: PolicyValue = text.parse().unwrap();
        assert_eq!(value.to_string(), text);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<PolicyValue>(&json).unwrap(), value);
    }
    for text in [
        "",
        "0.5",
        "nan",
        "inf",
        "2026-04-10",
        "[1.5]",
        "{ a = nan }",
        "a",
        "1\nb = 2",
    ] {
        assert!(text.parse::<PolicyValue>().is_err(), "{text}");
    }
}
