//! Writes down what an account has used.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use swan_core::{AccountId, Day, KeyId, ModelId};

use super::admin::{AdminError, Place, Terminal};
use crate::documents::{Grouping, Month, UsageError, UsageExport, UsageFormat, UsageQuery};

/// `swan-hub usage`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct UsageArgs {
    #[command(subcommand)]
    command: UsageCommand,
}

#[derive(Debug, Subcommand)]
enum UsageCommand {
    /// Write what an account has used: a row a request, or summed up. Its sums are those of the ledger
    Export(Box<ExportArgs>),
}

#[derive(Debug, Args)]
struct ExportArgs {
    /// The account's id
    account: AccountId,
    /// The first day, in UTC [default: that of this month]
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<Day>,
    /// The last day, included [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<Day>,
    /// Only requests made with this key
    #[arg(long, value_name = "KEY-ID")]
    key: Option<KeyId>,
    /// Only requests that this model answered, by its canonical name
    #[arg(long)]
    model: Option<ModelId>,
    /// Sum up by some of hour, day or month (one of them), key and model, such as day,key,model
    #[arg(long, value_name = "BY")]
    group: Option<Grouping>,
    /// csv, json, jsonl, or parquet where the program was built with it [default: csv, or json with --json]
    #[arg(long)]
    format: Option<UsageFormat>,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(
    args: UsageArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let UsageCommand::Export(args) = args.command;
    let now = terminal.clock.now();
    let to = args.to.unwrap_or(now.day());
    let usual = match args.place.json {
        true => UsageFormat::Json,
        false => UsageFormat::Csv,
    };
    let query = UsageQuery {
        account: args.account,
        from: args.from.unwrap_or(Month::of(now).first().min(to)),
        to,
        key: args.key,
        model: args.model,
        grouping: args.group,
        format: args.format.unwrap_or(usual),
    };
    let store = args.place.open().await?;
    let begun = UsageExport::begin(&store, query).await;
    let mut export = begun.map_err(wrong)?;
    let mut file = match &args.out {
        Some(path) => Some(BufWriter::new(File::create(path)?)),
        None => None,
    };
    while let Some(piece) = export.piece().await.map_err(wrong)? {
        match &mut file {
            Some(file) => file.write_all(&piece)?,
            None => terminal.out.write_all(&piece)?,
        }
    }
    if let Some(mut file) = file {
        file.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn wrong(error: UsageError) -> AdminError {
    match error {
        UsageError::Store(error) => error.into(),
        UsageError::Days => AdminError::Usage(format!("--to: {error}")),
        UsageError::Groups => AdminError::Usage(format!("--group: {error}")),
        UsageError::Unwritten(_) => AdminError::Refused(error.to_string()),
    }
}
