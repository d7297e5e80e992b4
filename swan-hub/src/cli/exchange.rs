//! Puts something into the exchange that pays providers in the currency that they prefer, takes it out, and shows what is in it.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use swan_core::ledger::entries::ExchangeSide;
use swan_core::ledger::{Account, Rule};
use swan_core::{Amount, Currency, TransferId};

use super::admin::{self, AdminError, Obeyed, Place, Terminal};
use super::ledgers::Ledgers;
use super::table::Table;
use crate::store::{CommandKind, ExchangeOrder};

/// `swan-hub exchange`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct ExchangeArgs {
    #[command(subcommand)]
    command: ExchangeCommand,
}

#[derive(Debug, Subcommand)]
enum ExchangeCommand {
    /// Show what is in the exchange, and what has come into it and gone out
    Show {
        #[command(flatten)]
        place: Place,
    },
    /// Put something into it
    Fund {
        #[command(flatten)]
        sum: Sum,
        /// Where it comes from
        #[arg(long, value_enum, default_value_t = Side::Outside)]
        from: Side,
    },
    /// Take something out of it
    Empty {
        #[command(flatten)]
        sum: Sum,
        /// Where it goes
        #[arg(long, value_enum, default_value_t = Side::Outside)]
        to: Side,
    },
}

#[derive(Debug, Args)]
struct Sum {
    /// How much
    amount: Amount,
    /// Counted in what: usd or swan
    #[arg(long)]
    currency: Currency,
    /// Who does it and why
    #[arg(long, value_name = "TEXT", default_value = "the command line")]
    note: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    /// Outside of the ledger
    Outside,
    /// The hub's own share
    Treasury,
}

impl From<Side> for ExchangeSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Outside => Self::Outside,
            Side::Treasury => Self::Treasury,
        }
    }
}

pub(super) async fn run(
    args: ExchangeArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    match args.command {
        ExchangeCommand::Show { place } => show(&place, terminal).await?,
        ExchangeCommand::Fund { sum, from } => order(sum, (true, from), terminal).await?,
        ExchangeCommand::Empty { sum, to } => order(sum, (false, to), terminal).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn order(
    sum: Sum,
    (is_funded, side): (bool, Side),
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let Sum {
        amount,
        currency,
        note,
        place,
    } = sum;
    if amount <= Amount::ZERO {
        return Err(AdminError::Usage("the amount is above zero".into()));
    }
    let store = place.open().await?;
    let order = ExchangeOrder {
        is_funded,
        side: side.into(),
        currency,
        amount,
        note,
    };
    let kind = CommandKind::Exchange(order);
    let (id, obeyed) = admin::command(&store, &terminal.clock, kind).await?;
    match obeyed {
        Obeyed::Done => show(&place, terminal).await,
        Obeyed::Queued if place.json => {
            terminal.json(&json!({ "id": TransferId::from_u128(id), "done": false }))
        }
        Obeyed::Queued => Ok(writeln!(
            terminal.err,
            "it is stored; the hub that keeps the books does it when it comes to it"
        )?),
    }
}

/// What has come into the exchange and gone out in one currency, as the journal has it.
#[derive(Debug, Default, Clone, Copy)]
struct Flow {
    funded: Amount,
    emptied: Amount,
    bought: Amount,
    paid: Amount,
}

async fn show(place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let store = place.open().await?;
    let mut flows = [Flow::default(); Currency::ALL.len()];
    let ledgers = Ledgers::replay(&*store, |entry| {
        for transfer in &entry.group.transfers {
            let Some(flow) = flows.get_mut(transfer.debit.currency as usize) else {
                continue;
            };
            let is_in = transfer.credit.account == Account::Exchange;
            let sum = match (entry.group.cause.rule, is_in) {
                (Rule::ExchangeFunded, _) => &mut flow.funded,
                (Rule::ExchangeEmptied, _) => &mut flow.emptied,
                (Rule::Exchange, true) => &mut flow.bought,
                (Rule::Exchange, false) => &mut flow.paid,
                _ => continue,
            };
            *sum = sum.checked_add(transfer.amount).unwrap_or(*sum);
        }
    })
    .await?;
    let stock = |currency| {
        let account = Account::Exchange.in_currency(currency);
        ledgers.balance(&account).posted()
    };
    if place.json {
        let rows = Currency::ALL.into_iter().zip(flows);
        let rows: Vec<Value> = rows
            .map(|(currency, flow)| {
                json!({
                    "currency": currency,
                    "stock": stock(currency),
                    "funded": flow.funded,
                    "emptied": flow.emptied,
                    "from_providers": flow.bought,
                    "to_providers": flow.paid,
                })
            })
            .collect();
        return terminal.json(&rows);
    }
    let mut table = Table::new(&[
        "CURRENCY",
        "STOCK",
        "FUNDED",
        "EMPTIED",
        "FROM PROVIDERS",
        "TO PROVIDERS",
    ]);
    for (currency, flow) in Currency::ALL.into_iter().zip(flows) {
        table.row([
            currency.code().to_owned(),
            stock(currency).to_string(),
            flow.funded.to_string(),
            flow.emptied.to_string(),
            flow.bought.to_string(),
            flow.paid.to_string(),
        ]);
    }
    Ok(table.write(terminal.out, "nothing")?)
}
