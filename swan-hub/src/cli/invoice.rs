//! Monthly invoices, and who stands on them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use swan_core::AccountId;

use super::admin::{AdminError, Place, Terminal};
use super::report::unread;
use crate::documents::{Billing, Month, Paper, Tax, invoice};

/// `swan-hub invoice`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct InvoiceArgs {
    /// The account's id
    account: AccountId,
    /// The month, in UTC; an hour after it is over its invoice gets a number and stays as it is
    #[arg(long, value_name = "YYYY-MM")]
    month: Month,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The paper that it is printed on: a4 or letter
    #[arg(long, default_value = "a4")]
    paper: Paper,
    #[command(flatten)]
    place: Place,
}

/// `swan-hub billing`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct BillingArgs {
    /// The account whose owner it is; the hub's own without it
    account: Option<AccountId>,
    /// The name
    #[arg(long)]
    name: Option<String>,
    /// A line of the address; say it once for each line
    #[arg(long, value_name = "LINE")]
    address: Vec<String>,
    /// The number under which taxes are paid
    #[arg(long, value_name = "ID")]
    tax_id: Option<String>,
    /// Of the hub: a tax such as VAT:19 within the price, or GST:5:added on top of it; say it once for each
    #[arg(long, value_name = "NAME:PERCENT", conflicts_with = "account")]
    tax: Vec<Tax>,
    /// Of the hub: what stands before the numbers of invoices
    #[arg(long, value_name = "TEXT", conflicts_with = "account")]
    invoice_prefix: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(
    args: InvoiceArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let store = args.place.open().await?;
    let (account, month) = (args.account, args.month);
    let made = invoice(&store, account, month, terminal.clock.now()).await;
    let Some(made) = made.map_err(unread)? else {
        let why = format!("{account} was charged nothing in {month}");
        return Err(AdminError::Usage(why));
    };
    if made.number.is_none() {
        let why = "the month is not over: this is a draft, and no invoice";
        writeln!(terminal.err, "{why}")?;
    }
    let text = match args.place.json {
        // Texts and numbers always serialise.
        true => serde_json::to_string(&made).unwrap_or_default() + "\n",
        false => made.html(args.paper),
    };
    match &args.out {
        Some(path) => std::fs::write(path, text)?,
        None => write!(terminal.out, "{text}")?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn billing(
    args: BillingArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let store = args.place.open().await?;
    let mut kept = Billing::load(&*store, args.account).await?;
    let before = kept.clone();
    if let Some(name) = args.name {
        kept.name = name;
    }
    if !args.address.is_empty() {
        kept.address = args.address;
    }
    kept.tax_id = args.tax_id.or(kept.tax_id);
    if !args.tax.is_empty() {
        kept.taxes = args.tax;
    }
    kept.invoice_prefix = args.invoice_prefix.or(kept.invoice_prefix);
    kept.check()
        .map_err(|error| AdminError::Usage(error.to_string()))?;
    if kept != before {
        kept.save(&*store, args.account).await?;
    }
    if args.place.json {
        terminal.json(&kept)?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(terminal.out, "{}", kept.name)?;
    for line in &kept.address {
        writeln!(terminal.out, "{line}")?;
    }
    for (what, said) in [
        ("tax id", kept.tax_id),
        ("invoice prefix", kept.invoice_prefix),
    ] {
        if let Some(said) = said {
            writeln!(terminal.out, "{what} {said}")?;
        }
    }
    for tax in &kept.taxes {
        writeln!(terminal.out, "tax {tax}")?;
    }
    Ok(ExitCode::SUCCESS)
}
