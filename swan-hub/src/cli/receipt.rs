//! Checks receipts without a hub, and changes the key that signs them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use swan_core::receipt::{
    Checked, Difference, Digest, Finding, HubKeys, ProviderHalf, ProviderKeys, PublicKey,
    PublishedKey, SignedReceipt,
};

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
    /// Check both halves of a receipt offline
    ///
    /// Ends with 0 when what is there is to be believed; with 1 when the hub did not sign it, or it is of other bodies; with 3
    /// when the provider's half is not to be believed, or missing although its keys are named; with 4 when both halves stand and
    /// have different counts.
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
    /// A public key of the provider, from somebody you believe
    #[arg(long, value_name = "KEY")]
    provider_key: Vec<PublicKey>,
    /// What `GET /v1/provider-keys/ID` of the hub has answered
    #[arg(long, value_name = "FILE")]
    provider_keys: Option<PathBuf>,
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

/// The provider's half is there and not to be believed, or missing although its keys were named.
const NO_PROVIDER: u8 = 3;
/// Both halves stand, and have different counts.
const OTHER_COUNTS: u8 = 4;

fn verify(args: &Verify, terminal: &mut Terminal<'_>) -> Result<ExitCode, AdminError> {
    let signed: SignedReceipt = read_json(&args.file)?;
    let mut trusted: Vec<PublishedKey> = match &args.keys {
        Some(path) => read_json::<HubKeys>(path)?.keys,
        None => Vec::new(),
    };
    trusted.extend(args.key.iter().copied().map(PublishedKey::always));
    let mut providers: Vec<PublishedKey> = match &args.provider_keys {
        Some(path) => read_json::<ProviderKeys>(path)?.keys,
        None => Vec::new(),
    };
    let is_named = args.provider_keys.is_some() || !args.provider_key.is_empty();
    providers.extend(args.provider_key.iter().copied().map(PublishedKey::always));
    let checked = match signed.check_with(&trusted, &providers, fits) {
        Ok(checked) => checked,
        Err(error) => {
            writeln!(terminal.err, "not to be believed: {error}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let receipt = &checked.receipt;
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
        terminal.json(&as_json(&signed, &checked))?;
    } else {
        write!(terminal.out, "{receipt}")?;
        writeln!(terminal.err, "hub: signed with {}", signed.key)?;
        tell(&checked.provider, terminal)?;
    }
    Ok(match &checked.provider {
        ProviderHalf::Signed(half) if half.differences.is_empty() => ExitCode::SUCCESS,
        ProviderHalf::Signed(_) => ExitCode::from(OTHER_COUNTS),
        ProviderHalf::Absent(_) if !is_named => ExitCode::SUCCESS,
        _ => ExitCode::from(NO_PROVIDER),
    })
}

/// Every finding about the provider's half, in words.
fn tell(half: &ProviderHalf, terminal: &mut Terminal<'_>) -> std::io::Result<()> {
    let err = &mut terminal.err;
    let half = match half {
        ProviderHalf::Absent(None) => {
            return writeln!(
                err,
                "provider: not signed; the hub's program knew nothing of that"
            );
        }
        ProviderHalf::Absent(Some(finding)) => {
            let why = finding.explanation();
            return writeln!(err, "provider: not signed, by the hub's word: {why}");
        }
        ProviderHalf::Refused(finding) => {
            let why = finding.explanation();
            return writeln!(err, "provider: not to be believed: {why}");
        }
        ProviderHalf::Signed(half) => half,
        _ => return Ok(()),
    };
    writeln!(err, "provider: signed with {}", half.key)?;
    writeln!(
        err,
        "provider: {}",
        match half.is_key_known {
            true => "that is a key you named",
            false => "that the key is the provider's is the hub's word; --provider-key checks it",
        }
    )?;
    writeln!(
        err,
        "provider: {}",
        match half.is_request_unchanged {
            true => "it received the consumer's request byte for byte",
            false => "it received the request as the hub changed it",
        }
    )?;
    for Difference {
        count,
        charged,
        signed,
    } in &half.differences
    {
        writeln!(
            err,
            "provider: other {count}: the hub charged for {charged}, the provider signed {signed}"
        )?;
    }
    Ok(())
}

fn as_json(signed: &SignedReceipt, checked: &Checked) -> Value {
    let provider = match &checked.provider {
        ProviderHalf::Signed(half) => {
            let differences = half.differences.iter().map(
                |one| json!({ "count": one.count, "charged": one.charged, "signed": one.signed }),
            );
            json!({
                "finding": Finding::Valid.as_str(),
                "key": half.key,
                "key_known": half.is_key_known,
                "request_unchanged": half.is_request_unchanged,
                "differences": differences.collect::<Vec<_>>(),
                "statement": half.statement.to_string(),
            })
        }
        ProviderHalf::Refused(finding) => json!({ "finding": finding.as_str() }),
        ProviderHalf::Absent(finding) => json!({
            "finding": finding.map(Finding::as_str),
        }),
        _ => Value::Null,
    };
    json!({ "valid": true, "key": signed.key, "receipt": signed.receipt, "provider": provider })
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
