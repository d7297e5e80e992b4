//! `[[external]]`, `--external` and `[routing]`: what they mean, and what a mistake is told.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use swan_core::routing::{DataPolicy, StrategyName};
use swan_core::{Modality, ModelPrice};
use swan_hub::{Config, ConfigError, External, ExternalConfig};

fn resolved(table: &str) -> Result<ExternalConfig, ConfigError> {
    let mut config = Config::default();
    let head = "[[external]]\nname = \"x\"\nurl = \"http://x\"\n";
    config.apply_toml(&format!("{head}{table}"), "hub.toml")?;
    config.external[0].resolve(|name| (name == "TEAM").then(|| "blue\n".to_owned()))
}

fn key_file(text: &str, mode: u32) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(file.path(), permissions).unwrap();
    file
}

fn with_key_file(path: &Path) -> Result<ExternalConfig, ConfigError> {
    resolved(&format!("key_file = {:?}", path.display().to_string()))
}

#[test]
fn everything_that_a_table_says_arrives() {
    let config = resolved(
        r#"
        headers = { "X-Org" = "org-1", "X-Team" = { env = "TEAM" } }
        key_header = "api-key"
        api_prefix = "/openai"
        first_for = ["qwen3:8b"]
        tier = 3
        weight = 5
        total_capacity = 7
        requests_per_minute = 60
        tokens_per_minute = 9000
        zero_retention = true
        ca_file = "/etc/ca.pem"
        allow_private = true
        connect_timeout_ms = 50
        [external.models]
        "Qwen/Qwen3-8B" = "small"
        [external.models."Qwen/Qwen3-32B"]
        name = "large"
        price_in = "0.10"
        price_cached = "0.01"
        price_out = "0.20"
        capacity = 4
        [external.models.house]
        kind = "embedding"
        "#,
    )
    .unwrap();
    assert_eq!(config.headers["X-Org"], "org-1");
    assert_eq!(config.headers["X-Team"], "blue");
    assert_eq!(config.api_prefix.as_deref(), Some("/openai"));
    assert_eq!((config.place.tier, config.place.weight), (3, 5));
    assert_eq!(config.place.first_for, ["qwen3:8b"]);
    assert_eq!(config.limits.total_capacity, Some(7));
    assert_eq!(config.limits.requests_per_minute, Some(60));
    assert_eq!(config.limits.tokens_per_minute, Some(9_000));
    assert_eq!(config.data, DataPolicy::ZeroRetention);
    assert!(config.trust.allow_private && !config.trust.insecure);
    let large = &config.models["Qwen/Qwen3-32B"];
    assert_eq!(
        (large.upstream.as_str(), large.capacity),
        ("large", Some(4))
    );
    let Some(ModelPrice::Tokens(price)) = large.price else {
        panic!("{large:?}")
    };
    let parts = [
        price.input_per_million(),
        price.cached_per_million(),
        price.output_per_million(),
    ];
    assert_eq!(parts.map(|part| part.to_string()), ["0.1", "0.01", "0.2"]);
    assert_eq!(config.models["Qwen/Qwen3-8B"].price, None);
    assert_eq!(config.models["house"].kind, Some(Modality::Embedding));
    assert_eq!(config.models["house"].upstream, "house");
    assert!(!format!("{config:?}").contains("blue"));
}

#[test]
fn a_mistake_is_named() {
    for (table, parts) in [
        ("tire = 1", vec!["tire", "tier"]),
        ("weight = 0", vec!["weight"]),
        ("data_collection = \"no\"", vec!["no", "deny"]),
        ("headers = { a = 1 }", vec!["headers", "env"]),
        (
            "headers = { a = { env = \"NOT\" } }",
            vec!["headers.env", "NOT"],
        ),
        ("key_env = \"NOT\"", vec!["key_env", "NOT"]),
        ("key_env = \"TEAM\"\nkey_file = \"/x\"", vec!["either"]),
        ("key_file = \"/nowhere/key\"", vec!["/nowhere/key"]),
        ("models = 7", vec!["list of model names"]),
        (
            "models = { a = { kind = \"poetry\" } }",
            vec!["poetry", "embedding"],
        ),
        ("models = { a = 7 }", vec!["name, kind and prices"]),
        (
            "models = { a = { prise_in = \"1\" } }",
            vec!["prise_in", "price_in"],
        ),
        (
            "models = { a = { price_out = \"1\" } }",
            vec!["price_*", "price_in"],
        ),
        (
            "models = { a = { price_in = \"-1\" } }",
            vec!["price_*", "between"],
        ),
        (
            "models = { a = { price_in = \"1\", price_per_image = \"1\" } }",
            vec!["price_*"],
        ),
    ] {
        let error = resolved(table).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{table}: {error}");
        }
    }
}

#[test]
fn a_key_file_is_read_only_where_others_cannot_read_it() {
    for (text, mode, expected) in [
        ("sk-upstream\n", 0o600, Some("sk-upstream")),
        ("sk-upstream\r\n", 0o400, Some("sk-upstream")),
        ("sk-upstream", 0o640, Some("sk-upstream")),
        ("sk-upstream\n", 0o644, None),
        ("sk-upstream\n", 0o620, None),
        ("sk-upstream\n", 0o602, None),
        ("\n", 0o600, None),
        ("", 0o600, None),
    ] {
        let file = key_file(text, mode);
        let read = with_key_file(file.path());
        match expected {
            Some(key) => assert_eq!(read.unwrap().api_key.as_deref(), Some(key)),
            None => {
                let error = read.unwrap_err().to_string();
                assert!(
                    error.contains("key_file") && !error.contains("sk-upstream"),
                    "{error}"
                );
            }
        }
    }
    let long = key_file(&"k".repeat(17 << 10), 0o600);
    assert!(with_key_file(long.path()).is_err());
}

#[test]
fn the_command_line_names_an_endpoint_and_the_environment_its_key() {
    let set = |name: &str| (name == "SWAN_EXTERNAL_MY_GPU_KEY").then(|| "sk-1".to_owned());
    let named = External::from_flag("my-gpu=http://10.0.0.7:8000", set).unwrap();
    let config = named.resolve(set).unwrap();
    assert_eq!(config.api_key.as_deref(), Some("sk-1"));
    assert!(config.models.is_empty(), "those that it lists");
    let open = External::from_flag("gpu=https://x/v1?a=b", set).unwrap();
    assert_eq!(open.resolve(set).unwrap().api_key, None);
    for wrong in ["", "gpu", "=http://x", "gpu=localhost:8000", "gpu=ftp://x"] {
        let error = External::from_flag(wrong, set).unwrap_err().to_string();
        assert!(
            error.contains("--external") && error.contains("NAME=URL"),
            "{error}"
        );
    }
}

#[test]
fn strategies_have_names() {
    let mut config = Config::default();
    let text = "[routing]\ndefault = \"round-robin\"\n[routing.models]\na = \"lowest-price\"\nb = \"latency\"";
    config.apply_toml(text, "hub.toml").unwrap();
    assert_eq!(config.routing.default, Some(StrategyName::RoundRobin));
    assert_eq!(config.routing.models["a"], StrategyName::Price);
    assert_eq!(config.routing.models["b"], StrategyName::Latency);
    let variable = ("SWAN_ROUTING_DEFAULT".to_owned(), "throughput".to_owned());
    config.apply_environment([variable]).unwrap();
    assert_eq!(config.routing.default, Some(StrategyName::Throughput));
    assert_eq!(config.routing.models.len(), 2, "the table stays");
    let wrong = "[routing.models]\na = \"cheapest\"";
    let error = config
        .apply_toml(wrong, "hub.toml")
        .unwrap_err()
        .to_string();
    for part in ["cheapest", "health-aware", "prefix-affinity", "price"] {
        assert!(error.contains(part), "{error}");
    }
}
