//! Configuration: what wins, and what a mistake is told.

use std::path::Path;
use std::time::Duration;

use swan_hub::{Config, Durability, Signup};

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// What comes of defaults, a file and the environment.
fn layered() -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.toml");
    let text = r#"
        listen = "127.0.0.1:1"
        usd_per_swan = "0.015"
        durability = "relaxed"
        snapshot_entries = 2_000
        [limits]
        in_flight = 5
        idle_secs = 7
        first_token_secs = 9
        heartbeat_secs = 0
        stream_slice_tokens = 512
        retry_percent = 30
        retries_per_sec = 3
        [hedging]
        after_ms = 800
        percentile = 95
        most_ms = 4_000
        percent = 2
        [idempotency]
        ttl_secs = 60
        [generations]
        keep_days = 7
        [market]
        signup = "open"
        session_hours = 2
        [[external]]
        name = "backup"
        url = "http://10.0.0.7:8000/v1/"
        key_env = "BACKUP_KEY"
        models = { "Qwen/Qwen3-8B" = "qwen" }
        capacity = 7
        [[external]]
        name = "second"
        url = "https://api.example.com"
    "#;
    std::fs::write(&file, text).unwrap();
    let variables = environment(&[
        ("SWAN_LISTEN", "127.0.0.1:2"),
        ("SWAN_LIMITS_IN_FLIGHT", "9"),
        ("SWAN_SNAPSHOT_ENTRIES", "3000"),
        ("SWAN_IDEMPOTENCY_ENTRY_BYTES", "1000"),
        ("SWAN_GENERATIONS_BYTES", "2000"),
        ("SWAN_MARKET_SIGNUPS_PER_HOUR", "3"),
        ("SWAN_HEDGING_PER_SEC", "4"),
        ("SWAN_API_KEY", "somebody else's"),
        ("HOME", "/"),
    ]);
    Config::load(Some(&file), variables).unwrap()
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
    let config = layered();
    assert_eq!(config.listen, "127.0.0.1:2");
    assert_eq!(config.provider_listen, "0.0.0.0:8081");
    assert_eq!(config.limits.in_flight, 9);
    assert_eq!(config.market.signup, Signup::Open);
    assert_eq!(config.market.session, Duration::from_secs(7_200));
    assert_eq!(config.market.signups_per_hour, 3);
    assert_eq!(config.market.logins_per_minute, 20);
    assert_eq!(config.limits.idle, Duration::from_secs(7));
    assert_eq!(config.limits.first_token, Duration::from_secs(9));
    assert_eq!(config.limits.heartbeat, Duration::ZERO);
    assert_eq!(config.limits.stream_slice_tokens, 512);
    assert_eq!(config.limits.retry_percent, 30);
    assert_eq!(config.limits.retries_per_sec, 3);
    assert_eq!(config.hedging.after, Some(Duration::from_millis(800)));
    assert_eq!(config.hedging.percentile, Some(95));
    assert_eq!(config.hedging.least, Duration::from_millis(100));
    assert_eq!(config.hedging.most, Duration::from_secs(4));
    assert_eq!((config.hedging.percent, config.hedging.per_sec), (2, 4));
    assert_eq!(config.limits.body_bytes, 10 << 20);
    assert_eq!(config.durability, Durability::Relaxed);
    assert_eq!(config.snapshot_entries, 3_000);
    assert_eq!(config.usd_per_swan.unwrap().usd().to_string(), "0.015");
    assert_eq!(config.idempotency.ttl, Duration::from_secs(60));
    assert_eq!(config.idempotency.entry_bytes, 1_000);
    assert_eq!(config.idempotency.bytes, 64 << 20);
    assert_eq!(config.idempotency.entries, 100_000);
    assert_eq!(config.generations.keep_days, 7);
    assert_eq!(config.generations.bytes, 2_000);
    let key = |name: &str| (name == "BACKUP_KEY").then(|| "secret".to_owned());
    let external = config.external[0].resolve(key).unwrap();
    assert_eq!(external.base_url, "http://10.0.0.7:8000/v1/");
    assert_eq!(external.models["Qwen/Qwen3-8B"].upstream, "qwen");
    assert_eq!(external.limits.capacity, 7);
    let second = config.external[1].resolve(|_| None).unwrap();
    assert_eq!(second.limits.capacity, 100);
    assert!(!format!("{external:?}").contains("secret\""));
    let missing = config.external[0].resolve(|_| None).unwrap_err();
    assert!(missing.to_string().contains("BACKUP_KEY"), "{missing}");
}

/// Lines of a file that are wrong, and what the error says.
fn mistakes() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("lisen = \"x\"", vec!["lisen", "expected one of", "listen"]),
        ("[limits]\nin_fligt = 1", vec!["in_fligt", "in_flight"]),
        (
            "[limits]\nin_flight = \"many\"",
            vec!["in_flight", "expected"],
        ),
        ("[limits]\nin_flight = -1", vec!["in_flight", "expected"]),
        (
            "[limits]\nidle_secs = 0",
            vec!["limits.idle_secs", "at least one second"],
        ),
        (
            "[idempotency]\nttl_secs = 0",
            vec!["idempotency.ttl_secs", "at least one second"],
        ),
        ("[idempotency]\nttl = 1", vec!["ttl", "ttl_secs"]),
        (
            "[generations]\nkeep_days = 0",
            vec!["generations.keep_days", "at least one day"],
        ),
        (
            "[hedging]\nafter_ms = 0",
            vec!["hedging.after_ms", "at least one millisecond"],
        ),
        (
            "[hedging]\nafter = 5",
            vec!["after", "after_ms", "percent", "per_sec"],
        ),
        (
            "[limits]\nfirst_token_secs = 0",
            vec!["limits.first_token_secs", "at least one second"],
        ),
        (
            "snapshot_entries = 999",
            vec!["snapshot_entries", "at least 1000 entries"],
        ),
        ("durability = \"maybe\"", vec!["maybe", "strict", "relaxed"]),
        ("[market]\nsignup = \"yes\"", vec!["yes", "open", "closed"]),
        (
            "[market]\nsession_hours = 0",
            vec!["market.session_hours", "at least 1"],
        ),
        ("usd_per_swan = \"0\"", vec!["usd_per_swan", "above zero"]),
        ("listen = ", vec!["listen"]),
        (
            "[[external]]\nname = \"x\"\nurl = \"y\"\nkey = \"z\"",
            vec!["key", "key_env"],
        ),
        (
            "[[external]]\nname = \"x\"\nurl = \"y\"\ncapacity = 0",
            vec!["capacity", "nonzero"],
        ),
        (
            "[[external]]\nname = \"x\"\nurl = \"y\"\ncapacity = \"many\"",
            vec!["capacity", "expected"],
        ),
    ]
}

#[test]
fn a_mistake_names_the_key_and_what_was_expected() {
    for (text, parts) in mistakes() {
        let error = Config::default()
            .apply_toml(text, "hub.toml")
            .unwrap_err()
            .to_string();
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
    for (pair, parts) in [
        (
            ("SWAN_LIMITS_IN_FLIGHT", "many"),
            vec!["SWAN_LIMITS_IN_FLIGHT", "many", "expected"],
        ),
        (
            ("SWAN_LIMITS_INFLIGHT", "1"),
            vec!["SWAN_LIMITS_INFLIGHT", "SWAN_LIMITS_IN_FLIGHT"],
        ),
        (
            ("SWAN_DURABILITY", "maybe"),
            vec!["SWAN_DURABILITY", "strict"],
        ),
    ] {
        let error = Config::default()
            .apply_environment(environment(&[pair]))
            .unwrap_err();
        for part in parts {
            assert!(error.to_string().contains(part), "{pair:?}: {error}");
        }
    }
    let absent = Config::load(Some(Path::new("/nowhere/hub.toml")), []).unwrap_err();
    assert!(absent.to_string().contains("/nowhere/hub.toml"), "{absent}");
}

#[test]
fn a_folder_takes_the_place_of_a_store_from_a_lower_layer() {
    let mut config = Config::default();
    config
        .apply_toml("store = \"sqlite:/var/lib/swan.db\"", "hub.toml")
        .unwrap();
    config
        .apply_environment(environment(&[("SWAN_DATA_DIR", "/data")]))
        .unwrap();
    assert_eq!(
        (config.store, config.data_dir.as_path()),
        (None, Path::new("/data"))
    );
    let mut config = Config::default();
    let both = [("SWAN_STORE", "memory:"), ("SWAN_DATA_DIR", "/data")];
    config.apply_environment(environment(&both)).unwrap();
    assert_eq!(config.store.as_deref(), Some("memory:"));
}

#[test]
fn rules_for_keys_are_read_and_checked() {
    let mut config = Config::default();
    let text = r#"
        [keys]
        rpm = 200
        trusted_proxies = ["10.0.0.0/8", "::1/128"]
        free_tier = false
    "#;
    config.apply_toml(text, "hub.toml").unwrap();
    config
        .apply_environment(environment(&[("SWAN_KEYS_TPM", "5000")]))
        .unwrap();
    let keys = &config.keys;
    assert_eq!(
        (keys.defaults.rpm, keys.defaults.tpm),
        (Some(200), Some(5_000))
    );
    assert_eq!((keys.trusted_proxies.len(), keys.free_tier), (2, false));
    for (text, word) in [
        ("[keys]\nrpm = 0", "keys.rpm"),
        ("[keys]\nconcurrency = 0", "keys.concurrency"),
        ("[keys]\nrmp = 1", "rpm"),
        ("[keys]\ntrusted_proxies = [\"x\"]", "trusted_proxies"),
    ] {
        let error = Config::default().apply_toml(text, "hub.toml").unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn bounds_on_waiting_and_connections_are_read_and_checked() {
    let mut config = Config::default();
    assert_eq!(config.queue, swan_hub::QueueRules::default());
    let text = "[queue]\nwait_ms = 0\nper_account = 7\n[limits]\nconnections = 50";
    config.apply_toml(text, "hub.toml").unwrap();
    let variables = environment(&[("SWAN_QUEUE_TOTAL", "8"), ("SWAN_LIMITS_CONNECTIONS", "60")]);
    config.apply_environment(variables).unwrap();
    let queue = config.queue;
    assert_eq!(
        (queue.wait, queue.per_account, queue.total),
        (Duration::ZERO, 7, 8)
    );
    assert_eq!(config.limits.connections, 60);
    for (text, key) in [
        ("[queue]\nwait_ms = 600001", "queue.wait_ms"),
        ("[queue]\ntotal = 0", "queue.total"),
        ("[queue]\nper_account = 100001", "queue.per_account"),
        ("[queue]\nwait = 1", "wait_ms"),
        ("[limits]\nconnections = 0", "limits.connections"),
        (
            "[limits]\nprovider_connections = 0",
            "limits.provider_connections",
        ),
        ("[hedging]\npercentile = 95", "hedging.after_ms"),
        ("[hedging]\nafter_ms = 5\npercentile = 100", "from 1 to 99"),
        (
            "[hedging]\nafter_ms = 5\npercentile = 95\nleast_ms = 20000",
            "hedging.least_ms",
        ),
    ] {
        let error = Config::default().apply_toml(text, "x").unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
    }
}

#[test]
#[cfg(feature = "otel")]
fn traces_are_described_in_file_and_environment() {
    let text = r#"
        [otel]
        endpoint = "http://127.0.0.1:4318"
        sample_ratio = 0.25
        headers = { "x-key" = { env = "OTEL_KEY" }, "x-team" = "a" }
    "#;
    let mut config = Config::default();
    assert_eq!(config.otel.resolve(|_| None).unwrap(), None);
    config.apply_toml(text, "hub.toml").unwrap();
    assert_eq!(config.otel.sample_millionths, 250_000);
    let given = [
        ("SWAN_OTEL_SAMPLE_RATIO", "0.000001"),
        ("SWAN_OTEL_SERVICE_NAME", "edge"),
    ];
    config.apply_environment(environment(&given)).unwrap();
    assert_eq!(config.otel.sample_millionths, 1);
    assert_eq!(config.otel.service_name, "edge");
    let missing = config.otel.resolve(|_| None).unwrap_err();
    assert!(missing.to_string().contains("OTEL_KEY"), "{missing}");
    let found = config.otel.resolve(|_| Some("hidden".into())).unwrap();
    assert!(!format!("{found:?}").contains("hidden"));
    for (text, part) in [
        ("[otel]\nsample_ratio = 1.5", "from 0 to 1"),
        ("[otel]\nsample_ratio = -0.1", "from 0 to 1"),
        ("[otel]\nsample_ratio = \"all\"", "from 0 to 1"),
        ("[otel]\nendpont = \"x\"", "endpoint"),
    ] {
        let error = Config::default().apply_toml(text, "hub.toml").unwrap_err();
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
    config
        .apply_toml("[otel]\nendpoint = \"tempo\"", "")
        .unwrap();
    let error = config.otel.resolve(|_| Some("x".into())).unwrap_err();
    assert!(error.to_string().contains("otel.endpoint"), "{error}");
}

#[test]
#[cfg(not(feature = "otel"))]
fn a_hub_without_traces_says_so() {
    let text = "[otel]\nendpoint = \"http://127.0.0.1:4318\"";
    let error = Config::default().apply_toml(text, "hub.toml").unwrap_err();
    assert!(error.to_string().contains("feature `otel`"), "{error}");
}
