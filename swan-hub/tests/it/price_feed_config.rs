//! The table `[price_feed]`: what is read of it, and what a mistake is told.

use std::time::Duration;

use swan_hub::Config;

/// A feed of one source, with these further keys of it.
fn source(more: &str) -> String {
    let url = "url = \"https://api.example.com/price?ids=swan\"";
    format!(
        "[price_feed]\nmin = \"0.01\"\nmax = \"1\"\n[[price_feed.sources]]\nname = \"gecko\"\n{url}\npointer = \"/swan/usd\"\n{more}"
    )
}

/// What is wrong, and what its error says.
fn mistakes() -> Vec<(String, Vec<&'static str>)> {
    vec![
        (
            "[price_feed]\nquorum = 2".to_owned(),
            vec!["price_feed.sources", "1 to 8"],
        ),
        (
            source("").replace("min = \"0.01\"\n", ""),
            vec!["price_feed.min", "above zero"],
        ),
        (
            source("").replace("0.01", "5"),
            vec!["price_feed.min", "no more than price_feed.max"],
        ),
        (
            source("").replace("max = ", "quorum = 2\nmax = "),
            vec!["price_feed.quorum", "2"],
        ),
        (
            source("").replace("max = ", "max_age_secs = 29\nmax = "),
            vec!["price_feed.max_age_secs", "poll_ms"],
        ),
        (
            format!("usd_per_swan = \"0.1\"\n{}", source("")),
            vec!["usd_per_swan", "either", "[price_feed]"],
        ),
        (
            source(&format!(
                "[[price_feed.sources]]\nname = \"gecko\"\nurl = \"{}\"\npointer = \"\"",
                "https://b.example"
            )),
            vec!["price_feed.sources.name", "of its own"],
        ),
    ]
}

/// The same of a source.
fn mistakes_of_a_source(open: &std::path::Path) -> Vec<(String, Vec<&'static str>)> {
    vec![
        (
            source("").replace("https", "http"),
            vec!["price_feed.sources.url", "of gecko", "https://"],
        ),
        (
            source("").replace("gecko", "ge cko"),
            vec!["price_feed.sources.name", "ge cko"],
        ),
        (
            source("").replace("/swan/usd", "swan"),
            vec!["price_feed.sources.pointer", "/data/0/last"],
        ),
        (
            source("time_pointer = \"at\""),
            vec!["price_feed.sources.time_pointer"],
        ),
        (
            source("key_env = \"NOT_SET\""),
            vec!["price_feed.sources.key_env", "NOT_SET"],
        ),
        (
            source("key_header = \"x\""),
            vec!["price_feed.sources.key_header", "key_file"],
        ),
        (
            source(&format!("key_file = {open:?}")),
            vec!["price_feed.sources.key_file", "chmod 600"],
        ),
        (
            source("headers = { \"a b\" = \"c\" }"),
            vec!["price_feed.sources.headers", "of gecko"],
        ),
        (
            source("headers = { a = { env = \"NOT_SET\" } }"),
            vec!["price_feed.sources.headers.env"],
        ),
        (
            source("ca_file = \"/nowhere\""),
            vec!["price_feed.sources.ca_file", "of gecko"],
        ),
    ]
}

#[test]
fn a_key_that_is_wrong_is_named_when_it_is_read() {
    for (text, parts) in [
        (
            "[price_feed]\nmin = \"-1\"",
            vec!["price_feed.min", "-1", "above zero"],
        ),
        (
            "[price_feed]\npoll_ms = 5",
            vec!["price_feed.poll_ms", "100 to 3600000"],
        ),
        (
            "[[price_feed.sources]]\nname = \"a\"\nurl = \"u\"",
            vec!["missing field", "pointer"],
        ),
        ("[price_feed]\npoll = 5", vec!["poll", "poll_ms"]),
    ] {
        let error = Config::default().apply_toml(text, "hub.toml").unwrap_err();
        for part in parts {
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }
}

#[test]
fn a_price_feed_is_read_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("open-key");
    std::fs::write(&open, "secret").unwrap();
    let feed = |text: &str| {
        let mut config = Config::default();
        config.apply_toml(text, "hub.toml").unwrap();
        config.price_feed(|name| (name == "FEED_KEY").then(|| "secret".to_owned()))
    };
    assert_eq!(feed("").unwrap(), None);
    let options = feed(&source(
        "key_env = \"FEED_KEY\"\nkey_header = \"x-key\"\ntime_pointer = \"/swan/at\"",
    ));
    let options = options.unwrap().unwrap();
    assert_eq!(
        (options.quorum, options.max_age),
        (1, Duration::from_secs(300))
    );
    assert_eq!(options.poll, Duration::from_secs(30));
    assert_eq!(options.sources[0].headers["x-key"], "secret");
    assert!(!format!("{options:?}").contains("secret"));
    for (text, parts) in mistakes().into_iter().chain(mistakes_of_a_source(&open)) {
        let error = feed(&text).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(
            !error.contains("ids=swan"),
            "a URL may have a key in it: {error}"
        );
    }
}
