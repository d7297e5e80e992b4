use swan_core::{Policy, PolicyError};

/// The built-in document with one piece replaced.
fn with(original: &str, replacement: &str) -> Result<Policy, PolicyError> {
    let text = Policy::SWAN_2_0_TOML;
    assert!(
        text.contains(original),
        "the document does not say {original}"
    );
    Policy::from_toml(&text.replacen(original, replacement, 1))
}

#[test]
fn the_built_in_policy_says_what_the_seed_says() {
    let policy = Policy::swan_2_0();
    assert_eq!(policy.version().as_str(), "swan-2.0");
    assert_eq!(policy.swan_discount().to_string(), "20%");
    assert_eq!(policy.split().provider().to_string(), "95%");
    assert_eq!(policy.split().growth_fund().to_string(), "5%");
    assert_eq!(policy.split().treasury().to_string(), "0%");
    assert_eq!(policy.split().burn().to_string(), "0%");
}

/// What the document says, what it says instead, and the error.
const WRONG: [(&str, &str, &str); 14] = [
    (
        "version = \"swan-2.0\"",
        "version = \"Swan 2\"",
        "the policy says version = Swan 2, but a version has 1 to 40 lower-case letters, digits, dots and hyphens",
    ),
    (
        "swan_discount_bps = 2_000",
        "swan_discount_bps = 20_000",
        "the policy says payment.swan_discount_bps = 20000, but a share is at most 10000 basis points",
    ),
    (
        "provider_bps = 9_500",
        "provider_bps = 9_400",
        "the policy says split.phases.1 = 9900 basis points, but the shares of a split sum to 10000 basis points, not 9900",
    ),
    (
        "bytes_per_token_max = 16",
        "bytes_per_token_max = 3",
        "the policy says metering.bytes_per_token_max = 3, but it lies between 4 and 10000",
    ),
    (
        "bytes_per_token = 4",
        "bytes_per_token = 0",
        "the policy says metering.bytes_per_token = 0, but it lies between 1 and 100",
    ),
    (
        "default_max_tokens = 16_384",
        "default_max_tokens = 99_999",
        "the policy says output.default_max_tokens = 99999, but it lies between 1 and 16384",
    ),
    (
        "input_usd_per_million_tokens = \"0.20\"\noutput_usd_per_million_tokens = \"0.30\"\n\n[[model]]\nid = \"Steel",
        "input_usd_per_million_tokens = \"-0.20\"\noutput_usd_per_million_tokens = \"0.30\"\n\n[[model]]\nid = \"Steel",
        "the policy says model.1.input_usd_per_million_tokens = \"-0.20\", but a price lies between 0 and 10000 dollars",
    ),
    (
        "usd_per_minute = \"0.003\"",
        "usd_per_image = \"0.003\"",
        "the policy says model.11.usd_per_image = 0.003, but an entry with modality audio has no such price",
    ),
    (
        "usd_per_minute = \"0.003\"",
        "",
        "the policy says model.11.usd_per_minute = (missing), but an entry with modality audio needs it",
    ),
    (
        "usd_per_minute = \"0.003\"",
        "usd_per_minute = \"3e-3\"",
        "the policy says model.11.usd_per_minute = \"3e-3\", but an amount is a plain decimal number such as 5 or 0.000024",
    ),
    (
        "\"stheno-8b\"",
        "\"QWEN3-8b\"",
        "the policy says model = qwen3-8b, but a name belongs to one model only",
    ),
    (
        "up_to_million_parameters = 15_000",
        "up_to_million_parameters = 9_000",
        "the policy says classes.class.2.up_to_million_parameters = 9000, but classes stand in rising order, and the one before ends at 9000",
    ),
    (
        "unknown_million_parameters = 8_000",
        "unknown_million_parameters = 0",
        "the policy says classes.unknown_million_parameters = 0, but it lies between 1 and 130000",
    ),
    (
        "max_output_tokens = 8_192",
        "max_output_tokens = 8_193",
        "the policy says model.8.max_output_tokens = 8193, but it lies between 1 and 8192",
    ),
];

#[test]
fn a_wrong_value_is_named_with_its_key_and_its_rule() {
    for (original, replacement, message) in WRONG {
        match with(original, replacement) {
            Ok(_) => panic!("accepted: {replacement}"),
            Err(error) => assert_eq!(error.to_string(), message),
        }
    }
}

#[test]
fn cached_input_never_costs_more_than_fresh_input() {
    let at = "output_usd_per_million_tokens = \"0.12\"\n\n[[model]]";
    let line = |price: &str| format!("cached_usd_per_million_tokens = \"{price}\"\n{at}");
    let cheap = with(at, &line("0.02")).unwrap();
    let price = *cheap.model("qwen3:32b").unwrap().token_price().unwrap();
    assert_eq!(price.cached_per_million().to_string(), "0.02");
    let error = with(at, &line("0.081")).unwrap_err().to_string();
    assert!(
        error.ends_with("but cached input costs at most as much as fresh input"),
        "{error}"
    );
}

#[test]
fn what_is_not_a_policy_document_is_refused_with_its_place() {
    for (original, replacement, named) in [
        ("[payment]", "[paymentt]", "paymentt"),
        ("burn_bps = 0", "burn_bps = 0\nburned_bps = 1", "burned_bps"),
        ("burn_bps = 0", "burn_bps = -1", "burn_bps = -1"),
        ("burn_bps = 0", "burn_bps = 0.5", "burn_bps = 0.5"),
        ("burn_bps = 0", "", "burn_bps"),
        (
            "modality = \"chat\"",
            "modality = \"telepathy\"",
            "telepathy",
        ),
        ("tier = \"S\"", "tier = \"Z\"", "Z"),
        ("= \"0.20\"", "= 0.20", "0.20"),
    ] {
        let error = with(original, replacement).unwrap_err();
        assert!(matches!(error, PolicyError::Unreadable { .. }), "{error}");
        assert!(
            error.to_string().contains(named),
            "{named} is not named: {error}"
        );
    }
    for text in ["", "version", "\u{0}", "version = \"swan-2.0\""] {
        assert!(matches!(
            Policy::from_toml(text),
            Err(PolicyError::Unreadable { .. })
        ));
    }
}
