//! Lists providers.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use swan_core::Currency;
use swan_core::ledger::Account;

use super::admin::{AdminError, Place, Terminal};
use super::ledgers::Ledgers;
use super::table::{Table, moment};

/// `swan-hub provider`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct ProviderArgs {
    #[command(subcommand)]
    command: ProviderCommand,
}

#[derive(Debug, Subcommand)]
enum ProviderCommand {
    /// List providers, when they were last connected and what they have earned
    List {
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(
    args: ProviderArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let ProviderCommand::List { place } = args.command;
    let store = place.open().await?;
    let providers = store.providers().await?;
    let ledger = Ledgers::replay(&*store, |_| {}).await?;
    let earned = |id, currency| {
        ledger
            .balance(&Account::ProviderEarnings(id).in_currency(currency))
            .credits_posted
    };
    if place.json {
        let row = |record: &crate::store::ProviderRecord| {
            json!({
                "id": record.id,
                "name": record.name,
                "created_ms": record.created,
                "last_seen_ms": record.last_seen,
                "earned_usd": earned(record.id, Currency::Usd),
                "earned_swan": earned(record.id, Currency::Swan),
            })
        };
        terminal.json(&providers.iter().map(row).collect::<Vec<Value>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&[
        "ID",
        "NAME",
        "CREATED",
        "LAST SEEN",
        "EARNED USD",
        "EARNED SWAN",
    ]);
    for record in providers {
        table.row([
            record.id.to_string(),
            record.name,
            moment(record.created),
            record.last_seen.map_or_else(|| "never".into(), moment),
            earned(record.id, Currency::Usd).to_string(),
            earned(record.id, Currency::Swan).to_string(),
        ]);
    }
    table.write(terminal.out, "no providers")?;
    Ok(ExitCode::SUCCESS)
}
