//! Reports for those who run a hub.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::admin::{AdminError, Place, Terminal};
use super::table::Table;
use crate::documents::{FundOf, GrowthFundReport, Month, UsageError, growth_fund};

/// `swan-hub report`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// What came into the growth fund in a month, by provider and model, and what was spent, by reason
    GrowthFund {
        /// The month, in UTC [default: this one]
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<Month>,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(
    args: ReportArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let ReportCommand::GrowthFund { month, place } = args.command;
    let now = terminal.clock.now();
    let store = place.open().await?;
    let report = growth_fund(&store, month.unwrap_or(Month::of(now)), now).await;
    let report = report.map_err(unread)?;
    if place.json {
        terminal.json(&report)?;
    } else {
        as_tables(&report, terminal)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Why a report cannot be made.
pub(super) fn unread(error: UsageError) -> AdminError {
    match error {
        UsageError::Store(error) => error.into(),
        other => AdminError::Usage(other.to_string()),
    }
}

fn as_tables(report: &GrowthFundReport, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let so_far = if report.is_final { "" } else { " so far" };
    writeln!(terminal.out, "growth fund in {}{so_far}", report.month)?;
    for fund in &report.currencies {
        one(fund, terminal)?;
    }
    Ok(())
}

fn one(fund: &FundOf, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let FundOf {
        currency,
        opening,
        income,
        spent,
        closing,
        ..
    } = fund;
    let out = &mut *terminal.out;
    writeln!(
        out,
        "{currency}: {opening} + {income} in - {spent} out = {closing}"
    )?;
    let mut incomes = Table::new(&["PROVIDER", "MODEL", "REQUESTS", "GROSS", "INCOME"]);
    for income in &fund.income_by {
        let own = "the hub's endpoints".to_owned();
        incomes.row([
            income.provider.clone().unwrap_or(own),
            income.model.clone(),
            income.requests.to_string(),
            income.gross.to_string(),
            income.amount.to_string(),
        ]);
    }
    incomes.write(out, "no charge had a share for it")?;
    let mut moves = Table::new(&["RULE", "REASON", "TIMES", "AMOUNT"]);
    for one in &fund.moves {
        moves.row([
            one.rule.to_owned(),
            one.reason.clone().unwrap_or_default(),
            one.times.to_string(),
            one.amount.to_string(),
        ]);
    }
    moves.write(out, "nothing was spent")?;
    Ok(())
}
