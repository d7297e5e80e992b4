use swan_core::{Policy, PolicyError};

fn keys(text: &str) -> Vec<String> {
    Policy::findings(text)
        .iter()
        .map(|error| error.key().unwrap_or("(none)").to_owned())
        .collect()
}

#[test]
fn a_policy_has_no_findings() {
    for name in Policy::built_ins() {
        assert_eq!(
            Policy::findings(Policy::built_in(name).unwrap().to_toml()),
            []
        );
    }
}

#[test]
fn each_mistake_is_found_once_and_the_first_as_reading_tells_it() {
    let text = Policy::SWAN_2_0_TOML
        .replacen("swan_discount_bps = 2_000", "discount = 1", 1)
        .replacen("bytes_per_token = 4", "bytes_per_token = 0", 1)
        .replacen(
            "min_vram_gb = 38\ncontext_tokens",
            "min_vram_gb = \"38\"\ncontext_tokens",
            1,
        );
    let found = Policy::findings(&text);
    assert_eq!(found.first(), Policy::from_toml(&text).err().as_ref());
    let mut keys = keys(&text);
    keys.sort();
    let expected = [
        "metering.bytes_per_token",
        "model.1.min_vram_gb",
        "payment.discount",
        "payment.swan_discount_bps",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn what_cannot_be_mended_ends_the_list() {
    assert!(matches!(
        Policy::findings("[").as_slice(),
        [PolicyError::Unreadable { .. }]
    ));
    let text = Policy::SWAN_2_0_TOML.replacen("\"stheno-8b\"", "\"qwen3-8b\"", 1);
    assert_eq!(keys(&text), ["model"]);
    // A document of nothing lacks every section, and each is named.
    let lacking = keys("");
    assert_eq!(lacking[0], "version");
    assert!(lacking.contains(&"split".to_owned()), "{lacking:?}");
    assert!(lacking.len() <= Policy::FINDINGS_MAX);
}
