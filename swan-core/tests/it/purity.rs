//! The core is pure by its dependencies and its sources, not by promise.
#![expect(
    clippy::disallowed_methods,
    reason = "this test reads the sources of the crate"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// No crate that runs, dials, waits, draws random numbers or reads a clock belongs below the core.
const FORBIDDEN: [&str; 20] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "hyper",
    "reqwest",
    "axum",
    "tower",
    "h2",
    "http",
    "tungstenite",
    "rustls",
    "native-tls",
    "getrandom",
    "rand",
    "fastrand",
    "chrono",
    "time",
    "uuid",
];

#[test]
fn nothing_below_the_core_has_a_runtime_a_network_or_a_clock() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--all-features",
        ])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let listing = String::from_utf8(tree.stdout).unwrap();
    let crates: Vec<&str> = listing
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        crates.contains(&"serde_json"),
        "the listing is not what it was: {listing}"
    );
    for name in FORBIDDEN {
        assert!(!crates.contains(&name), "swan-core depends on {name}");
    }
}

/// Every Rust source below `folder`, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no sources below {folder}");
    found
}

/// Wire types of other people's APIs (a temperature, a metric) are floats; nothing else is.
#[test]
fn no_float_comes_near_money() {
    for (path, text) in sources("src") {
        let foreign = ["openai", "protocol"].map(|module| Path::new("src").join(module));
        let relative = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
        if foreign.iter().any(|module| relative.starts_with(module)) {
            continue;
        }
        for (line, number) in text.lines().zip(1..) {
            let code = line.split("//").next().unwrap();
            let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words {
                assert!(
                    !matches!(word, "f32" | "f64"),
                    "{}:{number} uses a float",
                    relative.display()
                );
            }
        }
    }
}

#[test]
fn files_stay_short() {
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        let lines = text.lines().count();
        assert!(
            lines <= 400,
            "{} has {lines} lines; 400 is the limit",
            path.display()
        );
    }
}
