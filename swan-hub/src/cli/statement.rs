//! Tells what moved on an account or a provider's earnings, with the balance after each movement.

use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use swan_core::ledger::Account;
use swan_core::{AccountId, Currency, Day, ProviderId, Timestamp};

use super::admin::{AdminError, Place, Terminal};
use super::report::unread;
use super::table::{Table, moment};
use crate::documents::{Earnings, EarningsQuery, Grouping, Month, earnings};
use crate::ledger::{Statement, StatementQuery, statement};
use crate::store::Store;

/// `swan-hub statement`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct StatementArgs {
    /// The id of an account, or of a provider for its earnings
    #[arg(value_name = "ACCOUNT|PROVIDER")]
    whose: Whose,
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
    /// Of a provider: sum up by some of hour, day or month (one of them) and model [default: from this month's first day]
    #[arg(long, value_name = "BY")]
    by: Option<Grouping>,
    #[command(flatten)]
    place: Place,
}

/// Whose money it is.
#[derive(Clone, Copy, Debug)]
enum Whose {
    Account(AccountId),
    Provider(ProviderId),
}

impl FromStr for Whose {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let account = text.parse().map(Self::Account);
        let either = account.or_else(|_| text.parse().map(Self::Provider));
        either.map_err(
            |_: swan_core::IdError| "expected the id of an account (acc-…) or a provider (prov-…)",
        )
    }
}

pub(super) async fn run(
    args: StatementArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let store = args.place.open().await?;
    if let Some(by) = args.by {
        return sums(&args, by, &store, terminal).await;
    }
    let account = match args.whose {
        Whose::Account(id) => Account::Consumer(id),
        Whose::Provider(id) => Account::ProviderEarnings(id),
    };
    let query = StatementQuery {
        account: account.in_currency(args.currency),
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

async fn sums(
    args: &StatementArgs,
    grouping: Grouping,
    store: &Arc<dyn Store>,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let Whose::Provider(provider) = args.whose else {
        let why = "--by is for providers; `swan-hub usage export ACCOUNT --group` sums up what an account used";
        return Err(AdminError::Usage(why.into()));
    };
    if grouping.is_by_key() {
        let why = "--by: keys are the consumers' business; expected some of hour, day or month, and model";
        return Err(AdminError::Usage(why.into()));
    }
    let now = terminal.clock.now();
    let to = args.to.unwrap_or(now.day());
    let query = EarningsQuery {
        provider,
        currency: args.currency,
        from: args.from.unwrap_or(Month::of(now).first().min(to)),
        to,
        grouping,
    };
    let told = earnings(store, &query).await.map_err(unread)?;
    if args.place.json {
        terminal.json(&told)?;
    } else {
        as_sums(&told, terminal)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_sums(told: &Earnings, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let out = &mut *terminal.out;
    writeln!(out, "opening balance {}", told.opening)?;
    let heading = &["TIME", "MODEL", "REQUESTS", "IN", "OUT", "GROSS", "EARNED"];
    let mut rows = Table::new(heading);
    for row in &told.data {
        rows.row([
            row.time.clone().unwrap_or_default(),
            row.model.clone().unwrap_or_default(),
            row.requests.to_string(),
            row.prompt_tokens.to_string(),
            row.completion_tokens.to_string(),
            row.gross.to_string(),
            row.earned.to_string(),
        ]);
    }
    rows.write(out, "nothing was earned")?;
    writeln!(out, "earned {}", told.earned)?;
    for other in &told.other {
        writeln!(out, "{} {}", other.rule, other.amount)?;
    }
    writeln!(out, "closing balance {}", told.closing)?;
    Ok(())
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
