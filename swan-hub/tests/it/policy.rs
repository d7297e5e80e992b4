//! `swan-hub policy`: what a person and a script see.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use swan_core::Policy;

/// Runs the real program with these arguments in this folder.
fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_swan-hub"))
        .current_dir(folder)
        .env_clear()
        .arg("policy")
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(ran: &Output) -> Value {
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// A folder with `mine.toml`: the default with one piece replaced.
fn mine(original: &str, instead: &str) -> tempfile::TempDir {
    let document = Policy::SWAN_2_0_TOML;
    assert!(document.contains(original), "{original}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(file, document.replacen(original, instead, 1)).unwrap();
    folder
}

const DISCOUNT: &str = "swan_discount_bps = 2_000";

#[test]
fn a_policy_is_shown_as_it_is_written_and_can_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    for name in Policy::built_ins() {
        let policy = Policy::built_in(name).unwrap();
        let hash = policy.stamp().hash().unwrap().to_string();
        let ran = run(folder.path(), &["show", name]);
        assert!(ran.status.success());
        let shown = text(&ran.stdout);
        let (header, document) = shown.split_once('\n').unwrap();
        assert!(header.starts_with('#') && header.contains(name) && header.contains(&hash));
        assert_eq!(document, policy.to_toml());

        let file = folder.path().join("shown.toml");
        std::fs::write(&file, &shown).unwrap();
        let again = run(folder.path(), &["show", "shown.toml"]);
        assert_eq!(text(&again.stdout), shown);
        let bare = run(folder.path(), &["show", "shown.toml", "--hash"]);
        assert_eq!(text(&bare.stdout), format!("{hash}\n"));
        let values = json(&run(folder.path(), &["show", name, "--json"]));
        assert_eq!(values["stamp"]["version"], name);
        assert_eq!(values["stamp"]["hash"], hash);
        assert_eq!(values["policy"]["version"], name);
        let models = values["policy"]["model"].as_array().unwrap();
        assert_eq!(models.len(), policy.models().len());
    }
    let default = run(folder.path(), &["show", "--hash"]);
    let hash = Policy::swan_2_0().stamp().hash().unwrap().to_string();
    assert_eq!(text(&default.stdout).trim(), hash);
}

#[test]
fn a_valid_file_is_summed_up() {
    let folder = mine(DISCOUNT, "swan_discount_bps = 1_250");
    let ran = run(folder.path(), &["check", "mine.toml"]);
    assert!(ran.status.success());
    let told = text(&ran.stdout);
    for said in [
        "mine.toml is a valid policy",
        "12.5%",
        "bootstrap",
        "provider 95%",
        "3 in tier S",
    ] {
        assert!(told.contains(said), "{said} is missing in\n{told}");
    }
    let ran = json(&run(folder.path(), &["check", "mine.toml", "--json"]));
    assert_eq!(ran["valid"], true);
    assert_eq!(ran["summary"]["swan_discount_bps"], 1_250);
    assert_eq!(ran["summary"]["models_by_tier"]["S"], 3);
    assert_eq!(ran["stamp"]["hash"].as_str().unwrap().len(), 64);
}

#[test]
fn everything_wrong_in_a_file_is_found_with_its_place() {
    let instead = "swan_discount_bps = 20_000\nhaggling = true";
    let folder = mine(DISCOUNT, instead);
    let file = folder.path().join("mine.toml");
    let document = std::fs::read_to_string(&file).unwrap();
    let document = document.replacen("bytes_per_token = 4", "bytes_per_token = nan", 1);
    std::fs::write(&file, &document).unwrap();
    let line = |piece: &str| {
        let before = document.lines().position(|line| line.starts_with(piece));
        before.unwrap() + 1
    };
    let ran = run(folder.path(), &["check", "mine.toml"]);
    assert_eq!(ran.status.code(), Some(1));
    let told = text(&ran.stdout);
    let expected = [
        format!(
            "mine.toml:{}:1: the policy says metering.bytes_per_token = nan, but numbers are whole; money, prices and rates are text",
            line("bytes_per_token = nan")
        ),
        format!(
            "mine.toml:{0}:1: the policy has a key that does not exist: payment.haggling in line {0}",
            line("haggling")
        ),
        format!(
            "mine.toml:{}:1: the policy says payment.swan_discount_bps = 20000, but a share is at most 10000 basis points",
            line("swan_discount_bps")
        ),
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    assert!(text(&ran.stderr).contains("mine.toml is no valid policy"));

    let ran = run(folder.path(), &["check", "mine.toml", "--json"]);
    assert_eq!(ran.status.code(), Some(1));
    let told = json(&ran);
    assert_eq!(told["valid"], false);
    assert_eq!(told["findings"].as_array().unwrap().len(), 3);
    assert_eq!(told["findings"][2]["key"], "payment.swan_discount_bps");
    assert_eq!(told["findings"][2]["line"], line("swan_discount_bps"));
}

#[test]
fn two_policies_are_compared_as_diff_does() {
    let folder = mine(DISCOUNT, "swan_discount_bps = 1_000");
    let ran = run(folder.path(), &["diff", "swan-2.0", "mine.toml"]);
    assert_eq!(ran.status.code(), Some(1));
    let told = text(&ran.stdout);
    let lines: Vec<_> = told.lines().collect();
    let expected = [
        "- payment.swan_discount_bps = 2000",
        "+ payment.swan_discount_bps = 1000",
    ];
    assert_eq!(lines[2..], expected);
    assert!(lines[0].starts_with("--- swan-2.0 (") && lines[1].starts_with("+++ swan-2.0 ("));

    let told = json(&run(
        folder.path(),
        &["diff", "swan-2.0", "mine.toml", "--json"],
    ));
    assert_eq!(told["differences"].as_array().unwrap().len(), 1);
    assert_eq!(told["differences"][0]["before"], "2000");
    assert_ne!(told["before"]["hash"], told["after"]["hash"]);

    let same = run(folder.path(), &["diff", "mine.toml", "mine.toml"]);
    assert_eq!(
        (same.status.code(), text(&same.stdout)),
        (Some(0), String::new())
    );
    let older = run(folder.path(), &["diff", "swan-1.0", "swan-2.0"]);
    assert_eq!(older.status.code(), Some(1));
    assert!(text(&older.stdout).contains("+ version = \"swan-2.0\""));
}

#[test]
fn what_cannot_be_read_is_wrong_use() {
    let folder = mine(DISCOUNT, "swan_discount_bps = ");
    std::fs::write(folder.path().join("bytes.toml"), [0xff, 0xfe]).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (
            &["show", "swan-3.0"],
            "there is no such file, and no such policy is built in (swan-2.0 and swan-1.0 are)",
        ),
        (
            &["check", "nothing.toml"],
            "nothing.toml: there is no such file",
        ),
        (
            &["check", "bytes.toml"],
            "bytes.toml: the policy cannot be read",
        ),
        (&["check", "."], ".: the policy cannot be read"),
        (&["show", "mine.toml"], "mine.toml:"),
        (&["diff", "swan-2.0", "mine.toml"], "mine.toml:"),
    ];
    for (args, told) in cases {
        let ran = run(folder.path(), args);
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
        assert_eq!(text(&ran.stdout), "");
        let error = text(&ran.stderr);
        assert!(error.contains(told), "{args:?}: {error}");
    }
}

#[test]
fn a_hub_refuses_to_start_with_a_policy_that_is_none() {
    let folder = mine(DISCOUNT, "swan_discount_bps = 20_000");
    let ran = Command::new(env!("CARGO_BIN_EXE_swan-hub"))
        .current_dir(folder.path())
        .env_clear()
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--provider-listen",
            "127.0.0.1:0",
        ])
        .args(["--policy", "mine.toml", "--store", "memory:"])
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(2));
    let told = text(&ran.stderr);
    assert!(
        told.contains(":1: the policy says payment.swan_discount_bps = 20000"),
        "{told}"
    );
}
