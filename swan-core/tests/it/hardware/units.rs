use swan_core::Policy;
use swan_core::hardware::GpuName;

use super::{rules, shown};

/// Public record 3.3, row by row, in tenths.
const PUBLISHED: [(u64, &str); 37] = [
    (280, "H100 NVL, H100 PCIe, H100 80GB HBM3, H100 SXM"),
    (199, "H200"),
    (136, "A100-SXM4-80GB"),
    (120, "A100-PCIE-80GB"),
    (80, "Titan RTX, A10G"),
    (73, "A800 PCIe"),
    (71, "L4"),
    (70, "RTX 5090, A100 SXM4-40GB"),
    (69, "L40, A100-PCIE-40GB"),
    (66, "A40"),
    (65, "L40S"),
    (59, "Tesla P4"),
    (57, "RTX 6000 Ada"),
    (55, "RTX 5000 Ada"),
    (51, "RTX A6000, A16, Quadro P4000"),
    (37, "RTX A4000"),
    (35, "RTX 4500 Ada, RTX A4500"),
    (29, "RTX 4090, RTX 4090 D"),
    (24, "RTX 4080, RTX A5000"),
    (23, "Quadro P2000"),
    (22, "RTX 4070 SUPER, A30, Quadro RTX 8000"),
    (21, "RTX 3090 Ti"),
    (
        20,
        "V100-PCIE-32GB, V100-SXM2-32GB, V100S-PCIE-32GB, RTX 4070 Ti SUPER, GTX 1050 Ti, Quadro P6000",
    ),
    (18, "RTX 4070 Ti, RTX 3080 Ti, RTX 3090"),
    (17, "GTX 1050"),
    (16, "V100-SXM2-16GB, RTX 4070"),
    (15, "RTX 4080 SUPER, A10, RTX 4060, GTX 1080"),
    (14, "V100-PCIE-16GB, Tesla P40"),
    (13, "GH200 SXM, NVIDIA GH200 480GB"),
    (12, "RTX 4060 Ti"),
    (11, "GP100, Titan V"),
    (10, "RTX 3080, Quadro RTX 5000, Quadro RTX 4000"),
    (
        9,
        "RTX 2080 S, RTX 2080, RTX 2080 Ti, Tesla P100, Titan Xp, GTX 1070 Ti, Quadro P5000, CMP 90HX",
    ),
    (8, "Titan X, RTX 3060 Ti, RTX 2070, RTX 3070, GTX 1080 Ti"),
    (7, "RTX 4000 SFF Ada, Tesla K80"),
    (6, "RTX 3070 Ti, RTX 2060 S, RTX 3060"),
    (
        5,
        "Tesla T4, GTX 1060, GTX 1070, GTX 1660, GTX 1660 Ti, GTX 1660 SUPER, GTX 1650, GTX 1650 Ti, GTX 1650 SUPER, \
         GTX 980, GTX 980 Ti, GTX 970, GTX 960, GTX 750, GTX 750 Ti, RTX 3070 Laptop GPU, RTX 3060 Laptop GPU, A2000, \
         RTX 3050, P106-100, P104-100",
    ),
];

#[test]
fn computing_units_are_the_published_ones() {
    for (tenths, names) in PUBLISHED {
        for name in names.split(", ") {
            for policy in [Policy::swan_1_0(), Policy::swan_2_0()] {
                let units = policy.hardware().computing_units(name);
                assert_eq!(units.map(|units| units.tenths()), Some(tenths), "{name}");
            }
        }
    }
}

#[test]
fn a_vague_name_counts_as_the_least_that_it_may_be() {
    let tenths = |name: &str| rules().computing_units(name).map(|units| units.tenths());
    assert_eq!(tenths("A100"), Some(69));
    assert_eq!(tenths("A100 80GB"), Some(120));
    assert_eq!(tenths("A100 SXM4"), Some(70));
    assert_eq!(tenths("V100"), Some(14));
    assert_eq!(tenths("V100-32GB"), Some(20));
}

#[test]
fn reported_memory_tells_variants_apart() {
    let tenths = |name: &str, mib| {
        rules()
            .units_of_card(&shown(name, mib, 1))
            .map(|u| u.tenths())
    };
    assert_eq!(tenths("NVIDIA A100 PCIe", 81_251), Some(120));
    assert_eq!(tenths("NVIDIA A100 PCIe", 40_536), Some(69));
    assert_eq!(tenths("NVIDIA A100", 81_251), Some(120));
}

#[test]
fn cards_outside_the_table_count_nothing_known() {
    for name in ["RTX 5080", "Apple M2", "Potato 3000", "", "\u{0}"] {
        assert_eq!(rules().computing_units(name), None, "{name}");
    }
    let units = rules().computing_units("RTX 4090").unwrap();
    assert_eq!(units.to_string(), "2.9");
    assert_eq!(
        rules().computing_units("H100 NVL").unwrap().to_string(),
        "28"
    );
    assert!(!rules().is_legacy(&GpuName::parse("RTX 4090").unwrap()));
}
