use swan_core::{Amount, Modality, ModelPrice, Policy, Tier, TokenPrice, UnitPrice};

use super::amount;

/// Seed 001, "Tiered Model Catalog": name, tier, input and output per million tokens, minimum VRAM.
#[test]
fn the_chat_models_stand_as_the_seed_lists_them() {
    let policy = Policy::swan_2_0();
    for (name, tier, input, output, vram) in [
        ("sapphira-l3.3-70b", Tier::S, "0.20", "0.30", 38),
        ("nevoria-70b", Tier::S, "0.20", "0.30", 38),
        ("euryale-v2.3-70b", Tier::S, "0.20", "0.30", 38),
        ("qwen3:32b", Tier::A, "0.08", "0.12", 18),
        ("devstral:24b", Tier::A, "0.06", "0.10", 14),
        ("mistral-small3.2:24b", Tier::A, "0.06", "0.10", 14),
        ("violet-lotus-12b", Tier::B, "0.02", "0.04", 7),
        ("stheno-8b", Tier::B, "0.01", "0.03", 5),
        ("qwen3:8b", Tier::B, "0.01", "0.03", 5),
        ("llama4:scout", Tier::B, "0.03", "0.05", 12),
    ] {
        let model = policy
            .model(name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        let price = model.token_price().unwrap();
        assert_eq!(
            (model.tier, model.modality, model.min_vram_gb),
            (tier, Modality::Chat, vram)
        );
        assert_eq!(price.input_per_million(), amount(input), "{name}");
        assert_eq!(price.output_per_million(), amount(output), "{name}");
        assert!(model.context_length.is_some());
    }
    assert_eq!(
        policy
            .models()
            .iter()
            .filter(|m| m.modality == Modality::Chat)
            .count(),
        10
    );
}

#[test]
fn the_utility_models_are_priced_in_their_own_units() {
    let policy = Policy::swan_2_0();
    for (name, modality, price, vram) in [
        ("whisper-large-v3", Modality::Audio, "0.003", 4),
        ("bge-large", Modality::Embedding, "0.005", 2),
        ("e5-large", Modality::Embedding, "0.005", 2),
        ("flux.1-schnell", Modality::Image, "0.003", 12),
        ("sdxl", Modality::Image, "0.002", 8),
    ] {
        let model = policy.model(name).unwrap();
        let listed = match &model.price {
            ModelPrice::Tokens(tokens) => tokens.input_per_million(),
            ModelPrice::PerMinute(price) | ModelPrice::PerImage(price) => price.usd(),
            other => panic!("{name} is priced as {other:?}"),
        };
        assert_eq!((model.tier, model.modality), (Tier::C, modality), "{name}");
        assert_eq!((listed, model.min_vram_gb), (amount(price), vram), "{name}");
        assert_eq!(policy.classify(name).as_ref(), Ok(model), "{name}");
    }
}

#[test]
fn a_model_is_found_by_each_of_its_names_in_any_case() {
    let policy = Policy::swan_2_0();
    for name in [
        "Qwen/Qwen3-8B",
        "qwen/qwen3-8b",
        "qwen3:8b",
        "QWEN3:8B",
        "Qwen/Qwen3-8B-AWQ",
    ] {
        assert_eq!(
            policy.model(name).unwrap().id.as_str(),
            "Qwen/Qwen3-8B",
            "{name}"
        );
        assert_eq!(
            policy.classify(name).unwrap().id.as_str(),
            "Qwen/Qwen3-8B",
            "{name}"
        );
    }
    for name in ["", "qwen3:8b ", "qwen3:9b", &"x".repeat(1_000_000)] {
        assert!(policy.model(name).is_none());
    }
}

#[test]
fn unknown_chat_models_are_priced_as_their_size() {
    let policy = Policy::swan_2_0();
    for (name, tier, input, output) in [
        ("smollm2:135m", Tier::B, "0.01", "0.03"),
        ("llama3.1:8b", Tier::B, "0.01", "0.03"),
        ("google/gemma-2-9b-it", Tier::B, "0.01", "0.03"),
        ("phi4:14b", Tier::B, "0.02", "0.04"),
        ("internlm/internlm2_5-20b-chat", Tier::B, "0.03", "0.05"),
        ("gemma3:27b", Tier::A, "0.06", "0.10"),
        ("qwen3-30b-a3b", Tier::A, "0.08", "0.12"),
        ("mixtral:8x7b", Tier::S, "0.20", "0.30"),
        ("gpt-oss:120b", Tier::S, "0.20", "0.30"),
        ("a-model-without-a-size", Tier::B, "0.01", "0.03"),
    ] {
        let model = policy.classify(name).unwrap();
        let price = model.token_price().unwrap();
        assert_eq!((model.id.as_str(), model.tier), (name, tier));
        assert_eq!(price.input_per_million(), amount(input), "{name}");
        assert_eq!(price.output_per_million(), amount(output), "{name}");
    }
}

#[test]
fn unknown_models_that_do_something_else_are_priced_by_what_they_do() {
    let policy = Policy::swan_2_0();
    let usd = |price: &str| UnitPrice::new(amount(price)).unwrap();
    let tokens = TokenPrice::per_million(amount("0.005"), Amount::ZERO).unwrap();
    for (name, declared, modality, price) in [
        (
            "nomic-embed-text",
            None,
            Modality::Embedding,
            ModelPrice::Tokens(tokens),
        ),
        (
            "openai/whisper-tiny",
            None,
            Modality::Audio,
            ModelPrice::PerMinute(usd("0.003")),
        ),
        (
            "FLUX.1-dev",
            None,
            Modality::Image,
            ModelPrice::PerImage(usd("0.003")),
        ),
        (
            "my-model",
            Some(Modality::Embedding),
            Modality::Embedding,
            ModelPrice::Tokens(tokens),
        ),
        (
            "my-model",
            Some(Modality::Image),
            Modality::Image,
            ModelPrice::PerImage(usd("0.003")),
        ),
    ] {
        let model = policy.classify_as(name, declared).unwrap();
        assert_eq!((model.tier, model.modality), (Tier::C, modality), "{name}");
        assert_eq!(model.price, price, "{name}");
    }
    // The catalogue knows better than whoever declares.
    let known = policy
        .classify_as("qwen3:8b", Some(Modality::Image))
        .unwrap();
    assert_eq!(known.modality, Modality::Chat);
}

#[test]
fn what_cannot_be_served_is_refused_with_a_reason() {
    let policy = Policy::swan_2_0();
    for (name, reason) in [
        (
            "llama3.1:405b",
            "llama3.1:405b has about 405000 million parameters, and the largest priced class ends at 130000",
        ),
        (
            "two words",
            "the model name is not valid: it holds a space or an unprintable character",
        ),
        ("", "the model name is not valid: it is empty"),
    ] {
        assert_eq!(policy.classify(name).unwrap_err().to_string(), reason);
    }
}

#[test]
fn an_answer_is_as_long_as_asked_for_within_the_limits() {
    let policy = Policy::swan_2_0();
    let (qwen, stheno) = (
        policy.model("qwen3:8b").unwrap(),
        policy.model("stheno-8b").unwrap(),
    );
    for (model, requested, allowed) in [
        (qwen, None, 16_384),
        (qwen, Some(10), 10),
        (qwen, Some(u64::MAX), 16_384),
        (stheno, Some(10_000), 8_192),
        (qwen, Some(0), 0),
    ] {
        assert_eq!(
            policy.max_output_tokens(model, requested),
            allowed,
            "{requested:?}"
        );
    }
}
