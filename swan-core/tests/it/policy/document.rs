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
const WRONG: [(&str, &str, &str); 18] = [
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
        "swan_discount_bps = 2_000",
        "swan_discount_bps = 10_000",
        "the policy says payment.swan_discount_bps = 10000, but a whole share makes every charge nothing, or every credit twice its deposit",
    ),
    (
        "multiple_bps = 20_000",
        "multiple_bps = 0",
        "the policy says standing.fraud.multiple_bps = 0, but it lies between 1 and 1000000",
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
        "the policy says classes.utility.2.usd_per_image = 0.003, but an entry with modality audio has no such price",
    ),
    (
        "usd_per_minute = \"0.003\"",
        "",
        "the policy says classes.utility.2.usd_per_minute = (missing), but an entry with modality audio needs it",
    ),
    (
        "usd_per_minute = \"0.003\"",
        "usd_per_minute = \"3e-3\"",
        "the policy says classes.utility.2.usd_per_minute = \"3e-3\", but an amount is a plain decimal number such as 5 or 0.000024",
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
        "modality = \"embedding\"\ntier",
        "modality = \"audio\"\ntier",
        "the policy says classes.utility.1.input_usd_per_million_tokens = 0.005, but an entry with modality audio has no such price",
    ),
    (
        "modality = \"embedding\"\ntier",
        "modality = \"chat\"\ntier",
        "the policy says classes.utility.1.modality = chat, but each kind of model but chat has one price",
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

/// What the document says, what it says instead, and the error.
const MISSHAPEN: [(&str, &str, &str); 15] = [
    (
        "[payment]",
        "[paymentt]",
        "the policy has a key that does not exist: paymentt in line %; did you mean payment?",
    ),
    (
        DISCOUNT,
        "swan_discount_bp = 2_000",
        "the policy has a key that does not exist: payment.swan_discount_bp in line %; did you mean swan_discount_bps?",
    ),
    (
        DISCOUNT,
        "swan_discount_bps = 2_000\nhaggling = 1",
        "the policy has a key that does not exist: payment.haggling in line %",
    ),
    (
        "\ndefault_max_tokens = 16_384\n",
        "\n",
        "the policy does not say output.default_max_tokens, and there is no default for it; a built-in policy says of it: \
         What a request may generate when it does not say (a consumer who names max_tokens is quoted for that).",
    ),
    (
        DISCOUNT,
        "swan_discount_bps = -1",
        "the policy says payment.swan_discount_bps = -1, but it is a whole number, not below zero",
    ),
    (
        DISCOUNT,
        "swan_discount_bps = 0.5",
        "the policy says payment.swan_discount_bps = 0.5, but numbers are whole; money, prices and rates are text",
    ),
    (
        DISCOUNT,
        "swan_discount_bps = nan",
        "the policy says payment.swan_discount_bps = nan, but numbers are whole; money, prices and rates are text",
    ),
    (
        DISCOUNT,
        "swan_discount_bps = -inf",
        "the policy says payment.swan_discount_bps = -inf, but numbers are whole; money, prices and rates are text",
    ),
    (
        DISCOUNT,
        "swan_discount_bps = \"2000\"",
        "the policy says payment.swan_discount_bps = \"2000\", but it is a whole number, not below zero",
    ),
    (
        DISCOUNT,
        "swan_discount_bps = 9223372036854775808",
        "the policy says payment.swan_discount_bps = 9223372036854775808, but no number is that large",
    ),
    (
        DISCOUNT,
        "swan_discount_bps = 2026-04-10",
        "the policy says payment.swan_discount_bps = 2026-04-10, but dates are text, such as \"2026-04-10\"",
    ),
    (
        "modality = \"chat\"",
        "modality = \"telepathy\"",
        "the policy says model.1.modality = \"telepathy\", but it is one of chat, embedding, audio, image",
    ),
    (
        "[\"sapphira-l3.3-70b\", \"sapphira-70b\"]",
        "\"sapphira\"",
        "the policy says model.1.aliases = \"sapphira\", but it is a list",
    ),
    (
        "id = \"BruhzWater/Sapphira-L3.3-70b-0.1\"",
        "id = true",
        "the policy says model.1.id = true, but it is text, in quotes",
    ),
    (
        "[[classes.class]]\nup_to_million_parameters = 9_000",
        "[[classes.class]]\nup_to_million_parameters = 9_000\n[[classes.clas]]",
        "the policy has a key that does not exist: classes.clas in line %; did you mean class?",
    ),
];

const DISCOUNT: &str = "swan_discount_bps = 2_000";

#[test]
fn a_wrong_shape_is_named_with_its_key() {
    for (original, replacement, message) in MISSHAPEN {
        let error = with(original, replacement).unwrap_err();
        let mut message = message.to_owned();
        if let PolicyError::Unknown { line, .. } = error {
            message = message.replace('%', &line.to_string());
        }
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn what_is_no_toml_is_named_with_its_line_and_column() {
    for (text, message) in [
        (
            "",
            "the policy does not say version, and there is no default for it",
        ),
        (
            "version",
            "the policy cannot be read at line 1, column 8: key with no value, expected `=`",
        ),
        (
            "\u{0}",
            "the policy cannot be read at line 1, column 2: key with no value, expected `=`",
        ),
        (
            "a = 1\nä = 2",
            "the policy cannot be read at line 2, column 1: ",
        ),
        (
            "a = 1\na = 2",
            "the policy cannot be read at line 2, column 1: duplicate key",
        ),
        (
            "[a]\n[a]",
            "the policy cannot be read at line 2, column 2: duplicate key",
        ),
        (
            "a = '\n",
            "the policy cannot be read at line 1, column 6: invalid literal string, expected `'`",
        ),
    ] {
        let error = Policy::from_toml(text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn documents_beyond_all_bounds_are_refused_shortly() {
    let long = "x".repeat(100_000);
    for text in [
        "[".repeat(100_000),
        "a.".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a=".repeat(100_000)),
        format!("{long} = 1"),
        format!("version = 0.{}", "1".repeat(100_000)),
        Policy::SWAN_2_0_TOML.replacen("\"swan-2.0\"", &format!("{long:?}"), 1),
        Policy::SWAN_2_0_TOML.replacen("\"chat\"", &format!("{long:?}"), 1),
        Policy::SWAN_2_0_TOML.replacen(DISCOUNT, &format!("{long} = 1"), 1),
    ] {
        let error = Policy::from_toml(&text).unwrap_err().to_string();
        assert!(error.len() < 700, "{error}");
    }
    let padded = |bytes: usize| {
        let text = Policy::SWAN_2_0_TOML;
        format!("{text}#{}", " ".repeat(bytes - text.len() - 1))
    };
    assert!(Policy::from_toml(&padded(1_048_576)).is_ok());
    assert_eq!(
        Policy::from_toml(&padded(1_048_577))
            .unwrap_err()
            .to_string(),
        "the policy has 1048577 bytes, but a policy has at most 1048576"
    );
}

#[test]
fn an_error_knows_its_place_in_the_document() {
    let place = |original: &str, replacement: &str| {
        let text = Policy::SWAN_2_0_TOML.replacen(original, replacement, 1);
        let error = Policy::from_toml(&text).unwrap_err();
        let (line, column) = error.place(&text).unwrap();
        let told = text.lines().nth(line - 1).unwrap();
        told.chars().skip(column - 1).collect::<String>()
    };
    assert_eq!(
        place(DISCOUNT, "swan_discount_bps = 99_999"),
        "swan_discount_bps = 99_999"
    );
    assert_eq!(
        place(DISCOUNT, "swan_discount_bps = -1"),
        "swan_discount_bps = -1"
    );
    assert_eq!(place(DISCOUNT, "  discount_bps = 1"), "discount_bps = 1");
    assert_eq!(place(DISCOUNT, ""), "payment]");
    assert_eq!(
        place("min_vram_gb = 38", "min_vram_gb = 0"),
        "min_vram_gb = 0"
    );
    assert_eq!(place("\"swan-2.0\"", "\"Swan"), "");
}
