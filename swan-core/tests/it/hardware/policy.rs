use swan_core::hardware::HardwareTier;
use swan_core::{Policy, PolicyError, Tier};

fn with(original: &str, replacement: &str) -> Result<Policy, PolicyError> {
    let text = Policy::SWAN_2_0_TOML;
    assert!(
        text.contains(original),
        "the document does not say {original}"
    );
    Policy::from_toml(&text.replacen(original, replacement, 1))
}

#[test]
fn the_tiers_are_the_seeds() {
    let policy = Policy::swan_2_0();
    let rules = policy.hardware();
    for (tier, gb, models) in [
        (
            HardwareTier::S,
            38,
            &[Tier::S, Tier::A, Tier::B, Tier::C][..],
        ),
        (HardwareTier::A, 24, &[Tier::A, Tier::B, Tier::C]),
        (HardwareTier::B, 12, &[Tier::B, Tier::C]),
        (HardwareTier::C, 8, &[Tier::C]),
        (HardwareTier::MacOs, 16, &[Tier::B, Tier::C]),
    ] {
        let rule = rules.tier(tier).unwrap();
        assert_eq!(
            (rule.min_memory_gb(), rule.models()),
            (gb, models),
            "{tier}"
        );
    }
}

#[test]
fn a_wrong_value_is_named_with_its_key_and_its_rule() {
    for (original, replacement, message) in [
        (
            "reserve_bps = 800",
            "reserve_bps = 2_001",
            "the policy says hardware.reserve_bps = 2001, but it lies between 0 and 2000",
        ),
        (
            "tier = \"A\"\nmin_memory_gb = 24",
            "tier = \"A\"\nmin_memory_gb = 38",
            "the policy says hardware.tier.2.min_memory_gb = 38, but tiers stand in falling order of memory",
        ),
        (
            "models = [\"A\", \"B\", \"C\"]",
            "models = [\"A\", \"C\"]",
            "the policy says hardware.tier.models = B, but tier A serves what tier B serves",
        ),
        (
            "tier = \"macOS\"\nmin_memory_gb = 16",
            "tier = \"C\"\nmin_memory_gb = 7",
            "the policy says hardware.tier.5.tier = C, but a tier stands in the table once",
        ),
        (
            "\"GTX 1050 Ti\",",
            "\"GeForce\",",
            "the policy says hardware.legacy.19 = \"GeForce\", but the GPU name is not valid: it names no card",
        ),
        (
            "name = \"H100 PCIe\", memory_gb = 80",
            "name = \"H100 NVL\", memory_gb = 94",
            "the policy says hardware.cards.gpu.2.name = H100 NVL, but a card stands in the table once",
        ),
        (
            "name = \"A100-SXM4-80GB\", memory_gb = 80",
            "name = \"A100-SXM4-80GB\", memory_gb = 79",
            "the policy says hardware.cards.gpu.5.memory_gb = 79, but it is the memory that the name tells",
        ),
        (
            "chat = \"int4\"",
            "chat = \"int5\"",
            "the policy says hardware.quantisation.chat = int5, but it is one of hardware.quantisation.forms",
        ),
        (
            "names = [\"bf16\"]",
            "names = [\"half\"]",
            "the policy says hardware.quantisation.forms.3.names = half, but a name belongs to one form only",
        ),
        (
            "names = [\"bf16\"]",
            "names = [\"BF-16\"]",
            "the policy says hardware.quantisation.forms.3.names = BF-16, but a name is lower-case letters, digits and underscores",
        ),
        (
            "centibits = 3_200",
            "centibits = 49",
            "the policy says hardware.quantisation.forms.1.centibits = 49, but it lies between 50 and 6400",
        ),
    ] {
        match with(original, replacement) {
            Ok(_) => panic!("accepted: {replacement}"),
            Err(error) => assert_eq!(error.to_string(), message),
        }
    }
}
