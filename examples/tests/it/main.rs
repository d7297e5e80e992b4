//! Runs the examples as their users do, against one another.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod embedding;
mod litellm;
mod program;

use program::Program;
use tokio::process::Command;

const KEYS: usize = 2;

/// `hub_minimal` on a port of its own: its address, the consumer's key and the provider's.
async fn hub() -> (Program, String, [String; KEYS]) {
    let mut hub = Command::new(env!("CARGO_BIN_EXE_hub_minimal"));
    let mut hub = Program::start(hub.env("SWAN_LISTEN", "127.0.0.1:0"));
    let consumer = hub.word_after("consumer key ").await;
    let provider = hub.word_after("provider key ").await;
    let address = hub.word_after("http://").await;
    let address = address.strip_suffix("/v1").unwrap().to_owned();
    (hub, address, [consumer, provider])
}

#[tokio::test]
async fn a_chat_and_a_stream_reach_an_echo_provider_through_a_hub_and_are_paid() {
    let (hub, address, [consumer, provider]) = hub().await;
    let mut echo = Command::new(env!("CARGO_BIN_EXE_provider_echo"));
    let mut echo = Program::start(
        echo.env("SWAN_HUB", format!("ws://{address}"))
            .env("SWAN_PROVIDER_KEY", provider),
    );
    // Not the line before it, which says that the model is up here.
    echo.line_with("the hub routes swan/echo").await;
    for program in [
        env!("CARGO_BIN_EXE_chat"),
        env!("CARGO_BIN_EXE_chat_stream"),
    ] {
        let mut ask = Command::new(program);
        ask.arg("Good morning, market.")
            .env("SWAN_BASE_URL", format!("http://{address}/v1"))
            .env("SWAN_API_KEY", &consumer)
            .env("SWAN_MODEL", "swan/echo");
        let said = program::output(&mut ask).await;
        assert!(said.contains("Good morning, market."), "{program}: {said}");
        assert!(said.contains("0.0000"), "{program} says no cost: {said}");
        assert!(said.contains(" USD"), "{program} says no currency: {said}");
    }
    drop((echo, hub));
}

#[tokio::test]
async fn a_backend_of_ones_own_passes_the_suite() {
    let mut custom = Command::new(env!("CARGO_BIN_EXE_provider_custom"));
    let said = program::output(custom.env_remove("SWAN_PROVIDER_KEY")).await;
    assert!(said.contains("the backend conforms"), "{said}");
}

#[tokio::test]
async fn a_year_of_the_market_is_played_charted_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("economy.svg");
    let mut economy = Command::new(env!("CARGO_BIN_EXE_economy"));
    economy.args(["--days", "30", "--seed", "3", "--chart"]);
    let said = program::output(economy.arg(&chart)).await;
    for words in [
        "30 days under swan-2.0",
        "honest",
        "overclaiming",
        "does not pay",
        "lazy pays: half of the benchmark items right",
        "benchmark.math_least_bps = 6700",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let svg = std::fs::read_to_string(&chart).unwrap();
    assert!(
        svg.starts_with("<svg") && svg.contains("polyline") && svg.trim_end().ends_with("</svg>")
    );

    let mut wrong = Command::new(env!("CARGO_BIN_EXE_economy"));
    let wrong = wrong.args(["--weeks", "3"]).output().await.unwrap();
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        !wrong.status.success() && said.contains("--weeks is not known"),
        "{said}"
    );
}
