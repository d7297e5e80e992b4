use proptest::prelude::*;
use swan_core::hardware::{GpuForm, GpuName, HardwareError};

fn parse(text: &str) -> GpuName {
    GpuName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn one_card_has_one_name_whoever_tells() {
    for (family, texts) in [
        (
            "rtx-4090",
            &[
                "NVIDIA GeForce RTX 4090",
                "GeForce RTX 4090",
                "nvidia rtx4090",
                "RTX-4090",
                "4090",
                "NVIDIA(R) GeForce(TM) RTX 4090",
                "2x RTX 4090",
                "RTX 4090 x2",
                "AD102 [GeForce RTX 4090]",
                "  RTX   4090 24GB  ",
            ][..],
        ),
        ("rtx-4090-d", &["NVIDIA GeForce RTX 4090 D", "RTX 4090D"]),
        (
            "rtx-4070-ti",
            &["RTX 4070 Ti", "4070 Ti", "GeForce RTX4070Ti"],
        ),
        ("rtx-4070-ti-super", &["NVIDIA GeForce RTX 4070 Ti SUPER"]),
        ("rtx-2060-super", &["RTX 2060 SUPER", "RTX 2060 S", "2060S"]),
        (
            "rtx-3070-laptop",
            &["NVIDIA GeForce RTX 3070 Laptop GPU", "RTX 3070 Mobile"],
        ),
        ("rtx-2080-super-laptop", &["GeForce RTX 2080 Super Max-Q"]),
        (
            "gtx-1050-ti",
            &["GeForce GTX 1050 Ti", "1050 Ti", "gtx1050ti"],
        ),
        ("gtx-980-laptop", &["GeForce GTX 980M"]),
        ("p4", &["TESLA P4", "Tesla P4"]),
        ("p4000", &["Quadro P4000"]),
        ("a6000", &["NVIDIA RTX A6000", "A6000", "RTX A6000"]),
        ("rtx-6000-ada", &["NVIDIA RTX 6000 Ada Generation"]),
        ("rtx-4000", &["Quadro RTX 4000"]),
        ("a100", &["NVIDIA A100-SXM4-80GB", "A100 80GB PCIe", "A100"]),
        ("h100", &["NVIDIA H100 80GB HBM3", "H100 NVL", "H100 PCIe"]),
        ("l40s", &["NVIDIA L40S"]),
        ("titan-x", &["NVIDIA TITAN X (Pascal)"]),
        ("titan-xp", &["TITAN Xp"]),
        ("rx-7900-xtx", &["AMD Radeon RX 7900 XTX", "RX7900XTX"]),
        (
            "apple-m2-max",
            &["Apple M2 Max", "Apple M2 Max (38 GPU cores)", "m2 max"],
        ),
        ("apple-m1", &["Apple M1", "Apple M1 (8 GPU cores)"]),
        ("m4", &["Tesla M4"]),
    ] {
        for text in texts {
            assert_eq!(parse(text).family(), family, "{text}");
        }
    }
}

#[test]
fn names_tell_memory_and_form_where_they_do() {
    for (text, memory, form) in [
        ("NVIDIA A100-SXM4-80GB", Some(80), Some(GpuForm::Sxm)),
        ("A100-PCIE-40GB", Some(40), Some(GpuForm::Pcie)),
        ("H100 NVL", None, Some(GpuForm::Nvl)),
        ("NVIDIA H100 80GB HBM3", Some(80), None),
        ("GeForce RTX 3060 12 GB", Some(12), None),
        ("NVIDIA A10G", None, None),
        ("RTX 4090", None, None),
    ] {
        let name = parse(text);
        assert_eq!((name.memory_gb(), name.form()), (memory, form), "{text}");
    }
}

/// A slice is not the card that it is cut from.
#[test]
fn variants_stay_apart() {
    let slice = parse("NVIDIA A100-SXM4-80GB MIG 1g.10gb");
    assert_ne!(slice.family(), "a100");
    assert_eq!((slice.memory_gb(), slice.form()), (None, None));
    assert_ne!(parse("RTX 4090 D"), parse("RTX 4090"));
    assert_ne!(parse("Tesla P4"), parse("Quadro P4000"));
    assert!(!parse("Tesla M4").is_apple());
}

#[test]
fn a_name_shows_as_one_spelling_that_reads_back() {
    for (text, shown) in [
        ("NVIDIA A100-SXM4-80GB", "a100 sxm 80 GB"),
        ("A100-PCIE-40GB", "a100 pcie 40 GB"),
        ("H100 NVL", "h100 nvl"),
        ("GeForce RTX 4090", "rtx-4090"),
    ] {
        assert_eq!(parse(text).to_string(), shown);
        assert_eq!(parse(shown), parse(text), "{shown}");
    }
}

#[test]
fn what_is_no_name_is_refused() {
    let long = "x".repeat(129);
    for (text, reason) in [
        (long.as_str(), "it is longer than 128 bytes"),
        ("RTX\n4090", "it holds control characters"),
        ("RTX\u{0}4090", "it holds control characters"),
        ("", "it names no card"),
        ("  ", "it names no card"),
        ("NVIDIA Corporation", "it names no card"),
        ("\u{1F600}\u{663}", "it names no card"),
    ] {
        assert_eq!(
            GpuName::parse(text),
            Err(HardwareError::Name { reason }),
            "{text:?}"
        );
    }
    assert!(GpuName::parse(&"x".repeat(128)).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_a_name_or_an_error(text in "\\PC{0,140}") {
        if let Ok(name) = GpuName::parse(&text) {
            prop_assert!(!name.family().is_empty());
            prop_assert!(name.family().len() <= 160);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            prop_assert!(name.family().chars().all(plain), "{}", name.family());
        }
    }

    #[test]
    fn case_and_spacing_do_not_matter(text in "[A-Za-z0-9 -]{1,40}") {
        let loud = text.to_uppercase().replace(' ', "  ");
        prop_assert_eq!(GpuName::parse(&text), GpuName::parse(&loud));
    }
}
