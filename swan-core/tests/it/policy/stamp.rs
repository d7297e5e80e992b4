use swan_core::{Policy, PolicyHash, PolicyStamp, PolicyVersion};

fn built_in() -> impl Iterator<Item = Policy> {
    Policy::built_ins().map(|name| Policy::built_in(name).unwrap())
}

#[test]
fn a_hash_does_not_look_at_order_comments_and_spacing() {
    for policy in built_in() {
        // Written anew it has sorted keys, no comments, and other spacing.
        let anew = policy.source().to_string();
        assert_ne!(anew, policy.to_toml());
        assert_eq!(Policy::from_toml(&anew).unwrap().stamp(), policy.stamp());
        let spaced = policy
            .to_toml()
            .replace(" = ", "   =\t")
            .replace('\n', "\r\n");
        assert_eq!(Policy::from_toml(&spaced).unwrap().stamp(), policy.stamp());
        let commented = policy.to_toml().replace("\n\n", "\n# again\n\n");
        assert_eq!(
            Policy::from_toml(&commented).unwrap().stamp(),
            policy.stamp()
        );
    }
}

#[test]
fn different_policies_have_different_hashes() {
    let hashes: Vec<_> = built_in()
        .map(|policy| *policy.stamp().hash().unwrap())
        .collect();
    assert_ne!(hashes[0], hashes[1]);
}

#[test]
fn a_hash_is_64_digits_as_text_and_32_bytes_elsewhere() {
    let hash = PolicyHash::from_bytes(std::array::from_fn(|at| u8::try_from(at * 8).unwrap()));
    let text = "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8";
    assert_eq!(hash.to_string(), text);
    assert_eq!(text.parse(), Ok(hash));
    assert_eq!(text.to_uppercase().parse(), Ok(hash));
    assert_eq!(serde_json::to_string(&hash).unwrap(), format!("{text:?}"));
    assert_eq!(
        serde_json::from_str::<PolicyHash>(&format!("{text:?}")).unwrap(),
        hash
    );
    let bytes = postcard::to_stdvec(&hash).unwrap();
    assert_eq!(bytes, hash.as_bytes());
    assert_eq!(postcard::from_bytes::<PolicyHash>(&bytes).unwrap(), hash);
    let short = text.strip_prefix('0').unwrap();
    for wrong in [
        "",
        "00",
        short,
        &format!("{text}0"),
        &text.replace('8', "g"),
        &"ä".repeat(32),
        &format!("+{short}"),
    ] {
        assert!(wrong.parse::<PolicyHash>().is_err(), "{wrong}");
    }
}

#[test]
fn a_stamp_shows_version_and_short_hash() {
    let version = PolicyVersion::new("swan-2.0").unwrap();
    let stamp = PolicyStamp::new(version.clone(), PolicyHash::from_bytes([0xab; 32]));
    assert_eq!(stamp.to_string(), "swan-2.0 (ababab…)");
    let earlier = PolicyStamp::without_hash(version);
    assert_eq!(
        (earlier.to_string().as_str(), earlier.hash()),
        ("swan-2.0", None)
    );
    for stamp in [stamp, earlier] {
        let json = serde_json::to_string(&stamp).unwrap();
        assert_eq!(serde_json::from_str::<PolicyStamp>(&json).unwrap(), stamp);
    }
}
