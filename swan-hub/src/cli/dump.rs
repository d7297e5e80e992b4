//! Writes a whole store into a file, and a file into an empty store: the way from one kind of store to another.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::admin::{AdminError, Place, Terminal};
use super::audit;

/// `swan-hub dump`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct DumpArgs {
    /// Where it goes; there must be nothing yet
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// `swan-hub load`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct LoadArgs {
    /// What `swan-hub dump` has written
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn dump(
    args: DumpArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let rows = args.place.resolve()?.dump(&args.file).await?;
    if args.place.json {
        terminal.json(&serde_json::json!({ "rows": rows }))?;
    } else {
        writeln!(terminal.out, "{rows} rows are in {}", args.file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was loaded is audited: a dump may be whole, and be of a store that was not in order.
pub(super) async fn load(
    args: LoadArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let rows = args.place.resolve()?.load(&args.file).await?;
    writeln!(terminal.err, "{rows} rows are loaded")?;
    audit::of_place(&args.place, terminal).await
}
