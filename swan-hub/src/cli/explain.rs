//! Tells why money moved.

use std::process::ExitCode;

use clap::Args;

use super::admin::{AdminError, Place, Terminal};
use crate::ledger::{Explainer, Subject};

/// `swan-hub explain`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct ExplainArgs {
    /// A request (UUID), a transfer, hold, payout or refund (32 hexadecimal digits), an order to pay in (top-…), an account
    /// (acc-…), a provider (prov-…), a deposit (dep-…), a penalty (case-…), or an account of the hub itself (growth-fund, treasury,
    /// exchange, burn, grants, …)
    id: Subject,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(
    args: ExplainArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let store = args.place.open().await?;
    let found = Explainer::new(store).explain(args.id).await?;
    let Some(found) = found else {
        let id = args.id;
        let why = format!("nothing is known of {id} in this store");
        return Err(AdminError::Usage(why));
    };
    if args.place.json {
        terminal.json(&found)?;
    } else {
        write!(terminal.out, "{found}")?;
    }
    Ok(ExitCode::SUCCESS)
}
