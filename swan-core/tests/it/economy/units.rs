//! Images, audio and embeddings: the same arithmetic as for tokens, in their own units.

use proptest::prelude::*;
use swan_core::{
    Amount, Basis, BasisPoints, Currency, ExchangeRate, Model, ModelPrice, Parameters, Policy,
    PriceError, Pricing, ReportedUsage, SeedPricing, Seen, StampedRate, Terms, Timestamp,
    TokenPrice, UnitPrice, Usage,
};

use super::{amount, swan_2_0};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn model(name: &str) -> Model {
    Policy::swan_2_0().model(name).unwrap().clone()
}

fn terms(name: &str, usd_per_swan: Option<&str>) -> Terms {
    let rate = usd_per_swan.map(|rate| StampedRate::new(rate.parse().unwrap(), "test", NOW));
    let payment = if rate.is_some() {
        Currency::Swan
    } else {
        Currency::Usd
    };
    SeedPricing::new()
        .terms(
            &Policy::swan_2_0(),
            &model(name),
            payment,
            rate.as_ref(),
            NOW,
        )
        .unwrap()
}

#[test]
fn images_audio_and_embeddings_cost_what_the_seed_says() {
    for (name, used, rate, cost) in [
        ("flux-schnell", Usage::of_images(1), None, "0.003"),
        ("flux-schnell", Usage::of_images(4), Some("1"), "0.0096"),
        ("sdxl", Usage::of_images(1), None, "0.002"),
        ("sdxl", Usage::of_images(3), Some("0.5"), "0.0096"),
        ("sdxl", Usage::of_images(0), None, "0"),
        // A minute, a minute and a half, a second, and a millisecond of Whisper at $0.003 a minute.
        ("whisper-1", Usage::of_audio_ms(60_000), None, "0.003"),
        ("whisper-1", Usage::of_audio_ms(90_000), None, "0.0045"),
        ("whisper-1", Usage::of_audio_ms(1_000), None, "0.00005"),
        ("whisper-1", Usage::of_audio_ms(1), None, "0.00000005"),
        ("whisper-1", Usage::of_audio_ms(60_000), Some("1"), "0.0024"),
        ("bge-large", Usage::tokens(1_000_000, 0, 0), None, "0.005"),
        (
            "e5-large",
            Usage::tokens(1_000_000, 0, 0),
            Some("1"),
            "0.004",
        ),
        // What is not counted in the unit of the price costs nothing.
        (
            "whisper-1",
            Usage::tokens(1_000_000, 0, 1_000_000),
            None,
            "0",
        ),
        ("sdxl", Usage::of_audio_ms(60_000), None, "0"),
        ("qwen3:8b", Usage::of_images(1_000), None, "0"),
        ("bge-large", Usage::tokens(0, 0, 1_000_000), None, "0"),
    ] {
        let terms = terms(name, rate);
        assert_eq!(
            terms.price(&used),
            Ok(amount(cost)),
            "{name} {used:?} {rate:?}"
        );
        assert_eq!(terms.quote(used).unwrap().amount(), amount(cost));
    }
}

#[test]
fn parts_of_a_minute_are_rounded_once_and_half_to_even() {
    let pico = Amount::from_pico(1).unwrap();
    let price = ModelPrice::PerMinute(UnitPrice::new(pico).unwrap());
    let terms = Terms::in_usd(Policy::swan_2_0().stamp().clone(), price, BasisPoints::ZERO);
    for (audio_ms, pico) in [
        (0, 0),
        (29_999, 0),
        (30_000, 0),
        (30_001, 1),
        (89_999, 1),
        (90_000, 2),
        (150_000, 2),
        (150_001, 3),
    ] {
        let cost = terms.price(&Usage::of_audio_ms(audio_ms)).unwrap();
        assert_eq!(cost.pico(), pico, "{audio_ms} ms");
    }
}

#[test]
fn a_price_per_unit_is_neither_negative_nor_absurd() {
    let most = TokenPrice::MAX_PER_MILLION;
    let beyond = most.checked_add(Amount::from_pico(1).unwrap()).unwrap();
    assert_eq!(UnitPrice::new(most).unwrap().usd(), most);
    assert_eq!(UnitPrice::new(Amount::ZERO).unwrap().usd(), Amount::ZERO);
    assert_eq!(UnitPrice::new(beyond), Err(PriceError::OutOfRange));
    assert_eq!(
        UnitPrice::new(amount("-0.000000000001")),
        Err(PriceError::OutOfRange)
    );
}

/// Seed 001, "Tiered Model Catalog", and for the utility models their cards: size and unit.
#[test]
fn every_model_has_its_size_and_its_unit() {
    for (name, size, unit) in [
        ("sapphira-70b", "70B", "per M tokens"),
        ("nevoria-70b", "70B", "per M tokens"),
        ("euryale-70b", "70B", "per M tokens"),
        ("qwen3:32b", "32B", "per M tokens"),
        ("devstral:24b", "24B", "per M tokens"),
        ("mistral-small3.2", "24B", "per M tokens"),
        ("violet-lotus-12b", "12B", "per M tokens"),
        ("stheno-8b", "8B", "per M tokens"),
        ("qwen3:8b", "8B", "per M tokens"),
        ("llama4:scout", "17B MoE", "per M tokens"),
        ("whisper-1", "1.55B", "per minute"),
        ("bge-large", "335M", "per M tokens"),
        ("e5-large", "335M", "per M tokens"),
        ("flux-schnell", "12B", "per image"),
        ("sdxl", "3.5B", "per image"),
    ] {
        let model = model(name);
        assert_eq!(model.parameters.unwrap().to_string(), size, "{name}");
        assert_eq!(model.price.unit().to_string(), unit, "{name}");
        assert_eq!((model.payout, model.comparisons.len()), (None, 0), "{name}");
    }
    let policy = Policy::swan_2_0();
    let sizes = ["qwen3:14b", "a-model-without-a-size"].map(|name| policy.classify(name).unwrap());
    assert_eq!(sizes[0].parameters, Some(Parameters::Dense(14_000)));
    assert_eq!(sizes[1].parameters, None);
}

#[test]
fn the_hub_counts_images_and_measures_audio_itself() {
    let policy = Policy::swan_2_0();
    let metering = policy.metering();
    for (requested, delivered, charged, basis) in [
        (4, 4, 4, Basis::Measured),
        (4, 3, 3, Basis::Measured),
        (4, 0, 0, Basis::Measured),
        (4, 5, 4, Basis::Bounded),
        (0, 1, 0, Basis::Bounded),
    ] {
        let metered = metering.images(requested, delivered);
        assert_eq!(
            metered.usage,
            Usage::of_images(charged),
            "{requested} {delivered}"
        );
        assert_eq!(metered.basis, basis);
    }
    for (measured, told, delivered, charged, basis) in [
        (60_000, None, true, 60_000, Basis::Measured),
        (60_000, Some(60_000), true, 60_000, Basis::Reported),
        (60_000, Some(59_999), true, 59_999, Basis::Reported),
        (60_000, Some(60_001), true, 60_000, Basis::Bounded),
        (60_000, None, false, 0, Basis::Measured),
        (60_000, Some(1), false, 0, Basis::Bounded),
    ] {
        let metered = metering.audio(measured, told, delivered);
        assert_eq!(
            metered.usage,
            Usage::of_audio_ms(charged),
            "{measured} {told:?}"
        );
        assert_eq!(metered.basis, basis, "{measured} {told:?}");
    }
}

#[test]
fn an_embedding_is_paid_by_the_tokens_of_its_input() {
    let policy = Policy::swan_2_0();
    let metering = policy.metering();
    for (told, bytes, delivered, charged, basis) in [
        (
            Some(r#"{"prompt_tokens":8,"total_tokens":8}"#),
            40,
            true,
            (8, 0),
            Basis::Reported,
        ),
        (
            Some(r#"{"prompt_tokens":168}"#),
            40,
            true,
            (168, 0),
            Basis::Reported,
        ),
        (
            Some(r#"{"prompt_tokens":169}"#),
            40,
            true,
            (168, 0),
            Basis::Bounded,
        ),
        (
            Some(r#"{"prompt_tokens":8,"prompt_tokens_details":{"cached_tokens":9}}"#),
            40,
            true,
            (8, 8),
            Basis::Reported,
        ),
        (None, 40, true, (10, 0), Basis::Estimated),
        (None, 40, false, (0, 0), Basis::Estimated),
        (
            Some(r#"{"prompt_tokens":8}"#),
            40,
            false,
            (0, 0),
            Basis::Bounded,
        ),
    ] {
        let told = told.map(|json| ReportedUsage::from_json(json.as_bytes()).unwrap());
        let seen = Seen {
            prompt_bytes: bytes,
            ..Seen::default()
        };
        let metered = metering.embedding(told.as_ref(), &seen, delivered);
        assert_eq!(
            metered.usage,
            Usage::tokens(charged.0, charged.1, 0),
            "{told:?}"
        );
        assert_eq!(metered.basis, basis, "{told:?}");
    }
}

#[test]
fn a_cost_explains_itself() {
    let grounds = terms("sdxl", Some("0.5"))
        .grounds(&Usage::of_images(3))
        .unwrap();
    let told = grounds.to_string();
    for part in [
        "Seed 001, Dual Payment Options",
        "swan-2.0",
        "cost was 0.0096 SWAN",
        "images was 3",
        "usd_per_image was 0.002",
        "discount was 20%",
        "0.5 USD for 1 SWAN (test at 1700000000000ms)",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    assert!(!told.contains("tokens"), "{told}");
}

prop_compose! {
    fn any_terms()(
        unit in 0..3_u8, parts in prop::array::uniform2(0..=TokenPrice::MAX_PER_MILLION.pico()), cached in 0..=100_i128,
        discount in 0..=10_000_u16, rate in proptest::option::of(1..2_000_000_000_000_i128),
    ) -> Terms {
        let pico = |pico| Amount::from_pico(pico).unwrap();
        let price = match unit {
            0 => ModelPrice::PerImage(UnitPrice::new(pico(parts[0])).unwrap()),
            1 => ModelPrice::PerMinute(UnitPrice::new(pico(parts[0])).unwrap()),
            _ => TokenPrice::per_million(pico(parts[0]), pico(parts[1])).unwrap()
                .with_cached(pico(parts[0] * cached / 100)).unwrap().into(),
        };
        let (stamp, discount) = (swan_2_0().stamp().clone(), BasisPoints::new(discount).unwrap());
        match rate {
            None => Terms::in_usd(stamp, price, discount),
            Some(rate) => {
                let rate = ExchangeRate::usd_per_swan(pico(rate)).unwrap();
                Terms::in_swan(stamp, price, discount, StampedRate::new(rate, "test", NOW))
            }
        }
    }
}

fn any_usage() -> impl Strategy<Value = Usage> {
    let count = || prop_oneof![0..10_000_u64, 0..10_000_000_u64, any::<u64>()];
    prop::array::uniform5(count()).prop_map(|[prompt, cached, completion, images, audio_ms]| {
        Usage {
            images,
            audio_ms,
            ..Usage::tokens(prompt, cached.min(prompt), completion)
        }
    })
}

proptest! {
    #[test]
    fn more_of_anything_never_costs_less(terms in any_terms(), used in any_usage(), more: u64) {
        for dearer in [
            Usage { prompt_tokens: used.prompt_tokens.saturating_add(more), ..used },
            Usage { cached_tokens: used.cached_tokens.saturating_sub(more), ..used },
            Usage { completion_tokens: used.completion_tokens.saturating_add(more), ..used },
            Usage { images: used.images.saturating_add(more), ..used },
            Usage { audio_ms: used.audio_ms.saturating_add(more), ..used },
        ] {
            if let Ok(cost) = terms.price(&dearer) {
                prop_assert!(terms.price(&used).unwrap() <= cost, "{used:?} against {dearer:?}");
            }
        }
    }

    /// The promise that a hold rests on, in every unit: what stays within the worst case costs its quote at most.
    #[test]
    fn no_use_within_the_worst_case_costs_more_than_its_quote(
        terms in any_terms(), worst in any_usage(), parts in prop::array::uniform5(0..=100_u64),
    ) {
        let part = |count: u64, part: u64| u64::try_from(u128::from(count) * u128::from(part) / 100).unwrap();
        let used = Usage {
            images: part(worst.images, parts[3]),
            audio_ms: part(worst.audio_ms, parts[4]),
            ..Usage::tokens(
                part(worst.prompt_tokens, parts[0]),
                part(worst.prompt_tokens, parts[0].min(parts[1])),
                part(worst.completion_tokens, parts[2]),
            )
        };
        if let Ok(quote) = terms.quote(worst) {
            prop_assert!(quote.terms().price(&used).unwrap() <= quote.amount());
            prop_assert_eq!(quote.worst().cached_tokens, 0);
        }
    }

    #[test]
    fn what_the_hub_meters_stays_within_what_was_asked_for(requested: u64, delivered: u64, told: Option<u64>, seen: bool) {
        let policy = swan_2_0();
        prop_assert!(policy.metering().images(requested, delivered).usage.images <= requested.min(delivered));
        prop_assert!(policy.metering().audio(requested, told, seen).usage.audio_ms <= requested);
    }
}
