use swan_core::hardware::{HardwareClass, HardwareError, HardwareTier, Machine, ReportedMemory};
use swan_core::protocol::Hardware;

use super::rules;

fn report(gpu_type: &str, gpu_model: &str, vram_gb: u64, gpu_count: u64) -> Hardware {
    Hardware {
        gpu_type: gpu_type.to_owned(),
        gpu_model: gpu_model.to_owned(),
        vram_gb,
        gpu_count,
        ..Hardware::default()
    }
}

#[test]
fn registrations_are_read_as_the_protocol_means_them() {
    let machine = Machine::reported(&report("nvidia", "NVIDIA GeForce RTX 4090", 24, 2)).unwrap();
    assert_eq!(machine.memory(), ReportedMemory::Gigabytes(24));
    assert_eq!(machine.cards(), Some(2));
    assert_eq!(rules().classify(&machine).tier(), Some(HardwareTier::A));

    let mac = Machine::reported(&report("apple", "M4", 32, 1)).unwrap();
    assert!(mac.is_apple());
    assert_eq!(rules().classify(&mac).tier(), Some(HardwareTier::MacOs));

    let nothing = Machine::reported(&Hardware::default()).unwrap();
    assert_eq!(nothing.memory(), ReportedMemory::Unknown);
    assert_eq!((nothing.name(), nothing.cards()), (None, None));
    assert_eq!(rules().classify(&nothing).class, HardwareClass::Unknown);
}

#[test]
fn an_old_compute_capability_is_legacy_too() {
    for (text, tenths, class) in [
        ("6.1", Some(61), HardwareClass::Rejected),
        ("6.9", Some(69), HardwareClass::Rejected),
        ("7.0", Some(70), HardwareClass::Tier(HardwareTier::A)),
        ("12.0", Some(120), HardwareClass::Tier(HardwareTier::A)),
        ("", None, HardwareClass::Tier(HardwareTier::A)),
        ("N/A", None, HardwareClass::Tier(HardwareTier::A)),
        ("0.0", None, HardwareClass::Tier(HardwareTier::A)),
    ] {
        let report = Hardware {
            compute_capability: text.to_owned(),
            ..report("nvidia", "Potato 3000", 24, 1)
        };
        let machine = Machine::reported(&report).unwrap();
        assert_eq!(machine.compute_capability_tenths(), tenths, "{text}");
        assert_eq!(rules().classify(&machine).class, class, "{text}");
    }
}

#[test]
fn absurd_reports_are_errors_that_name_the_field() {
    let capability = |text: &str| Hardware {
        compute_capability: text.to_owned(),
        ..report("nvidia", "RTX 4090", 24, 1)
    };
    for (report, message) in [
        (
            report("nvidia", "RTX 4090", 10_001, 1),
            "vram_gb = 10001 GB is not believable: a card has at most 10000 GB",
        ),
        (
            report("nvidia", "RTX 4090", u64::MAX, 1),
            "vram_gb = 18446744073709551615 GB is not believable: a card has at most 10000 GB",
        ),
        (
            report("nvidia", "RTX 4090", 24, 1_025),
            "gpu_count = 1025 is not believable: a machine has at most 1024 cards",
        ),
        (
            capability("NaN"),
            "compute_capability = NaN is not believable: it is a number such as 8.9",
        ),
        (
            capability("-8.9"),
            "compute_capability = -8.9 is not believable: it is a number such as 8.9",
        ),
        (
            capability("8.99"),
            "compute_capability = 8.99 is not believable: it is a number such as 8.9",
        ),
    ] {
        let error = Machine::reported(&report).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let most = Machine::reported(&report("nvidia", "RTX 4090", 10_000, 1_024)).unwrap();
    assert_eq!(rules().classify(&most).tier(), Some(HardwareTier::A));
    let control = Machine::reported(&report("nvidia", "RTX\u{7}4090", 24, 1)).unwrap_err();
    assert!(matches!(control, HardwareError::Name { .. }));
}
