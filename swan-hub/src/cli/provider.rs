//! Lists providers, and says what one would rather be paid in.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use swan_core::ledger::Account;
use swan_core::{Currency, ProviderId};

use super::admin::{AdminError, Place, Terminal};
use super::ledgers::Ledgers;
use super::table::{Table, moment};
use crate::exchange;

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
    /// Show what a provider would rather be paid in, or change it
    Payment {
        /// The provider
        provider: ProviderId,
        /// usd, swan, or none for whatever each request was paid in; unless said, it is shown
        #[arg(value_name = "CURRENCY", value_parser = preference)]
        currency: Option<Preference>,
        #[command(flatten)]
        place: Place,
    },
}

/// What is preferred; nothing, with `none`.
#[derive(Debug, Clone, Copy)]
struct Preference(Option<Currency>);

fn preference(text: &str) -> Result<Preference, &'static str> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Preference(None));
    }
    let currency = text.parse().map(|currency| Preference(Some(currency)));
    currency.map_err(|_| "expected usd, swan or none")
}

pub(super) async fn run(
    args: ProviderArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    match args.command {
        ProviderCommand::List { place } => list(&place, terminal).await,
        ProviderCommand::Payment {
            provider,
            currency,
            place,
        } => payment(provider, currency, &place, terminal).await,
    }
}

async fn payment(
    provider: ProviderId,
    wanted: Option<Preference>,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let store = place.open().await?;
    let known = store.providers().await?;
    if known.iter().all(|record| record.id != provider) {
        let why = format!("there is no {provider} in this store");
        return Err(AdminError::Usage(why));
    }
    if let Some(Preference(currency)) = wanted {
        let said = ("the command line", terminal.clock.now());
        exchange::prefer(&*store, provider, currency, said).await?;
    }
    let currency = exchange::preferred(&*store, provider).await?;
    if place.json {
        terminal.json(&json!({ "provider": provider, "currency": currency }))?;
    } else {
        let code = currency.map_or("none", Currency::code);
        writeln!(terminal.out, "{code}")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(place: &Place, terminal: &mut Terminal<'_>) -> Result<ExitCode, AdminError> {
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
