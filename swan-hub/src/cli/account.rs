//! Shows and grants funds.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use swan_core::ledger::{Account, AccountKey, Balance, Detail, Entry};
use swan_core::{AccountId, Amount, Currency};

use super::admin::{self, AdminError, Obeyed, Place, Terminal};
use super::ledgers::Ledgers;
use super::limit_flags::{self, LimitFlags};
use super::obeyed::until_obeyed;
use super::table::{Table, moment, printable};
use crate::store::{AccountRecord, Store};

/// `swan-hub account`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Show all accounts, or one with its recent charges
    Show {
        /// The account's id
        id: Option<AccountId>,
        #[command(flatten)]
        place: Place,
    },
    /// Show or change the limits of an account, which all its keys share
    Limits {
        /// The account's id
        id: AccountId,
        #[command(flatten)]
        limits: LimitFlags,
        #[command(flatten)]
        place: Place,
    },
    /// Give credit to an account
    Grant {
        /// The account's id
        id: AccountId,
        /// How much
        amount: Amount,
        /// Counted in what: usd or swan
        #[arg(long, default_value = "usd")]
        currency: Currency,
        /// Why, for the record
        #[arg(long, default_value = "by an administrator")]
        note: String,
        #[command(flatten)]
        place: Place,
    },
}

/// How many charges are shown.
const RECENT: usize = 20;

pub(super) async fn run(
    args: AccountArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    match args.command {
        AccountCommand::Show { id: None, place } => show_all(&place, terminal).await?,
        AccountCommand::Show {
            id: Some(id),
            place,
        } => show_one(id, &place, terminal).await?,
        AccountCommand::Limits { id, limits, place } => {
            limit(id, &limits, &place, terminal).await?;
        }
        AccountCommand::Grant {
            id,
            amount,
            currency,
            note,
            place,
        } => {
            let store = place.open().await?;
            find(&store, id).await?;
            let granted = admin::grant(&store, &terminal.clock, id, currency, amount, note).await?;
            admin::report_grant(granted, terminal)?;
            if place.json {
                terminal.json(&json!({
                    "account": id, "currency": currency, "amount": amount,
                    "done": granted == Obeyed::Done,
                }))?;
            } else if granted == Obeyed::Done {
                writeln!(terminal.err, "granted {amount} {currency} to {id}")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn limit(
    id: AccountId,
    flags: &LimitFlags,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    let mut limits = find(&store, id).await?.limits;
    if !flags.is_empty() {
        flags.apply(&mut limits, terminal.clock.now())?;
        store.limit_account(id, &limits).await?;
        until_obeyed(&*store, terminal).await?;
    }
    if place.json {
        return terminal.json(&json!({ "account": id, "limits": limits }));
    }
    Ok(writeln!(terminal.out, "{}", limit_flags::cell(&limits))?)
}

async fn show_all(place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let store = place.open().await?;
    let accounts = store.accounts().await?;
    let ledger = Ledgers::replay(&*store, |_| {}).await?;
    if place.json {
        let rows: Vec<Value> = accounts
            .iter()
            .map(|record| account_json(record, &ledger))
            .collect();
        return terminal.json(&rows);
    }
    let mut table = Table::new(&[
        "ID",
        "NAME",
        "CURRENCY",
        "BALANCE",
        "HELD",
        "AVAILABLE",
        "CHARGED",
    ]);
    for record in accounts {
        for (currency, balance) in balances(&ledger, record.id) {
            table.row([
                record.id.to_string(),
                record.name.clone(),
                currency.to_string(),
                balance.posted().to_string(),
                balance.debits_pending.to_string(),
                balance.available().to_string(),
                balance.debits_posted.to_string(),
            ]);
        }
    }
    Ok(table.write(terminal.out, "no accounts")?)
}

async fn show_one(
    id: AccountId,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    let record = find(&store, id).await?;
    let (mut recent, mut seen) = (BTreeMap::new(), 0_u64);
    let ledger = Ledgers::replay(&*store, |entry| {
        if charges(&entry, id) {
            // Of several hubs' journals one is read after the other.
            seen += 1;
            recent.insert((entry.at, seen), entry);
            if recent.len() > RECENT {
                recent.pop_first();
            }
        }
    })
    .await?;
    if place.json {
        let mut shown = account_json(&record, &ledger);
        if let Some(fields) = shown.as_object_mut() {
            let charges: Vec<Value> = recent.values().rev().filter_map(charge_json).collect();
            fields.insert("recent_charges".into(), charges.into());
        }
        return terminal.json(&shown);
    }
    writeln!(terminal.out, "{}  {}", record.id, printable(record.name))?;
    for (currency, balance) in balances(&ledger, id) {
        let (posted, held) = (balance.posted(), balance.debits_pending);
        let (free, charged) = (balance.available(), balance.debits_posted);
        writeln!(
            terminal.out,
            "{currency}: balance {posted}, held {held}, available {free}, charged {charged}"
        )?;
    }
    let mut table = Table::new(&[
        "TIME", "REQUEST", "MODEL", "IN", "OUT", "CHARGE", "CURRENCY", "POLICY",
    ]);
    for entry in recent.values().rev() {
        let Detail::Charge(charge) = &entry.group.cause.detail else {
            continue;
        };
        table.row([
            moment(entry.at),
            entry
                .group
                .cause
                .request
                .map(|request| request.to_string())
                .unwrap_or_default(),
            charge.model.to_string(),
            charge.prompt_tokens.to_string(),
            charge.completion_tokens.to_string(),
            charge.gross.to_string(),
            currency_of(entry).to_string(),
            entry
                .group
                .cause
                .policy
                .as_ref()
                .map(|policy| policy.to_string())
                .unwrap_or_default(),
        ]);
    }
    Ok(table.write(terminal.out, "no charges yet")?)
}

async fn find(store: &Arc<dyn Store>, id: AccountId) -> Result<AccountRecord, AdminError> {
    let found = store
        .accounts()
        .await?
        .into_iter()
        .find(|record| record.id == id);
    found.ok_or_else(|| AdminError::Usage(format!("there is no {id} in this store")))
}

/// The currencies that the account ever had, US dollars in any case.
fn balances(ledger: &Ledgers, id: AccountId) -> impl Iterator<Item = (Currency, Balance)> {
    let own = move |currency| (currency, ledger.balance(&key(id, currency)));
    Currency::ALL
        .into_iter()
        .map(own)
        .filter(|(currency, balance)| *currency == Currency::Usd || *balance != Balance::default())
}

const fn key(id: AccountId, currency: Currency) -> AccountKey {
    Account::Consumer(id).in_currency(currency)
}

fn charges(entry: &Entry, id: AccountId) -> bool {
    let first = entry.group.transfers.first();
    matches!(entry.group.cause.detail, Detail::Charge(_))
        && first.is_some_and(|transfer| transfer.debit.account == Account::Consumer(id))
}

fn currency_of(entry: &Entry) -> Currency {
    entry
        .group
        .transfers
        .first()
        .map_or(Currency::Usd, |transfer| transfer.debit.currency)
}

fn account_json(record: &AccountRecord, ledger: &Ledgers) -> Value {
    let rows = balances(ledger, record.id).map(|(currency, balance)| {
        json!({
            "currency": currency,
            "balance": balance.posted(),
            "held": balance.debits_pending,
            "available": balance.available(),
            "charged": balance.debits_posted,
        })
    });
    json!({
        "id": record.id,
        "name": record.name,
        "created_ms": record.created,
        "balances": rows.collect::<Vec<_>>(),
    })
}

fn charge_json(entry: &Entry) -> Option<Value> {
    let Detail::Charge(charge) = &entry.group.cause.detail else {
        return None;
    };
    Some(json!({
        "time_ms": entry.at,
        "request": entry.group.cause.request,
        "policy": entry.group.cause.policy,
        "currency": currency_of(entry),
        "charge": charge,
    }))
}
