//! `swan-hub receipt`: a consumer checks what it has kept, without a hub.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use swan_core::Timestamp;
use swan_core::receipt::{Digest, Receipt};
use swan_hub::ReceiptSigner;
use swan_hub::cli::{AdminCommand, Terminal};
use tempfile::TempDir;

use crate::ledger::clock;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: AdminCommand,
}

/// Runs a command line in which `@` stands for the folder; answers exit code, results and words.
async fn run(folder: &Path, line: &str) -> (ExitCode, String, String) {
    let line = line.replace('@', &folder.display().to_string());
    let cli = Cli::try_parse_from(["swan-hub"].into_iter().chain(line.split(' '))).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        out: &mut out,
        err: &mut err,
        clock: Arc::new(clock()),
    };
    let code = cli.command.run(&mut terminal).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

#[tokio::test]
async fn a_kept_receipt_is_checked_with_the_key_and_the_bodies() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let signer = ReceiptSigner::open("hub.example", &at("keys"), Timestamp::EPOCH).unwrap();
    let text = format!(
        "swan-receipt-v1\nhub=hub.example\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=50\nmodel=m\nprompt_tokens=1\n\
         cached_tokens=0\ncompletion_tokens=2\nimages=0\naudio_ms=0\nbasis=reported\ncost=0.5\ncurrency=USD\nrequest_sha256={}\n",
        Digest::of(b"asked")
    );
    let signed = signer.sign(&text.parse::<Receipt>().unwrap());
    let write = |name: &str, bytes: &[u8]| std::fs::write(at(name), bytes).unwrap();
    write("receipt", &serde_json::to_vec(&signed).unwrap());
    write(
        "published",
        &serde_json::to_vec(signer.published()).unwrap(),
    );
    write("asked", b"asked");
    write("other", b"other");
    let key = signed.key;
    let strange = "0".repeat(64);
    for (line, success, says) in [
        (
            format!("receipt verify @/receipt --key {key}"),
            true,
            "signed with",
        ),
        (
            "receipt verify @/receipt --keys @/published --request @/asked".into(),
            true,
            "signed with",
        ),
        (
            format!("receipt verify @/receipt --key {key} --json"),
            true,
            "",
        ),
        (
            format!("receipt verify @/receipt --key {key} --request @/other"),
            false,
            "it is another one",
        ),
        (
            format!("receipt verify @/receipt --key {key} --answer @/other"),
            false,
            "has no hash of it",
        ),
        (
            format!("receipt verify @/receipt --key {strange}"),
            false,
            "none of the hub's keys",
        ),
    ] {
        let (code, out, err) = run(folder.path(), &line).await;
        assert_eq!(code == ExitCode::SUCCESS, success, "{line}: {err}");
        assert!(err.contains(says), "{line}: {err}");
        assert_eq!(out.is_empty(), !success, "{line}");
    }
    let (_, shown, _) = run(
        folder.path(),
        &format!("receipt verify @/receipt --key {key}"),
    )
    .await;
    assert_eq!(shown, text);

    still_checked_after_a_change(folder.path(), &key.to_string()).await;
}

/// The receipt was kept before the key was changed, and is checked after it.
async fn still_checked_after_a_change(folder: &Path, key: &str) {
    let (code, new, _) = run(folder, "receipt rotate @/keys").await;
    assert_eq!(code, ExitCode::SUCCESS);
    assert_ne!(new.trim(), key);
    let keys = folder.join("keys");
    let signer = ReceiptSigner::open("hub.example", &keys, Timestamp::EPOCH).unwrap();
    assert_eq!(signer.published().keys[0].key.to_string(), new.trim());
    let published = serde_json::to_vec(signer.published()).unwrap();
    std::fs::write(folder.join("published"), published).unwrap();
    let (code, _, err) = run(folder, "receipt verify @/receipt --keys @/published").await;
    assert_eq!(code, ExitCode::SUCCESS, "{err}");
}
