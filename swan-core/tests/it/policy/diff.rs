use swan_core::{Policy, PolicyChange, PolicyDifference, PolicyVersion};

fn difference(key: &str, before: Option<&str>, after: Option<&str>) -> PolicyDifference {
    PolicyDifference {
        key: key.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}

fn edited(original: &str, instead: &str) -> Policy {
    let text = Policy::SWAN_2_0_TOML;
    assert!(text.contains(original), "{original}");
    Policy::from_toml(&text.replacen(original, instead, 1)).unwrap()
}

#[test]
fn a_policy_does_not_differ_from_itself() {
    for name in Policy::built_ins() {
        let policy = Policy::built_in(name).unwrap();
        assert_eq!(policy.version().as_str(), name);
        assert_eq!(policy.diff(&policy), []);
    }
    assert!(Policy::built_in("swan-3.0").is_none());
}

#[test]
fn differences_name_key_before_and_after() {
    let before = Policy::swan_2_0();
    let changes = [
        PolicyChange::new("payment.swan_discount_bps", 1_500),
        PolicyChange::new("model.8.min_vram_gb", 6),
        PolicyChange::new("classes.class.2.min_vram_gb", 8),
    ];
    let version = PolicyVersion::new("mine").unwrap();
    let after = before.amended(version, &changes).unwrap();
    let expected = [
        difference("classes.class.2.min_vram_gb", Some("7"), Some("8")),
        difference(
            "model.\"Sao10K/L3-8B-Stheno-v3.2\".min_vram_gb",
            Some("5"),
            Some("6"),
        ),
        difference("payment.swan_discount_bps", Some("2000"), Some("1500")),
        difference("version", Some("\"swan-2.0\""), Some("\"mine\"")),
    ];
    assert_eq!(before.diff(&after), expected);
}

#[test]
fn a_model_that_comes_first_is_one_addition_and_one_that_leaves_one_removal() {
    let first = "[[model]]\nid = \"BruhzWater/Sapphira-L3.3-70b-0.1\"";
    let new = "[[model]]\nid = \"a/b-8b\"\ntier = \"B\"\nmodality = \"image\"\nmin_vram_gb = 5\nusd_per_image = \"0.01\"\n\n";
    let (before, after) = (Policy::swan_2_0(), edited(first, &format!("{new}{first}")));
    let entry = "{ id = \"a/b-8b\", min_vram_gb = 5, modality = \"image\", tier = \"B\", usd_per_image = \"0.01\" }";
    let key = "model.\"a/b-8b\"";
    assert_eq!(before.diff(&after), [difference(key, None, Some(entry))]);
    assert_eq!(after.diff(&before), [difference(key, Some(entry), None)]);
}
