use proptest::prelude::*;
use swan_core::{
    Basis, Currency, Policy, Pricing, ReportedUsage, SeedPricing, Seen, StampedRate, Timestamp,
    Usage,
};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn reported(json: &str) -> ReportedUsage {
    ReportedUsage::from_json(json.as_bytes()).unwrap()
}

const SEEN: Seen = Seen {
    prompt_bytes: 400,
    content_bytes: 200,
    content_events: 40,
    items: 0,
    max_output_tokens: 100,
    content_tokens: None,
    prompt_tokens: None,
    prompt_beyond_text: false,
};

const fn usage(prompt_tokens: u64, cached_tokens: u64, completion_tokens: u64) -> Usage {
    Usage::tokens(prompt_tokens, cached_tokens, completion_tokens)
}

const NONE_SEEN: Seen = Seen {
    content_bytes: 0,
    content_events: 0,
    ..SEEN
};
const EMPTY_SEEN: Seen = Seen {
    content_bytes: 0,
    content_events: 1,
    ..SEEN
};

/// What the provider does, what it claims, what the hub saw, and what is charged on what basis.
const CLAIMS: [(&str, &str, Seen, Usage, Basis); 12] = [
    (
        "honest",
        r#"{"prompt_tokens":90,"completion_tokens":50,"total_tokens":140}"#,
        SEEN,
        usage(90, 0, 50),
        Basis::Reported,
    ),
    (
        "cached",
        r#"{"prompt_tokens":90,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":64}}"#,
        SEEN,
        usage(90, 64, 50),
        Basis::Reported,
    ),
    (
        "more cached than prompt",
        r#"{"prompt_tokens":90,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":900}}"#,
        SEEN,
        usage(90, 90, 50),
        Basis::Reported,
    ),
    (
        "inflated prompt",
        r#"{"prompt_tokens":100000,"completion_tokens":50}"#,
        SEEN,
        usage(528, 0, 50),
        Basis::Bounded,
    ),
    (
        "above the quote",
        r#"{"prompt_tokens":90,"completion_tokens":101}"#,
        SEEN,
        usage(90, 0, 100),
        Basis::Bounded,
    ),
    (
        "above the bytes",
        r#"{"prompt_tokens":90,"completion_tokens":90}"#,
        Seen {
            content_bytes: 8,
            ..SEEN
        },
        usage(90, 0, 24),
        Basis::Bounded,
    ),
    (
        "nothing delivered",
        r#"{"prompt_tokens":90,"completion_tokens":90}"#,
        NONE_SEEN,
        usage(90, 0, 0),
        Basis::Bounded,
    ),
    (
        "an empty answer",
        r#"{"prompt_tokens":90,"completion_tokens":1}"#,
        EMPTY_SEEN,
        usage(90, 0, 1),
        Basis::Reported,
    ),
    (
        "half a report",
        r#"{"prompt_tokens":90}"#,
        SEEN,
        usage(90, 0, 50),
        Basis::Estimated,
    ),
    (
        "half a lie",
        r#"{"prompt_tokens":1000000}"#,
        SEEN,
        usage(528, 0, 50),
        Basis::Bounded,
    ),
    ("no counts", "{}", SEEN, usage(100, 0, 50), Basis::Estimated),
    ("null", "null", SEEN, usage(100, 0, 50), Basis::Estimated),
];

#[test]
fn a_provider_is_believed_as_far_as_the_bytes_go() {
    let policy = Policy::swan_2_0();
    for (what, claim, seen, metered, basis) in CLAIMS {
        let metered_now = policy.metering().meter(Some(&reported(claim)), &seen);
        assert_eq!(
            (metered_now.usage, metered_now.basis),
            (metered, basis),
            "{what}"
        );
    }
    let silent = policy.metering().meter(
        None,
        &Seen {
            content_bytes: 5,
            ..SEEN
        },
    );
    assert_eq!(
        (silent.usage, silent.basis),
        (usage(100, 0, 2), Basis::Estimated)
    );
}

/// A claim, what the hub counted in prompt and answer, whether there was an image, and what is charged on what basis.
type Checked = (&'static str, [Option<u64>; 2], bool, (u64, u64), Basis);

#[test]
fn a_claim_is_checked_against_the_hubs_own_count() {
    let both = r#"{"prompt_tokens":90,"completion_tokens":50}"#;
    let steep = r#"{"prompt_tokens":400,"completion_tokens":97}"#;
    let checked: [Checked; 8] = [
        (
            "{}",
            [Some(80), Some(44)],
            false,
            (80, 44),
            Basis::Estimated,
        ),
        ("{}", [Some(80), Some(44)], true, (80, 44), Basis::Estimated),
        (both, [Some(80), Some(44)], false, (90, 50), Basis::Reported),
        // Twice the count and the allowances, not a token more.
        (
            steep,
            [Some(136), Some(40)],
            false,
            (400, 96),
            Basis::Bounded,
        ),
        (
            steep,
            [Some(136), Some(41)],
            false,
            (400, 97),
            Basis::Reported,
        ),
        (
            steep,
            [Some(135), Some(41)],
            false,
            (398, 97),
            Basis::Bounded,
        ),
        // Nobody knows the tokens of an image.
        (
            steep,
            [Some(20), Some(41)],
            true,
            (400, 97),
            Basis::Reported,
        ),
        // What its length suggests is believed even of a prompt that is nothing but blanks.
        (steep, [Some(1), Some(41)], false, (228, 97), Basis::Bounded),
    ];
    let policy = Policy::swan_2_0();
    for (claim, [prompt_tokens, content_tokens], prompt_beyond_text, charged, basis) in checked {
        let seen = Seen {
            prompt_tokens,
            content_tokens,
            prompt_beyond_text,
            ..SEEN
        };
        let metered = policy.metering().meter(Some(&reported(claim)), &seen);
        let expected = (usage(charged.0, 0, charged.1), basis);
        assert_eq!((metered.usage, metered.basis), expected, "{claim} {seen:?}");
    }
}

#[test]
fn only_a_whole_answer_that_is_doubted_or_unknown_is_counted() {
    let policy = Policy::swan_2_0();
    let metering = policy.metering();
    for (claim, counts) in [
        ("{}", true),
        (r#"{"prompt_tokens":1}"#, true),
        (r#"{"completion_tokens":116}"#, false),
        (r#"{"completion_tokens":117}"#, true),
    ] {
        let claim = reported(claim);
        let needs = metering.needs_content_count(Some(&claim), 400);
        assert_eq!(needs, counts, "{claim:?}");
        // What is believed uncounted stays believed when it was counted, however little was found.
        let seen = Seen {
            content_bytes: 400,
            content_tokens: Some(1),
            max_output_tokens: 1_000,
            ..SEEN
        };
        let charged = metering.meter(Some(&claim), &seen).usage.completion_tokens;
        if let Some(claimed) = claim.completion_tokens() {
            assert_eq!(charged == claimed, !counts, "{claim:?}");
        }
    }
    assert!(metering.needs_content_count(None, 400));
}

#[test]
fn only_a_prompt_that_is_doubted_or_unknown_is_counted() {
    let policy = Policy::swan_2_0();
    for (claim, counts) in [
        ("{}", true),
        (r#"{"completion_tokens":1}"#, true),
        (r#"{"prompt_tokens":228}"#, false),
        (r#"{"prompt_tokens":229}"#, true),
    ] {
        let needs = policy
            .metering()
            .needs_prompt_count(Some(&reported(claim)), 400);
        assert_eq!(needs, counts, "{claim}");
    }
    assert!(policy.metering().needs_prompt_count(None, 400));
}

#[test]
fn hostile_usage_objects_are_refused() {
    for claim in [
        r#"{"prompt_tokens":-1}"#,
        r#"{"completion_tokens":1.5}"#,
        r#"{"completion_tokens":12.0}"#,
        r#"{"completion_tokens":1e308}"#,
        r#"{"completion_tokens":1e999}"#,
        r#"{"completion_tokens":1000000001}"#,
        r#"{"completion_tokens":18446744073709551615}"#,
        r#"{"completion_tokens":340282366920938463463374607431768211456}"#,
        r#"{"completion_tokens":"12"}"#,
        r#"{"completion_tokens":true}"#,
        r#"{"completion_tokens":[12]}"#,
        r#"{"completion_tokens":{}}"#,
        r#"{"completion_tokens":1,"completion_tokens":2}"#,
        r#"{"prompt_tokens_details":{"cached_tokens":-5}}"#,
        r#"{"prompt_tokens_details":7}"#,
        r#"{"completion_tokens":NaN}"#,
        r#"{"completion_tokens":1"#,
        "[1,2",
        "\"usage\"",
        "12",
        "",
        "\u{0}",
    ] {
        assert!(
            ReportedUsage::from_json(claim.as_bytes()).is_err(),
            "{claim}"
        );
    }
    assert!(ReportedUsage::from_json(&[0xff, 0xfe, b'{', b'}']).is_err());
    assert!(ReportedUsage::from_json("[".repeat(100_000).as_bytes()).is_err());
    assert!(ReportedUsage::new(Some(1), Some(ReportedUsage::MAX_TOKENS + 1)).is_err());
}

#[test]
fn usage_objects_of_real_servers_are_read() {
    for claim in [
        r#"{"completion_tokens":7,"prompt_tokens":3,"total_tokens":10,"prompt_tokens_details":null}"#,
        r#"{"completion_tokens":7,"prompt_tokens":3,"total_tokens":null,"completion_tokens_details":{"reasoning_tokens":5}}"#,
        r#"{"completion_tokens":7,"prompt_tokens":3,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":null}}"#,
        r#"{"completion_tokens":7,"prompt_tokens":3,"timings":{"predicted_ms":1.5e3},"queue_time":0.01}"#,
    ] {
        let usage = reported(claim);
        assert_eq!(
            (usage.prompt_tokens(), usage.completion_tokens()),
            (Some(3), Some(7)),
            "{claim}"
        );
        assert_eq!(usage.cached_tokens(), None);
    }
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![0..2_000_u64, 0..ReportedUsage::MAX_TOKENS, any::<u64>()]
}

proptest! {
    /// The promise that a hold rests on: whatever a provider claims, the charge stays within the quote.
    #[test]
    fn a_charge_never_exceeds_its_quote(
        claim in proptest::option::of((any_count(), any_count(), any_count())),
        prompt_bytes in any_count(), content_bytes in any_count(), content_events in any_count(),
        max_output_tokens in any_count(), swan: bool,
        (content_tokens, prompt_tokens, prompt_beyond_text) in (
            proptest::option::of(any_count()), proptest::option::of(any_count()), any::<bool>()
        ),
    ) {
        let policy = Policy::swan_2_0();
        let model = policy.model("nevoria-70b").unwrap();
        let (payment, rate) = match swan {
            true => (Currency::Swan, Some(StampedRate::new("0.0005016".parse().unwrap(), "test", NOW))),
            false => (Currency::Usd, None),
        };
        let terms = SeedPricing::new().terms(&policy, model, payment, rate.as_ref(), NOW).unwrap();
        let worst = policy.metering().worst_case(prompt_bytes, max_output_tokens);
        let claim = claim.and_then(|(prompt, cached, completion)| {
            let json = format!(r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"prompt_tokens_details":{{"cached_tokens":{cached}}}}}"#);
            ReportedUsage::from_json(json.as_bytes()).ok()
        });
        let seen = Seen { prompt_bytes, content_bytes, content_events, items: 0, max_output_tokens, content_tokens, prompt_tokens, prompt_beyond_text };
        let metered = policy.metering().meter(claim.as_ref(), &seen).usage;
        prop_assert!(metered.prompt_tokens <= worst.prompt_tokens);
        prop_assert!(metered.completion_tokens <= worst.completion_tokens);
        prop_assert!(metered.cached_tokens <= metered.prompt_tokens);
        if let Ok(quote) = terms.quote(worst) {
            prop_assert!(quote.terms().price(&metered).unwrap() <= quote.amount());
        }
    }

    #[test]
    fn no_bytes_make_reading_usage_fail_otherwise(object in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = ReportedUsage::from_json(&object);
    }
}
