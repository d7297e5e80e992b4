use proptest::prelude::*;
use swan_core::hardware::{Demand, Eligibility, Machine, ReportedMemory};
use swan_core::{Modality, Policy, Tier};

use super::{rules, shown};

fn demand(tier: Tier, min_vram_gb: u64, millions: Option<u64>) -> Demand {
    Demand {
        tier,
        modality: Modality::Chat,
        min_vram_gb,
        million_parameters: millions,
    }
}

/// 70 billion parameters in 38 GB.
const LARGE: (Tier, u64, Option<u64>) = (Tier::S, 38, Some(70_000));

/// A model's need in thousandths of a GB: the seed's figure plus what the weights take more or less than 4 bits.
#[test]
fn the_need_follows_from_the_bits_of_a_parameter() {
    let rules = rules();
    let known = rules.quantisations();
    for (quantisation, with_size, without_size) in [
        (None, 38_000, 38_000),
        (Some("int4"), 38_000, 38_000),
        (Some("fp16"), 143_000, 152_000),
        (Some("bf16"), 143_000, 152_000),
        (Some("fp8"), 73_000, 76_000),
        (Some("Q8_0"), 77_375, 80_750),
        (Some("Q4_K_M"), 45_437, 46_075),
        (Some("awq"), 40_187, 40_375),
        (Some("Q2_K"), 32_312, 31_825),
    ] {
        let found = quantisation.map(|name| known.find(name).unwrap());
        let (tier, gb, size) = LARGE;
        let needs = |size| demand(tier, gb, size).needs_mb(found, known.chat());
        assert_eq!(needs(size), with_size, "{quantisation:?}");
        assert_eq!(needs(None), without_size, "{quantisation:?} without size");
    }
}

/// 17B of a mixture of experts are those that work on a token; how many it keeps in memory the seed does not say.
#[test]
fn the_catalogue_tells_how_many_parameters_a_model_keeps() {
    let policy = Policy::swan_2_0();
    for (model, millions, fp16) in [
        ("sapphira-70b", Some(70_000), 143_000),
        ("qwen3-32b", Some(32_000), 66_000),
        ("qwen3-8b", Some(8_000), 17_000),
        ("llama-4-scout", None, 48_000),
        ("sdxl", Some(3_500), 8_000),
    ] {
        let demand = Demand::from(policy.model(model).unwrap());
        let known = rules().quantisations();
        assert_eq!(demand.million_parameters, millions, "{model}");
        assert_eq!(
            demand.needs_mb(known.find("fp16"), known.chat()),
            fp16,
            "{model}"
        );
    }
}

#[test]
fn models_are_served_where_tier_and_memory_allow() {
    use Eligibility::{Eligible, Ineligible, Unknown};
    let (policy, rules) = (Policy::swan_2_0(), rules());
    for (name, mib, cards, model, quantisation, expected) in [
        ("NVIDIA L40S", 46_068, 1, "sapphira-70b", "", Eligible),
        ("NVIDIA L40S", 46_068, 1, "qwen3-8b", "bf16", Eligible),
        ("NVIDIA L40S", 46_068, 1, "sapphira-70b", "fp8", Ineligible),
        ("H100 PCIe", 81_559, 1, "sapphira-70b", "fp8", Eligible),
        ("H100 PCIe", 81_559, 1, "sapphira-70b", "fp16", Ineligible),
        ("H100 PCIe", 81_559, 2, "sapphira-70b", "fp16", Eligible),
        ("RTX 4090", 24_564, 1, "sapphira-70b", "", Ineligible),
        ("RTX 4090", 24_564, 2, "sapphira-70b", "", Eligible),
        ("RTX 4090", 24_564, 0, "sapphira-70b", "", Ineligible),
        ("RTX 4090", 24_564, 1, "qwen3-32b", "", Eligible),
        ("RTX 4090", 24_564, 1, "qwen3-32b", "fp16", Ineligible),
        ("RTX A6000", 49_140, 1, "sapphira-70b", "", Eligible),
        ("RTX 4070 Ti", 12_282, 1, "qwen3-8b", "", Eligible),
        ("RTX 4070 Ti", 12_282, 1, "qwen3-8b", "fp16", Ineligible),
        ("RTX 4070 Ti", 12_282, 1, "llama-4-scout", "", Eligible),
        ("RTX 4080", 16_376, 1, "devstral", "", Ineligible),
        ("RTX 3070", 8_192, 1, "qwen3-8b", "", Ineligible),
        ("RTX 3070", 8_192, 1, "whisper-1", "", Eligible),
        ("RTX 3070", 8_192, 1, "sdxl", "fp16", Eligible),
        ("RTX 3070", 8_192, 1, "flux-schnell", "", Ineligible),
        ("Apple M2", 16_384, 1, "violet-lotus-12b", "", Eligible),
        ("Apple M2", 16_384, 1, "qwen3-8b", "fp16", Ineligible),
        ("Apple M2 Ultra", 196_608, 1, "qwen3-32b", "", Ineligible),
        ("Tesla P4", 7_611, 1, "bge-large", "", Ineligible),
        ("Potato 3000", 0, 1, "bge-large", "", Unknown),
    ] {
        let model = policy.model(model).unwrap();
        let form = rules.quantisations().find(quantisation);
        let verdict = rules.serves(&shown(name, mib, cards), &model.into(), form);
        assert_eq!(
            verdict.eligibility, expected,
            "{cards} x {name}, {} {quantisation}: {:?}",
            model.id, verdict.facts
        );
        assert_eq!(verdict.is_eligible(), expected == Eligible);
    }
}

#[test]
fn a_verdict_says_why_in_plain_words() {
    let rules = rules();
    let (tier, gb, size) = LARGE;
    let fp16 = rules.quantisations().find("fp16");
    let card = shown("RTX 4090", 24_564, 1);
    let verdict = rules.serves(&card, &demand(tier, gb, size), fp16);
    let facts: Vec<String> = verdict.facts.iter().map(ToString::to_string).collect();
    assert_eq!(
        facts,
        [
            "tier of the model was S, needed one of A, B, C, which tier A serves",
            "memory for one model was 24 GB, needed about 143 GB in fp16; int4 would need 38 GB",
        ]
    );
    let policy = Policy::swan_2_0();
    let grounds = verdict.grounds(policy.stamp());
    assert_eq!(
        grounds.rule,
        "Seed 001, Hardware Tiers and Tiered Model Catalog"
    );
    assert_eq!(grounds.evidence, verdict.facts);

    let four = rules.serves(&shown("RTX 4090", 24_564, 4), &demand(tier, gb, size), fp16);
    assert_eq!(
        four.facts[0].to_string(),
        "memory for one model was 96 GB on 4 cards, needed about 143 GB in fp16; int4 would need 38 GB"
    );
    let mac = Machine::new("Apple M2", ReportedMemory::Gigabytes(16), 1).unwrap();
    let verdict = rules.serves(&mac, &demand(Tier::B, 5, Some(8_000)), fp16);
    assert_eq!(
        verdict.facts[0].to_string(),
        "memory for one model was 12 GB of 16 GB, needed about 17 GB in fp16; int4 would need 5 GB"
    );
}

/// Exactly at the memory that is needed, and one below.
#[test]
fn a_model_fits_to_the_last_gigabyte() {
    let rules = rules();
    for (gb, fits) in [(39, true), (48, true), (49, false)] {
        let verdict = rules.serves(&shown("L40S", 46_068, 1), &demand(Tier::S, gb, None), None);
        assert_eq!(verdict.is_eligible(), fits, "{gb} GB");
    }
    // Cards beyond those that one model is spread over add nothing.
    let many = |cards| {
        let machine = shown("L40S", 46_068, cards);
        rules
            .serves(&machine, &demand(Tier::S, 384, None), None)
            .is_eligible()
    };
    assert_eq!([7, 8, 9, 1_024].map(many), [false, true, true, true]);
    let beyond = demand(Tier::S, 385, None);
    assert!(
        !rules
            .serves(&shown("L40S", 46_068, 1_024), &beyond, None)
            .is_eligible()
    );
}

#[test]
fn quantisations_are_told_by_declarations_and_names() {
    let rules = rules();
    let known = rules.quantisations();
    for (model, declared, expected) in [
        ("Qwen/Qwen3-32B-AWQ", "", Some("awq")),
        ("Qwen/Qwen3-32B-FP8", "", Some("fp8")),
        ("qwen3:8b-q4_K_M", "", Some("q4_k_m")),
        ("llama-2-7b.Q8_0.gguf", "", Some("q8_0")),
        ("unsloth/gemma-3-27b-it-4bit", "", Some("int4")),
        ("TheBloke/Llama-2-70B-GPTQ", "", Some("gptq")),
        ("llama3:70b-instruct-fp16", "", Some("fp16")),
        ("Qwen/Qwen3-32B-AWQ", "fp16", Some("fp16")),
        ("Qwen/Qwen3-32B", "FP8", Some("fp8")),
        ("Qwen/Qwen3-32B", "nonsense", None),
        ("Qwen/Qwen3-32B-GGUF", "", None),
        ("Qwen/Qwen3-8B", "", None),
        ("fp8-and-fp16", "", Some("fp16")),
        ("", "", None),
    ] {
        let found = known.of(model, declared).map(|found| found.name());
        assert_eq!(found, expected, "{model} {declared}");
    }
    // Public record 1.5: the closed list of declarations.
    let closed = "int4, int8, fp4, mxfp4, nvfp4, fp6, fp8, mxfp8, fp16, bf16, fp32";
    for name in closed.split(", ") {
        assert_eq!(known.find(name).map(|found| found.name()), Some(name));
    }
    assert_eq!(known.find(&"q".repeat(65)), None);
}

const NAMES: [&str; 7] = [
    "RTX 3060",
    "RTX 4090",
    "A100",
    "RTX A6000",
    "Potato 3000",
    "Apple M2",
    "L40S",
];

fn any_demand() -> impl Strategy<Value = Demand> {
    let tier = prop::sample::select(vec![Tier::S, Tier::A, Tier::B, Tier::C]);
    let modality = prop::sample::select(vec![Modality::Chat, Modality::Image]);
    (tier, modality, 1_u64..200, prop::option::of(1_u64..400_000)).prop_map(
        |(tier, modality, min_vram_gb, million_parameters)| Demand {
            tier,
            modality,
            min_vram_gb,
            million_parameters,
        },
    )
}

proptest! {
    #[test]
    fn more_memory_or_cards_never_make_ineligible(
        name in prop::sample::select(NAMES.to_vec()),
        (less, more) in (1_u64..300_000, 0_u64..300_000),
        (few, further) in (1_u64..12, 0_u64..12),
        demand in any_demand(),
        form in prop::sample::select(vec!["", "fp16", "int8", "q4_k_m", "int2"]),
    ) {
        let rules = rules();
        let form = rules.quantisations().find(form);
        let small = rules.serves(&shown(name, less, few), &demand, form);
        let large = rules.serves(&shown(name, less + more, few + further), &demand, form);
        prop_assert!(!small.is_eligible() || large.is_eligible(), "{:?} {:?}", small, large);
    }

    #[test]
    fn fewer_bits_never_make_ineligible(
        name in prop::sample::select(NAMES.to_vec()),
        mib in 1_u64..300_000,
        demand in any_demand(),
        forms in prop::sample::subsequence(vec!["fp32", "fp16", "int8", "q6_k", "q4_k_m", "int4", "q2_k", "int2"], 2),
    ) {
        let rules = rules();
        let serves = |form: &str| {
            rules.serves(&shown(name, mib, 1), &demand, rules.quantisations().find(form)).is_eligible()
        };
        prop_assert!(!serves(forms[0]) || serves(forms[1]));
    }
}
