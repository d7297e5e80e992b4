//! Lists payouts, asks for them on behalf of a provider, and says by what they were paid or why not.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use swan_core::payout::PayoutState;
use swan_core::{Amount, Currency, ProviderId, TransferId};

use super::admin::{self, AdminError, Obeyed, Place, Terminal};
use super::ledgers::Ledgers;
use super::table::{Table, moment};
use crate::payouts::{Payout, requested, standing};
use crate::store::{CommandKind, DocumentKind, DocumentRecord, PayoutOrder, Store, StoreError};

/// `swan-hub payout`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct PayoutArgs {
    #[command(subcommand)]
    command: PayoutCommand,
}

#[derive(Debug, Subcommand)]
enum PayoutCommand {
    /// List payouts, the youngest first
    List {
        /// Only those of this provider
        #[arg(long)]
        provider: Option<ProviderId>,
        /// Only those that stand so: requested, paid, failed or cancelled
        #[arg(long, value_parser = state)]
        state: Option<PayoutState>,
        /// How many are looked at
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        #[command(flatten)]
        place: Place,
    },
    /// Show a payout
    Show {
        /// The payout's id
        id: TransferId,
        #[command(flatten)]
        place: Place,
    },
    /// Set earnings of a provider apart to be paid; the hub does it, by the rules of its policy
    Request {
        /// Whose earnings
        provider: ProviderId,
        /// How much, with the fee
        amount: Amount,
        /// Counted in what: usd or swan
        #[arg(long, default_value = "usd")]
        currency: Currency,
        /// Where to [default: the wallet that the provider has named to be paid]
        #[arg(long, value_name = "TEXT", value_parser = words)]
        destination: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Say that a payout was paid, and by what
    Paid {
        /// The payout's id
        id: TransferId,
        /// Such as the hash of a transaction
        #[arg(long, value_name = "TEXT", value_parser = words)]
        reference: String,
        #[command(flatten)]
        place: Place,
    },
    /// Say that a payout could not be paid, and why; its amount is earnings again
    Failed {
        /// The payout's id
        id: TransferId,
        /// Why not
        #[arg(long, value_name = "TEXT", value_parser = words)]
        reason: String,
        #[command(flatten)]
        place: Place,
    },
    /// Take a payout back that waits to be paid
    Cancel {
        /// The payout's id
        id: TransferId,
        #[command(flatten)]
        place: Place,
    },
}

/// As long as the API takes them.
const WORDS_MAX: usize = 200;

fn words(text: &str) -> Result<String, String> {
    let is_plain = !text.chars().any(char::is_control);
    match is_plain && (1..=WORDS_MAX).contains(&text.chars().count()) {
        true => Ok(text.to_owned()),
        false => Err(format!("expected 1 to {WORDS_MAX} characters on one line")),
    }
}

fn state(text: &str) -> Result<PayoutState, &'static str> {
    let mut all = PayoutState::ALL.into_iter();
    let found = all.find(|state| state.as_str() == text);
    found.ok_or("expected requested, paid, failed or cancelled")
}

pub(super) async fn run(
    args: PayoutArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    match args.command {
        PayoutCommand::List {
            provider,
            state,
            limit,
            place,
        } => {
            let payouts = latest(provider, state, limit, &place).await?;
            list(&payouts, &place, terminal)?;
        }
        PayoutCommand::Show { id, place } => {
            let store = place.open().await?;
            show(&find(&store, id).await?, &place, terminal)?;
        }
        PayoutCommand::Request {
            provider,
            amount,
            currency,
            destination,
            place,
        } => {
            let what = (provider, currency, amount);
            request(what, destination, &place, terminal).await?;
        }
        PayoutCommand::Paid {
            id: payout,
            reference,
            place,
        } => {
            let order = PayoutOrder::Paid { payout, reference };
            end(order, payout, &place, terminal).await?;
        }
        PayoutCommand::Failed {
            id: payout,
            reason,
            place,
        } => {
            let order = PayoutOrder::Failed { payout, reason };
            end(order, payout, &place, terminal).await?;
        }
        PayoutCommand::Cancel { id: payout, place } => {
            end(PayoutOrder::Cancelled { payout }, payout, &place, terminal).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn latest(
    provider: Option<ProviderId>,
    state: Option<PayoutState>,
    limit: u32,
    place: &Place,
) -> Result<Vec<Payout>, AdminError> {
    let store = place.open().await?;
    let (kind, owner) = (DocumentKind::Payout, provider.map(ProviderId::as_u128));
    let records = store.documents().page(kind, owner, u64::MAX, limit).await?;
    let mut payouts = as_they_stand(&store, &records).await?;
    payouts.retain(|payout| state.is_none_or(|state| state == payout.state));
    Ok(payouts)
}

async fn request(
    (provider, currency, amount): (ProviderId, Currency, Amount),
    destination: Option<String>,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    known(&store, provider).await?;
    let destination = match destination {
        Some(said) => Some(said),
        None => {
            let profile = store.users().profile(provider).await?;
            profile.and_then(|profile| profile.beneficiary)
        }
    };
    let order = PayoutOrder::Request {
        provider,
        currency,
        amount,
        destination,
    };
    order_it(&store, order, None, place, terminal).await
}

async fn end(
    order: PayoutOrder,
    payout: TransferId,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    find(&store, payout).await?;
    order_it(&store, order, Some(payout), place, terminal).await
}

/// Has it done, and shows how the payout stands then.
async fn order_it(
    store: &Arc<dyn Store>,
    order: PayoutOrder,
    payout: Option<TransferId>,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let kind = CommandKind::Payout(order);
    let (id, obeyed) = admin::command(store, &terminal.clock, kind).await?;
    let id = payout.unwrap_or(TransferId::from_u128(id));
    match obeyed {
        Obeyed::Done => show(&find(store, id).await?, place, terminal),
        Obeyed::Queued if place.json => terminal.json(&json!({ "id": id, "done": false })),
        Obeyed::Queued => Ok(writeln!(
            terminal.err,
            "it is stored as {id}; the hub that keeps the books does it when it comes to it, or when it is started"
        )?),
    }
}

async fn known(store: &Arc<dyn Store>, provider: ProviderId) -> Result<(), AdminError> {
    let mut all = store.providers().await?.into_iter();
    let unknown = || AdminError::Usage(format!("there is no {provider} in this store"));
    let found = all.find(|record| record.id == provider);
    found.map(drop).ok_or_else(unknown)
}

async fn find(store: &Arc<dyn Store>, id: TransferId) -> Result<Payout, AdminError> {
    let kind = DocumentKind::Payout;
    let record = store
        .documents()
        .document_named(kind, &id.to_string())
        .await?;
    let records: Vec<DocumentRecord> = record.into_iter().collect();
    let found = as_they_stand(store, &records).await?.into_iter().next();
    found.ok_or_else(|| AdminError::Usage(format!("there is no payout {id} in this store")))
}

/// How payouts stand by the journal, which may be a moment behind a running hub; those that never happened are left out.
async fn as_they_stand(
    store: &Arc<dyn Store>,
    records: &[DocumentRecord],
) -> Result<Vec<Payout>, AdminError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let ledger = Ledgers::replay(&**store, |_| {}).await?;
    let all = records
        .iter()
        .map(|one| standing(one, |id| ledger.moved(id)));
    let all: Vec<Option<Payout>> = all.collect::<Result<_, StoreError>>()?;
    Ok(all.into_iter().flatten().collect())
}

fn pays(payout: &Payout) -> Amount {
    let paper = &payout.paper;
    paper.amount.checked_sub(paper.fee).unwrap_or(Amount::ZERO)
}

fn list(payouts: &[Payout], place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    if place.json {
        let rows: Vec<Value> = payouts.iter().map(as_json).collect();
        return terminal.json(&rows);
    }
    let heading = [
        "TIME",
        "ID",
        "PROVIDER",
        "STATE",
        "AMOUNT",
        "FEE",
        "CURRENCY",
        "DESTINATION",
        "REFERENCE",
    ];
    let mut table = Table::new(&heading);
    for payout in payouts {
        let paper = &payout.paper;
        let said = paper.end.as_ref().map(|end| end.says.clone());
        table.row([
            moment(requested(payout)),
            payout.id.to_string(),
            paper.provider.to_string(),
            payout.state.as_str().to_owned(),
            paper.amount.to_string(),
            paper.fee.to_string(),
            paper.currency.code().to_owned(),
            paper.destination.clone().unwrap_or_default(),
            said.unwrap_or_default(),
        ]);
    }
    Ok(table.write(terminal.out, "no payouts")?)
}

fn show(payout: &Payout, place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    if place.json {
        return terminal.json(&as_json(payout));
    }
    list(std::slice::from_ref(payout), place, terminal)
}

/// The names are those of the API.
fn as_json(payout: &Payout) -> Value {
    let paper = &payout.paper;
    let end = paper.end.as_ref();
    json!({
        "id": payout.id,
        "provider": paper.provider,
        "state": payout.state.as_str(),
        "currency": paper.currency,
        "amount": paper.amount,
        "fee": paper.fee,
        "pays": pays(payout),
        "destination": paper.destination,
        "requested_ms": paper.requested,
        "ended_ms": end.map(|end| end.at),
        "reference": end.map(|end| &end.says),
    })
}
