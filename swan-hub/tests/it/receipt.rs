//! `swan-hub receipt`: a consumer checks what it has kept, without a hub.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::Value;
use swan_core::Timestamp;
use swan_core::receipt::{
    Digest, PublicKey, Receipt, Signature, SignedReceipt, SignedStatement, Statement,
};
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

/// A file with both halves, of which the provider's says these counts of tokens, under the key of this secret.
fn both(signer: &ReceiptSigner, (prompt, completion): (u64, u64), secret: u8) -> SignedReceipt {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[secret; 32]).unwrap();
    let key = PublicKey::from_bytes(pair.public_key().as_ref().try_into().unwrap());
    let hash = Digest::of(b"asked");
    let said = format!(
        "swan-statement-v1\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=40\nmodel=m\nprompt_tokens={prompt}\n\
         completion_tokens={completion}\nrequest_sha256={hash}\nanswer_sha256={hash}\n"
    );
    assert!(said.parse::<Statement>().is_ok());
    let receipt = format!(
        "swan-receipt-v2\nhub=hub.example\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=50\nmodel=m\nprompt_tokens=1\n\
         cached_tokens=0\ncompletion_tokens=2\nimages=0\naudio_ms=0\nbasis=reported\ncost=0.5\ncurrency=USD\n\
         request_sha256={hash}\nsent_sha256={hash}\nreceived_sha256={hash}\nprovider_signature=valid\nstatement_sha256={}\n\
         provider_key={key}\n",
        Digest::of(said.as_bytes())
    );
    let signature = pair.sign(said.as_bytes());
    let signature = Signature::from_bytes(signature.as_ref().try_into().unwrap());
    SignedReceipt {
        provider_signature: Some(SignedStatement {
            statement: said,
            key,
            signature,
        }),
        ..signer.sign(&receipt.parse().unwrap())
    }
}

/// Receipts of many kinds under the names that the test gives them; answers the keys of hub and provider.
fn kept_files(folder: &Path) -> [PublicKey; 2] {
    let at = |name: &str| folder.join(name);
    let signer = ReceiptSigner::open("hub.example", &at("keys"), Timestamp::EPOCH).unwrap();
    let write = |name: &str, signed: &SignedReceipt| {
        std::fs::write(at(name), serde_json::to_vec(signed).unwrap()).unwrap();
    };
    let good = both(&signer, (1, 2), 1);
    let hub = good.key;
    let own = good.provider_signature.as_ref().unwrap().key;
    let published = format!(
        r#"{{"provider":"prov-{}","keys":[{{"key":"{own}","from_ms":0,"until_ms":null}}]}}"#,
        "0".repeat(32)
    );
    std::fs::write(at("published"), published).unwrap();
    write("good", &good);
    write("greedy", &both(&signer, (1, 1), 1));
    let mut stripped = good.clone();
    stripped.provider_signature = None;
    write("stripped", &stripped);
    let mut forged = good;
    let half = forged.provider_signature.as_mut().unwrap();
    half.signature = Signature::from_bytes([0; 64]);
    write("forged", &forged);
    let old = "swan-receipt-v1\nhub=h\nrequest=01900000-0000-7000-8000-000000000001\nat_ms=50\nmodel=m\nprompt_tokens=1\n\
        cached_tokens=0\ncompletion_tokens=2\nimages=0\naudio_ms=0\nbasis=reported\ncost=0.5\ncurrency=USD\n";
    write("old", &signer.sign(&old.parse().unwrap()));
    [hub, own]
}

#[tokio::test]
async fn both_halves_are_checked_and_the_exit_code_says_what_is_wrong() {
    let folder = TempDir::new().unwrap();
    let [hub, own] = kept_files(folder.path());
    let strange = "1".repeat(64);
    for (line, code, says) in [
        (
            "@/good".to_owned(),
            0,
            "that the key is the provider's is the hub's word",
        ),
        (
            format!("@/good --provider-key {own}"),
            0,
            "that is a key you named",
        ),
        (
            "@/good --provider-keys @/published".into(),
            0,
            "byte for byte",
        ),
        (
            format!("@/good --provider-key {strange} --provider-key {own}"),
            0,
            "that is a key you named",
        ),
        (
            format!("@/good --provider-key {strange}"),
            3,
            "did not have then",
        ),
        ("@/forged".into(), 3, "does not fit the statement"),
        (
            "@/greedy".into(),
            4,
            "other completion_tokens: the hub charged for 2, the provider signed 1",
        ),
        (
            "@/stripped".into(),
            1,
            "not the one that the hub signed for",
        ),
        ("@/old".into(), 0, "knew nothing of that"),
        (
            format!("@/old --provider-key {own}"),
            3,
            "knew nothing of that",
        ),
    ] {
        let line = format!("receipt verify {line} --key {hub}");
        let (exit, _, err) = run(folder.path(), &line).await;
        assert_eq!(exit, ExitCode::from(code), "{line}: {err}");
        assert!(err.contains(says), "{line}: {err}");
    }
    told_to_programs(folder.path(), &hub.to_string()).await;
}

async fn told_to_programs(folder: &Path, hub: &str) {
    for (file, finding, differences) in [
        ("good", Value::from("valid"), 0),
        ("greedy", "valid".into(), 1),
        ("forged", "wrong_signature".into(), 0),
        ("old", Value::Null, 0),
    ] {
        let line = format!("receipt verify @/{file} --key {hub} --json");
        let (_, out, _) = run(folder, &line).await;
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(told["provider"]["finding"], finding, "{out}");
        let found = told["provider"]["differences"].as_array();
        assert_eq!(found.map_or(0, Vec::len), differences, "{out}");
    }
}
