//! Shows deposits on a chain, and says whose they are.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use swan_core::{AccountId, DepositId, ProviderId, Timestamp};

use super::admin::{AdminError, Place, Terminal};
use super::table::{List, moment};
use crate::deposits::{self, Deposit, DepositError, DepositOwner, DepositState, Progress, Verdict};
use crate::store::{DepositPhase, DepositsOf, KeyRing};

/// `swan-hub chain`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct ChainArgs {
    #[command(subcommand)]
    command: ChainCommand,
}

#[derive(Debug, Subcommand)]
enum ChainCommand {
    /// Show how far the chain has been read, and whether something is wrong
    Status {
        /// The chain, by its number
        #[arg(long, default_value_t = 254)]
        chain_id: u64,
        #[command(flatten)]
        place: Place,
    },
    /// List deposits, the youngest first
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
    /// List deposits that are nobody's
    Unmatched {
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        #[command(flatten)]
        place: Place,
    },
    /// Say whose an unmatched deposit is; the hub that runs books it within seconds
    Assign {
        /// The deposit's id
        id: DepositId,
        /// The account whose credit it becomes
        #[arg(long, required_unless_present = "provider")]
        account: Option<AccountId>,
        /// The provider whose collateral it becomes
        #[arg(long, conflicts_with = "account")]
        provider: Option<ProviderId>,
        /// Why; it stands in the evidence
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Say that an unmatched deposit is credited to nobody, for good
    Refuse {
        /// The deposit's id
        id: DepositId,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(
    args: ChainArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    match args.command {
        ChainCommand::Status { chain_id, place } => {
            return status(chain_id, &place, terminal).await;
        }
        ChainCommand::List {
            account,
            limit,
            place,
        } => {
            let of = account.map_or(DepositsOf::Everybody, DepositsOf::Account);
            list(of, limit, &place, terminal).await?;
        }
        ChainCommand::Unmatched { limit, place } => {
            let of = DepositsOf::Phase(DepositPhase::Unmatched);
            list(of, limit, &place, terminal).await?;
        }
        ChainCommand::Assign {
            id,
            account,
            provider,
            reason,
            place,
        } => {
            let account = account.map(DepositOwner::Account);
            let owner = account.or(provider.map(DepositOwner::Provider));
            let missing = || AdminError::Usage("name its account or its provider".into());
            let owner = owner.ok_or_else(missing)?;
            assign((id, owner), reason.as_deref(), &place, terminal).await?;
        }
        ChainCommand::Refuse { id, reason, place } => {
            refuse(id, &reason, &place, terminal).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Exits with 1 when nothing is credited at the moment.
async fn status(
    chain: u64,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let store = place.open().await?;
    let progress = Progress::load(&*store, chain).await?;
    let read = progress.read_upto();
    let code = match &progress.problem {
        Some(_) => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    };
    if place.json {
        let shown = json!({
            "chain_id": chain,
            "latest_block": progress.latest,
            "final_block": progress.finalized,
            "booked_upto": read.map(|mark| json!({"block": mark.number, "hash": mark.hash})),
            "asked_ms": progress.at_ms,
            "problem": progress.problem,
        });
        terminal.json(&shown)?;
        return Ok(code);
    }
    let out = &mut *terminal.out;
    let Some(read) = read else {
        writeln!(out, "chain {chain} has not been read yet")?;
        if let Some(problem) = &progress.problem {
            writeln!(out, "look at this: {problem}")?;
        }
        return Ok(code);
    };
    let behind = progress.finalized.saturating_sub(read.number);
    let (latest, finalized) = (progress.latest, progress.finalized);
    writeln!(
        out,
        "chain {chain}: block {latest}, final {finalized}, booked up to {} ({behind} behind)",
        read.number
    )?;
    let asked = Timestamp::from_millis(progress.at_ms);
    let ago = terminal
        .clock
        .now()
        .as_millis()
        .saturating_sub(progress.at_ms)
        / 1_000;
    writeln!(out, "asked {} ({ago} s ago)", moment(asked))?;
    if let Some(problem) = &progress.problem {
        writeln!(out, "look at this: {problem}")?;
    }
    Ok(code)
}

async fn list(
    of: DepositsOf,
    limit: u32,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    let records = store.deposits().page(of, None, limit).await?;
    let deposits = records.iter().map(Deposit::read);
    let deposits: Vec<Deposit> = deposits.collect::<Result<_, _>>()?;
    LIST.show(&deposits, place.json, terminal)
}

const LIST: List<Deposit, 9> = List {
    heading: [
        "TIME",
        "ID",
        "OWNER",
        "STATE",
        "AMOUNT",
        "TOKEN",
        "FROM",
        "TRANSACTION",
        "WHY",
    ],
    row,
    json: as_json,
    empty: "no deposits",
};

fn row(deposit: &Deposit) -> [String; 9] {
    let amount = deposit.amount.map(|amount| amount.to_string());
    let owner = deposit.owner().map(|owner| owner.to_string());
    let why = match deposit.state {
        DepositState::Refused => deposit.reason.clone(),
        DepositState::Unmatched => deposit.why.as_ref().map(|why| why.says().to_owned()),
        _ => None,
    };
    [
        moment(deposit.created),
        deposit.id.to_string(),
        owner.unwrap_or_default(),
        deposit.state.as_str().to_owned(),
        amount.unwrap_or_else(|| format!("{} units", deposit.units)),
        deposit.token_name(),
        deposit.from.to_string(),
        deposit.transaction.to_string(),
        why.unwrap_or_default(),
    ]
}

const BY: &str = "the command line";

async fn assign(
    (id, owner): (DepositId, DepositOwner),
    why: Option<&str>,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    let keys = KeyRing::load(&*store).await?;
    let verdict = Verdict { by: BY, why };
    // What the hub takes is in its configuration, which is not known here.
    let assigned = deposits::assign((&*store, &keys), None, (id, owner), verdict).await;
    let deposit = assigned.map_err(wrong)?;
    if place.json {
        return terminal.json(&as_json(&deposit));
    }
    let state = deposit.state.as_str();
    Ok(writeln!(
        terminal.err,
        "{id} is {owner}'s, {state}; the hub that runs books it within seconds"
    )?)
}

async fn refuse(
    id: DepositId,
    why: &str,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    let why = Some(why);
    let refused = deposits::refuse(&*store, id, Verdict { by: BY, why }).await;
    let deposit = refused.map_err(wrong)?;
    if place.json {
        return terminal.json(&as_json(&deposit));
    }
    Ok(writeln!(terminal.err, "{id} is credited to nobody")?)
}

fn wrong(error: DepositError) -> AdminError {
    match error {
        DepositError::Store(error) => AdminError::from(error),
        DepositError::Unknown
        | DepositError::NoAccount { .. }
        | DepositError::NoProvider { .. } => AdminError::Usage(error.to_string()),
        error => AdminError::Refused(error.to_string()),
    }
}

fn as_json(deposit: &Deposit) -> Value {
    json!({
        "id": deposit.id,
        "account": deposit.account,
        "provider": deposit.provider,
        "created_ms": deposit.created,
        "state": deposit.state,
        "why": deposit.why,
        "chain_id": deposit.chain,
        "block": deposit.block,
        "block_hash": deposit.block_hash,
        "transaction": deposit.transaction,
        "log_index": deposit.log,
        "token": deposit.token,
        "token_address": deposit.token_address,
        "from": deposit.from,
        "reference": deposit.reference,
        "units": deposit.units.to_string(),
        "amount": deposit.amount,
        "currency": deposit.currency,
        "dust_units": deposit.dust.to_string(),
        "transfer": deposit.credit(),
        "assigned_by": deposit.assigned_by,
        "refused_by": deposit.refused_by,
        "reason": deposit.reason,
        "told_by": deposit.told_by,
    })
}
