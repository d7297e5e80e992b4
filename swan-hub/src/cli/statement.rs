//! Tells what moved on an account, with the balance after each movement.

use std::process::ExitCode;

use clap::Args;
use swan_core::ledger::Account;
use swan_core::{AccountId, Currency, Day, Timestamp};

use super::admin::{AdminError, Place, Terminal};
use super::table::{Table, moment};
use crate::ledger::{Statement, StatementQuery, statement};

/// `swan-hub statement`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct StatementArgs {
    /// The account's id
    account: AccountId,
    /// Counted in what: usd or swan
    #[arg(long, default_value = "usd")]
    currency: Currency,
    /// The first day, in UTC [default: the account's first]
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<Day>,
    /// The last day, in UTC [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<Day>,
    /// Go on from this entry of the journal, as the page before says
    #[arg(long, value_name = "ENTRY")]
    from_entry: Option<u64>,
    /// Movements of a page, give or take those of one entry
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(
    args: StatementArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let store = args.place.open().await?;
    let query = StatementQuery {
        account: Account::Consumer(args.account).in_currency(args.currency),
        from: args.from.map_or(Timestamp::EPOCH, Day::start),
        to: args.to.map_or(Timestamp::MAX, Day::end),
        from_entry: args.from_entry,
        limit: usize::try_from(args.limit).unwrap_or(usize::MAX),
    };
    let told = statement(&*store, &query).await?;
    if args.place.json {
        terminal.json(&told)?;
    } else {
        as_table(&told, terminal)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_table(told: &Statement, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let out = &mut *terminal.out;
    writeln!(out, "opening balance {}", told.opening)?;
    let mut lines = Table::new(&["TIME", "ENTRY", "RULE", "REQUEST", "AMOUNT", "BALANCE"]);
    for line in &told.lines {
        let request = line.request.map(|request| request.to_string());
        lines.row([
            moment(line.at),
            line.entry.to_string(),
            line.rule.as_str().to_owned(),
            request.unwrap_or_default(),
            line.amount.to_string(),
            line.balance.to_string(),
        ]);
    }
    lines.write(out, "nothing has moved")?;
    writeln!(out, "closing balance {}", told.closing)?;
    if let Some(next) = told.next {
        writeln!(terminal.err, "there is more: --from-entry {next}")?;
    }
    Ok(())
}
