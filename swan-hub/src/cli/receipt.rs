//! Checks receipts without a hub, and changes the key that signs them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::json;
use swan_core::Timestamp;
use swan_core::receipt::{Digest, HubKeys, PublicKey, PublishedKey, SignedReceipt};

use super::admin::{AdminError, Terminal};
use crate::receipts::{ReceiptSigner, fits};

/// `swan-hub receipt`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct ReceiptArgs {
    #[command(subcommand)]
    command: ReceiptCommand,
}

#[derive(Debug, Subcommand)]
enum ReceiptCommand {
    /// Check a receipt offline; fails when it is not one of this hub, or not of these bodies
    Verify(Verify),
    /// Sign with a new key from the next start of the hub on; the old public key stays published
    Rotate {
        /// The file with the keys
        key_file: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Verify {
    /// What `GET /v1/receipts/ID` has answered
    file: PathBuf,
    /// The public key of the hub: 64 hexadecimal digits
    #[arg(long, value_name = "KEY", required_unless_present = "keys")]
    key: Vec<PublicKey>,
    /// What `GET /.well-known/swan-keys` of the hub has answered
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// The body of the request, to be compared
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// The body of the answer, to be compared
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

/// Bodies are at most this long.
const BODY_MAX: u64 = 256 << 20;

pub(super) fn run(args: ReceiptArgs, terminal: &mut Terminal<'_>) -> Result<ExitCode, AdminError> {
    match args.command {
        ReceiptCommand::Verify(args) => verify(&args, terminal),
        ReceiptCommand::Rotate { key_file } => {
            // The name stands in receipts, not in the file.
            let signer = ReceiptSigner::rotate("swan-hub", &key_file, terminal.clock.now());
            let signer = signer.map_err(|error| AdminError::Usage(error.to_string()))?;
            for key in signer.published().keys.iter().take(1) {
                writeln!(terminal.out, "{}", key.key)?;
            }
            let words = "the hub signs with this key from its next start on";
            Ok(writeln!(terminal.err, "{words}").map(|()| ExitCode::SUCCESS)?)
        }
    }
}

fn verify(args: &Verify, terminal: &mut Terminal<'_>) -> Result<ExitCode, AdminError> {
    let signed: SignedReceipt = read_json(&args.file)?;
    let mut trusted: Vec<PublishedKey> = match &args.keys {
        Some(path) => read_json::<HubKeys>(path)?.keys,
        None => Vec::new(),
    };
    trusted.extend(args.key.iter().map(|key| PublishedKey {
        key: *key,
        from: Timestamp::EPOCH,
        until: None,
    }));
    let receipt = match signed.verify_with(&trusted, fits) {
        Ok(receipt) => receipt,
        Err(error) => {
            writeln!(terminal.err, "not to be believed: {error}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    for (name, path, expected) in [
        ("request", &args.request, receipt.request_sha256),
        ("answer", &args.answer, receipt.answer_sha256),
    ] {
        let Some(path) = path else { continue };
        let wrong = match expected {
            None => "the receipt has no hash of it",
            Some(expected) if is_of(expected, &read(path)?) => continue,
            Some(_) => "it is another one",
        };
        writeln!(terminal.err, "not the {name} of this receipt: {wrong}")?;
        return Ok(ExitCode::FAILURE);
    }
    if args.json {
        terminal.json(&json!({ "valid": true, "key": signed.key, "receipt": signed.receipt }))?;
    } else {
        write!(terminal.out, "{receipt}")?;
        writeln!(terminal.err, "signed with {}", signed.key)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether this is the hash of a body, which may be one of events.
fn is_of(expected: Digest, body: &[u8]) -> bool {
    expected == Digest::of(body) || expected == Digest::of_events(body)
}

fn read(path: &Path) -> Result<Vec<u8>, AdminError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BODY_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(AdminError::Usage(format!("{}: {error}", path.display()))),
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, AdminError> {
    let read = serde_json::from_slice(&read(path)?);
    read.map_err(|error| AdminError::Usage(format!("{}: {error}", path.display())))
}
