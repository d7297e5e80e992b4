//! Shows orders to pay in by card, and begins refunds.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use swan_core::{AccountId, Amount, TopupId, TransferId};
use tokio::time;

use super::admin::{AdminError, Place, Terminal, random_id};
use super::table::{List, Table, moment};
use crate::payments::{PayError, RefundRecord, RefundStage, Topup};
use crate::store::{Store, StoreError};

/// `swan-hub topup`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct TopupArgs {
    #[command(subcommand)]
    command: TopupCommand,
}

#[derive(Debug, Subcommand)]
enum TopupCommand {
    /// List orders, the youngest first
    List {
        /// Only those of this account
        #[arg(long)]
        account: Option<AccountId>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        #[command(flatten)]
        place: Place,
    },
    /// Show an order and everything that it has moved
    Show {
        /// The order's id
        id: TopupId,
        #[command(flatten)]
        place: Place,
    },
    /// Send a part of a payment back to its card, or all that is left of it; the hub that runs does it within seconds
    Refund {
        /// The order's id
        id: TopupId,
        /// How much, in whole cents
        #[arg(long)]
        amount: Option<Amount>,
        #[command(flatten)]
        place: Place,
    },
}

/// How long a running hub is waited for.
const DONE_MAX: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);
/// How often a refund is noted anew when the hub has changed the order meanwhile.
const TRIES: u32 = 5;

pub(super) async fn run(
    args: TopupArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    match args.command {
        TopupCommand::List {
            account,
            limit,
            place,
        } => list(account, limit, &place, terminal).await?,
        TopupCommand::Show { id, place } => show(id, &place, terminal).await?,
        TopupCommand::Refund { id, amount, place } => {
            return refund(id, amount, &place, terminal).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(
    account: Option<AccountId>,
    limit: u32,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    let records = store.topups().page(account, None, limit).await?;
    let topups = records.iter().map(Topup::read);
    let topups: Vec<Topup> = topups.collect::<Result<_, _>>()?;
    LIST.show(&topups, place.json, terminal)
}

const LIST: List<Topup, 7> = List {
    heading: [
        "TIME",
        "ID",
        "OWNER",
        "STATE",
        "AMOUNT",
        "GONE BACK",
        "PROBLEM",
    ],
    row: |topup| {
        [
            moment(topup.created),
            topup.id.to_string(),
            owner(topup),
            topup.state.as_str().to_owned(),
            topup.amount.to_string(),
            topup.gone_back().to_string(),
            topup.problem.clone().unwrap_or_default(),
        ]
    },
    json: as_json,
    empty: "no top-ups",
};

/// Whose it is: the account under which orders for collateral are kept is nobody's.
fn owner(topup: &Topup) -> String {
    match topup.collateral_of {
        Some(provider) => provider.to_string(),
        None => topup.account.to_string(),
    }
}

async fn show(id: TopupId, place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let store = place.open().await?;
    let topup = find(&store, id).await?;
    if place.json {
        return terminal.json(&as_json(&topup));
    }
    let out = &mut *terminal.out;
    let (amount, currency, state) = (topup.amount, topup.currency, topup.state.as_str());
    let owner = owner(&topup);
    writeln!(out, "{id}  {owner}  {amount} {currency}, {state}")?;
    if let Some(payment) = &topup.payment {
        writeln!(
            out,
            "payment {payment}, {} can be refunded",
            topup.refundable()
        )?;
    }
    if let Some(problem) = &topup.problem {
        writeln!(out, "look at this: {problem}")?;
    }
    for refund in &topup.refunds {
        let why = refund
            .why
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        let (number, stage) = (refund.number, refund.stage.as_str());
        writeln!(
            out,
            "refund {number} of {} by {}, {stage}{why}",
            refund.amount, refund.by
        )?;
    }
    let mut table = Table::new(&["TIME", "RULE", "AMOUNT", "OBJECT", "TRANSFER", "TOLD BY"]);
    for one in &topup.moved {
        table.row([
            moment(one.at),
            one.rule.clone(),
            one.amount.to_string(),
            one.object.clone(),
            one.transfer.to_string(),
            one.told_by.clone(),
        ]);
    }
    Ok(table.write(terminal.out, "it has moved nothing")?)
}

/// Notes the refund on the order, where the hub that runs finds it: only that can reach the processor.
async fn refund(
    id: TopupId,
    amount: Option<Amount>,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    const CENT: i128 = Amount::PICO_PER_UNIT / 100;
    if amount.is_some_and(|amount| amount <= Amount::ZERO || amount.pico() % CENT != 0) {
        return Err(AdminError::Usage(
            "a refund is above zero, in whole cents".into(),
        ));
    }
    let store = place.open().await?;
    let number = TransferId::from_u128(random_id()?);
    let mut tries = 0;
    loop {
        tries += 1;
        let mut topup = find(&store, id).await?;
        let amount = amount.unwrap_or_else(|| topup.refundable());
        let now = terminal.clock.now();
        let begun = topup.begin_refund(number, amount, "the command line", now);
        begun.map_err(|error: PayError| AdminError::Refused(error.to_string()))?;
        if amount.is_zero() {
            let nothing = "nothing of it is left to refund".to_owned();
            return Err(AdminError::Refused(nothing));
        }
        match store.topups().put_topup(&topup.record()).await {
            // The hub has just changed the order, too.
            Err(StoreError::Conflict { .. }) if tries < TRIES => time::sleep(PAUSE).await,
            written => break written?,
        }
    }
    let mut waited = Duration::ZERO;
    let refund = loop {
        let topup = find(&store, id).await?;
        let refund = topup
            .refunds
            .into_iter()
            .find(|refund| refund.number == number);
        match refund {
            Some(refund) if refund.stage != RefundStage::Begun || waited >= DONE_MAX => {
                break refund;
            }
            None => return Err(AdminError::Refused("the order has lost it".into())),
            Some(_) => time::sleep(PAUSE).await,
        }
        waited += PAUSE;
    };
    said(id, &refund, place, terminal)
}

fn said(
    id: TopupId,
    refund: &RefundRecord,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    if place.json {
        let shown = json!({ "topup": id, "refund": refund });
        terminal.json(&shown)?;
    }
    let (amount, number) = (refund.amount, refund.number);
    let why = refund.why.as_deref().unwrap_or("no reason given");
    match refund.stage {
        RefundStage::Failed => return Err(AdminError::Refused(why.to_owned())),
        RefundStage::Begun => writeln!(
            terminal.err,
            "refund {number} of {amount} is stored; the hub has not come to it yet"
        )?,
        _ => writeln!(
            terminal.err,
            "refund {number} of {amount} is on its way to the card"
        )?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(store: &Arc<dyn Store>, id: TopupId) -> Result<Topup, AdminError> {
    let record = store.topups().topup(id).await?;
    let unknown = || AdminError::Usage(format!("there is no {id} in this store"));
    Ok(Topup::read(&record.ok_or_else(unknown)?)?)
}

fn as_json(topup: &Topup) -> Value {
    json!({
        "id": topup.id,
        "account": topup.collateral_of.is_none().then_some(topup.account),
        "provider": topup.collateral_of,
        "created_ms": topup.created,
        "state": topup.state,
        "amount": topup.amount,
        "currency": topup.currency,
        "payment": topup.payment,
        "refundable": topup.refundable(),
        "gone_back": topup.gone_back(),
        "disputed": topup.disputed,
        "problem": topup.problem,
        "refunds": topup.refunds,
        "moved": topup.moved,
    })
}
