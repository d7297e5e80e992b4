use proptest::prelude::*;
use swan_core::Policy;
use swan_core::hardware::{HardwareClass, HardwareTier, Machine, ReportedMemory};

use super::{rules, shown};
use HardwareTier::{A, B, C, MacOs, S};

/// What drivers show of real cards, in MiB.
const CARDS: [(&str, u64, HardwareTier); 46] = [
    ("NVIDIA H100 80GB HBM3", 81_559, S),
    ("NVIDIA H100 PCIe", 81_559, S),
    ("NVIDIA H100 NVL", 95_830, S),
    ("NVIDIA H200", 143_771, S),
    ("NVIDIA B200", 183_359, S),
    ("NVIDIA A100-SXM4-80GB", 81_920, S),
    ("NVIDIA A100-SXM4-40GB", 40_960, S),
    ("A100-PCIE-40GB", 40_536, S),
    ("NVIDIA A100 80GB PCIe", 81_251, S),
    ("NVIDIA L40S", 46_068, S),
    ("NVIDIA L40", 46_068, S),
    ("NVIDIA A40", 45_634, S),
    ("NVIDIA RTX 6000 Ada Generation", 49_140, S),
    ("Quadro RTX 8000", 46_080, S),
    ("AMD Instinct MI300X", 196_592, S),
    ("NVIDIA RTX A6000", 49_140, A),
    ("NVIDIA GeForce RTX 5090", 32_607, A),
    ("Tesla V100-SXM2-32GB", 32_510, A),
    ("NVIDIA RTX 5000 Ada Generation", 32_760, A),
    ("NVIDIA GeForce RTX 4090", 24_564, A),
    ("NVIDIA GeForce RTX 4090 D", 24_564, A),
    ("NVIDIA GeForce RTX 3090", 24_576, A),
    ("NVIDIA GeForce RTX 3090 Ti", 24_564, A),
    ("NVIDIA TITAN RTX", 24_220, A),
    ("NVIDIA A10G", 23_028, A),
    ("NVIDIA A10", 22_731, A),
    ("NVIDIA L4", 23_034, A),
    ("NVIDIA RTX A5000", 24_564, A),
    ("NVIDIA A30", 24_576, A),
    ("AMD Radeon RX 7900 XTX", 24_560, A),
    ("Tesla T4", 15_109, B),
    ("NVIDIA A16", 15_356, B),
    ("Tesla V100-SXM2-16GB", 16_160, B),
    ("NVIDIA RTX A4000", 16_376, B),
    ("NVIDIA GeForce RTX 4080", 16_376, B),
    ("NVIDIA GeForce RTX 4070 Ti", 12_282, B),
    ("NVIDIA GeForce RTX 3080 Ti", 12_288, B),
    ("NVIDIA GeForce RTX 3060", 12_288, B),
    ("Intel Arc A770 Graphics", 16_288, B),
    ("NVIDIA RTX 4000 SFF Ada Generation", 20_475, B),
    ("NVIDIA GeForce RTX 2080 Ti", 11_264, C),
    ("NVIDIA GeForce RTX 3080", 10_240, C),
    ("NVIDIA GeForce RTX 3070", 8_192, C),
    ("NVIDIA GeForce RTX 4060", 8_188, C),
    ("NVIDIA GeForce RTX 3070 Laptop GPU", 8_192, C),
    ("NVIDIA GeForce RTX 2070 SUPER", 8_192, C),
];

#[test]
fn real_cards_stand_in_the_tier_of_their_nominal_memory() {
    for (name, mib, tier) in CARDS {
        let class = rules().classify(&shown(name, mib, 1));
        assert_eq!(class.tier(), Some(tier), "{name}: {:?}", class.facts);
    }
}

/// Seed 001, "Hardware Tiers", its column of examples; memory as whole gigabytes, cut off, as some agents tell it.
#[test]
fn the_examples_of_the_seed_stand_where_it_puts_them() {
    for (name, gb, tier) in [
        ("L40S", 44, S),
        ("A100", 39, S),
        ("H100", 79, S),
        ("RTX 4090", 23, A),
        ("RTX 3090", 24, A),
        ("A6000", 47, A),
        ("RTX 4070 Ti", 11, B),
        ("RTX 3080 Ti", 12, B),
        ("RTX 3070", 8, C),
        ("RTX 4060", 7, C),
        ("Apple M1", 16, MacOs),
        ("Apple M2 Max", 96, MacOs),
        ("Apple M3", 24, MacOs),
        ("Apple M4", 16, MacOs),
    ] {
        let machine = Machine::new(name, ReportedMemory::Gigabytes(gb), 1).unwrap();
        assert_eq!(rules().classify(&machine).tier(), Some(tier), "{name}");
        let unknown = Machine::new(name, ReportedMemory::Gigabytes(0), 1).unwrap();
        let expected = (tier != MacOs).then_some(tier);
        assert_eq!(rules().classify(&unknown).tier(), expected, "{name}");
    }
}

#[test]
fn legacy_cards_are_rejected_by_name_whatever_their_memory() {
    for (name, mib) in [
        ("TESLA P4", 7_611),
        ("Tesla P4", 80_000),
        ("GTX 1050 Ti", 4_096),
        ("NVIDIA GeForce GTX 1080 Ti", 11_264),
        ("Tesla P40", 22_919),
        ("Tesla M60", 8_129),
        ("Quadro P6000", 24_576),
        ("Tesla K80", 11_441),
    ] {
        let classified = rules().classify(&shown(name, mib, 1));
        assert_eq!(classified.class, HardwareClass::Rejected, "{name}");
        let fact = classified.facts[0].to_string();
        assert!(
            fact.ends_with("needed a card that is not on the list of legacy cards"),
            "{fact}"
        );
        // Swan 1.0: any GPU earned.
        let old = Policy::swan_1_0();
        let class = old.hardware().classify(&shown(name, mib, 1)).class;
        assert!(
            matches!(class, HardwareClass::Tier(_)),
            "{name} in Swan 1.0"
        );
    }
}

/// A card that is in no table, at both sides of each boundary: 92 % of the nominal memory are enough.
#[test]
fn unlisted_cards_stand_in_tiers_by_what_they_show() {
    for (mib, class) in [
        (35_799, HardwareClass::Tier(A)),
        (35_800, HardwareClass::Tier(S)),
        (22_609, HardwareClass::Tier(B)),
        (22_610, HardwareClass::Tier(A)),
        (11_304, HardwareClass::Tier(C)),
        (11_305, HardwareClass::Tier(B)),
        (7_536, HardwareClass::Rejected),
        (7_537, HardwareClass::Tier(C)),
        (1, HardwareClass::Rejected),
    ] {
        let classified = rules().classify(&shown("Potato 3000", mib, 1));
        assert_eq!(classified.class, class, "{mib} MiB");
    }
}

#[test]
fn a_mac_needs_sixteen_gigabytes_exactly() {
    for (gb, class) in [
        (0, HardwareClass::Unknown),
        (1, HardwareClass::Unknown),
        (8, HardwareClass::Rejected),
        (15, HardwareClass::Rejected),
        (16, HardwareClass::Tier(MacOs)),
        (512, HardwareClass::Tier(MacOs)),
    ] {
        let machine = Machine::new("Apple M2", ReportedMemory::Gigabytes(gb), 1).unwrap();
        assert_eq!(rules().classify(&machine).class, class, "{gb} GB");
    }
}

#[test]
fn what_is_missing_is_named_and_not_held_against_the_provider() {
    let unknown = |name: &str, gb: u64| {
        let machine = Machine::new(name, ReportedMemory::Gigabytes(gb), 0).unwrap();
        let classified = rules().classify(&machine);
        assert_eq!(classified.class, HardwareClass::Unknown, "{name} {gb}");
        let facts: Vec<String> = classified.facts.iter().map(ToString::to_string).collect();
        facts.join("; ")
    };
    assert_eq!(
        unknown("Potato 3000", 0),
        "GPU was potato-3000; memory of a card was not told, needed vram_gb above 0"
    );
    assert_eq!(
        unknown("", 0),
        "memory of a card was not told, needed vram_gb above 0"
    );
    assert!(unknown("", 24).starts_with("name of the card was not told, needed gpu_model"));
    assert!(unknown("Apple M2", 0).starts_with("unified memory was not told"));
}

/// A claim of more than such a card has changes nothing; a slice of a card counts as what it shows.
#[test]
fn a_listed_card_has_what_the_table_says() {
    for (name, mib, class) in [
        ("RTX 3070", 81_920, HardwareClass::Tier(C)),
        ("RTX 4090", 1_000_000, HardwareClass::Tier(A)),
        ("RTX 4090", 12_288, HardwareClass::Tier(B)),
        ("RTX A6000", 40_000, HardwareClass::Tier(A)),
        ("RTX A6000", 12_288, HardwareClass::Tier(B)),
        ("RTX 3060", 8_192, HardwareClass::Tier(C)),
        ("RTX 3060", 12_288, HardwareClass::Tier(B)),
        (
            "NVIDIA A100-SXM4-80GB MIG 1g.10gb",
            9_728,
            HardwareClass::Tier(C),
        ),
    ] {
        assert_eq!(
            rules().classify(&shown(name, mib, 1)).class,
            class,
            "{name} {mib}"
        );
    }
}

#[test]
fn several_cards_are_the_tier_of_one() {
    for cards in [0, 1, 2, 8, 1_024] {
        let classified = rules().classify(&shown("RTX 4090", 24_564, cards));
        assert_eq!(classified.tier(), Some(A), "{cards} cards");
    }
}

#[test]
fn a_class_is_recorded_with_its_grounds() {
    let policy = Policy::swan_2_0();
    let classified = policy.hardware().classify(&shown("NVIDIA L40S", 46_068, 1));
    let text = classified.grounds(policy.stamp()).to_string();
    assert!(
        text.starts_with("Seed 001, Hardware Tiers of swan-2.0"),
        "{text}"
    );
    assert!(
        text.ends_with(
            "memory of a card was 48 GB (reported: 46068 MiB), needed 38 GB for tier S; GPU was l40s"
        ),
        "{text}"
    );
}

proptest! {
    #[test]
    fn more_memory_never_lowers_the_tier(
        name in prop::sample::select(vec!["RTX 3060", "RTX 4090", "A100", "RTX A6000", "Potato 3000", "Apple M2", "Tesla P4"]),
        less in 1_u64..200_000,
        more in 0_u64..200_000,
    ) {
        let rank = |mib| match rules().classify(&shown(name, mib, 1)).class {
            HardwareClass::Tier(S) => 5,
            HardwareClass::Tier(A) => 4,
            HardwareClass::Tier(B) => 3,
            HardwareClass::Tier(C | MacOs) => 2,
            HardwareClass::Rejected => 1,
            other => panic!("{other:?}"),
        };
        prop_assert!(rank(less + more) >= rank(less));
    }
}
