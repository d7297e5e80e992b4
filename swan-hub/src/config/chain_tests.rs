use super::Config;

const GOOD: &str = r#"[chain]
    rpc_urls = ["http://127.0.0.1:8545"]
    contract = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    treasury = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
    tokens = [{ symbol = "USDC", address = "0x52908400098527886E0F7030069857D2E4169EE7", decimals = 6 }]
"#;

fn resolved(text: &str) -> Result<bool, String> {
    let mut config = Config::default();
    config
        .apply_toml(text, "hub.toml")
        .and_then(|()| config.chain.resolve())
        .map(|resolved| resolved.is_some())
        .map_err(|error| error.to_string())
}

#[test]
fn a_wrong_value_is_named_and_a_key_in_a_url_is_not_shown() {
    assert_eq!(resolved(""), Ok(false));
    assert_eq!(resolved(GOOD), Ok(true));
    for (from, to, named) in [
        (
            "http://127.0.0.1:8545",
            "http://example.com/hush",
            "chain.rpc_urls",
        ),
        ("\"http://127.0.0.1:8545\"", "", "chain.rpc_urls"),
        ("BeAed", "BeAeD", "chain.contract"),
        ("treasury", "start_block = 1 #", "chain.treasury"),
        ("decimals = 6", "decimals = 37", "chain.tokens"),
        ("decimals = 6", "decimals = -6", "decimals"),
        ("USDC", "DAI", "credited_as"),
        ("USDC\"", "DAI\", credited_as = \"EUR\"", "EUR"),
        ("[{", "[] #", "chain.tokens"),
        ("[chain]", "[chain]\nagree = 2", "chain.agree"),
        ("[chain]", "[chain]\nagree = 0", "chain.agree"),
        (
            "[chain]",
            "[chain]\nconfirmations = 0",
            "chain.confirmations",
        ),
        (
            "[chain]",
            "[chain]\nconfirmations = \"safe\"",
            "chain.confirmations",
        ),
        ("[chain]", "[chain]\nchain_id = 0", "chain.chain_id"),
        ("[chain]", "[chain]\nrange_blocks = 0", "chain.range_blocks"),
        ("[chain]", "[chain]\nname = \"\"", "chain.name"),
        (
            "[chain]",
            "[chain]\nexplorer_url = \"javascript:1\"",
            "chain.explorer_url",
        ),
        ("[chain]", "[chain]\nblocks = 0", "blocks"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let error = resolved(&text).expect_err(to);
        assert!(error.contains(named), "{to}: {error}");
        assert!(!error.contains("hush"), "{error}");
    }
}
