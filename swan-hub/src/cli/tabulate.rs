//! Brings the tables for SQL up to the end of the journal.

use std::process::ExitCode;

use clap::Args;

use super::admin::{AdminError, Place, Terminal};
use crate::ledger::tabulate;

/// `swan-hub tabulate`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct TabulateArgs {
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(
    args: TabulateArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    // Says what is missing, where there is no store.
    drop(args.place.open().await?);
    let entries = tabulate(&args.place.resolve()?).await?;
    if args.place.json {
        terminal.json(&serde_json::json!({ "entries": entries }))?;
    } else {
        writeln!(terminal.out, "{entries} entries are in the tables")?;
    }
    Ok(ExitCode::SUCCESS)
}
