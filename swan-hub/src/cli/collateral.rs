//! Shows the collateral of providers, and what administrators do with it. It is written down for the hub that runs, which books
//! it within a second, or for the next one.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use swan_core::collateral::Source;
use swan_core::hardware::Role;
use swan_core::standing::PenaltyState;
use swan_core::{Amount, CaseId, Currency, Policy, ProviderId, RequestId, TransferId};

use super::admin::{AdminError, Place, Terminal, random_id};
use super::policy_file::load_policy;
use super::table::{Table, moment};
use crate::collateral::{
    Accusation, Bond, CollateralError, Deposit, Misconduct, Record, Scene, bonds_of, note,
};
use crate::store::Store;

/// `swan-hub collateral`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct CollateralArgs {
    #[command(subcommand)]
    command: CollateralCommand,
}

#[derive(Debug, Subcommand)]
enum CollateralCommand {
    /// List what providers have put in
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show deposits, penalties and withdrawals of a provider
    Show {
        /// The provider's id
        provider: ProviderId,
        /// In what: usd or swan
        #[arg(long, default_value = "usd")]
        currency: Currency,
        #[command(flatten)]
        place: Place,
    },
    /// Count something as collateral, such as a bank transfer
    Grant {
        /// How much, such as 20.00
        amount: Amount,
        /// What it was
        #[arg(long, default_value = "granted")]
        note: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Bind free collateral to a job
    Lock {
        /// The job: a UUID
        job: RequestId,
        /// How much
        amount: Amount,
        #[command(flatten)]
        whose: Whose,
    },
    /// Free what was bound to a job
    Unlock {
        /// The job
        job: RequestId,
        #[command(flatten)]
        whose: Whose,
    },
    /// Decide a penalty by the policy's table; it is set aside as long as it can be appealed
    Slash {
        /// What the provider did
        offence: Conduct,
        /// Why; the provider reads it
        #[arg(long)]
        reason: String,
        /// What a fraud put at stake [default: what is locked for its job]
        #[arg(long)]
        stake: Option<Amount>,
        /// The job of a fraud
        #[arg(long)]
        job: Option<RequestId>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Decide an appeal
    Decide {
        /// The penalty
        case: CaseId,
        /// Whether the provider is right
        decision: Decision,
        /// Why; the provider reads it
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        whose: Whose,
    },
}

/// Whose collateral, and where.
#[derive(Debug, Args)]
struct Whose {
    /// The provider's id
    #[arg(long)]
    provider: ProviderId,
    /// In what: usd or swan
    #[arg(long, default_value = "usd")]
    currency: Currency,
    /// The policy that the hub runs on: built in, or a file
    #[arg(long, value_name = "NAME|FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Conduct {
    /// The second benchmark in a row was failed
    SecondFailure,
    /// The third
    ThirdFailure,
    /// A task was failed
    FailedTask,
    /// A task was failed by a fog provider
    FailedFogTask,
    /// Prompts were cut short, not for the first time
    ContextMisstated,
    /// A job was proven fraudulent
    Fraud,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Decision {
    /// The provider gets it back
    Upheld,
    /// The penalty stands
    Denied,
}

pub(super) async fn run(
    args: CollateralArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    match args.command {
        CollateralCommand::List { place } => list(&place, terminal).await?,
        CollateralCommand::Show {
            provider,
            currency,
            place,
        } => {
            let store = place.open().await?;
            let bond = bond(&store, provider, currency).await?;
            show(&bond, &place, terminal)?;
        }
        CollateralCommand::Grant {
            amount,
            note,
            whose,
        } => {
            let id = TransferId::from_u128(random_id()?);
            let given = Deposit {
                id,
                amount,
                source: Source::Grant,
                topup: None,
                reference: note,
            };
            act(&whose, terminal, |scene, _| Ok(scene.deposit(given))).await?;
        }
        CollateralCommand::Lock { job, amount, whose } => {
            act(&whose, terminal, |scene, _| Ok(scene.lock(job, amount))).await?;
        }
        CollateralCommand::Unlock { job, whose } => {
            act(&whose, terminal, |scene, _| Ok(scene.unlock(job))).await?;
        }
        CollateralCommand::Slash {
            offence,
            reason,
            stake,
            job,
            whose,
        } => {
            let accusation = Accusation {
                case: CaseId::from_u128(random_id()?),
                conduct: conduct(offence, stake, job),
                reason,
                conduct_at: None,
            };
            act(&whose, terminal, |scene, bond| {
                scene.penalise(bond, &accusation)
            })
            .await?;
        }
        CollateralCommand::Decide {
            case,
            decision,
            reason,
            whose,
        } => {
            let is_upheld = decision == Decision::Upheld;
            act(&whose, terminal, |scene, _| {
                Ok(scene.decide(case, is_upheld, &reason))
            })
            .await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

const fn conduct(offence: Conduct, stake: Option<Amount>, job: Option<RequestId>) -> Misconduct {
    match offence {
        Conduct::SecondFailure => Misconduct::Failures(2),
        Conduct::ThirdFailure => Misconduct::Failures(3),
        Conduct::FailedTask => Misconduct::Task(Role::Edge),
        Conduct::FailedFogTask => Misconduct::Task(Role::Fog),
        Conduct::ContextMisstated => Misconduct::Context(2),
        Conduct::Fraud => Misconduct::Fraud(stake, job),
    }
}

/// What a provider has, by the store.
async fn bond(
    store: &Arc<dyn Store>,
    provider: ProviderId,
    currency: Currency,
) -> Result<Bond, AdminError> {
    let mut bonds = bonds_of(&**store).await?;
    let known = bonds.remove(&(provider, currency));
    Ok(known.unwrap_or_else(|| Bond::new(provider, currency)))
}

/// Writes something down, and shows how it stands then.
async fn act(
    whose: &Whose,
    terminal: &mut Terminal<'_>,
    of: impl FnOnce(Scene<'_>, &Bond) -> Result<Record, CollateralError>,
) -> Result<(), AdminError> {
    let policy = match &whose.policy {
        None => Policy::swan_2_0(),
        Some(named) => load_policy(named).map_err(|error| AdminError::Usage(error.to_string()))?,
    };
    let store = whose.place.open().await?;
    let mut bond = bond(&store, whose.provider, whose.currency).await?;
    let scene = Scene {
        provider: whose.provider,
        currency: whose.currency,
        policy: &policy,
        now: terminal.clock.now(),
        by: "the command line",
    };
    let refused = |error: CollateralError| match error {
        CollateralError::Store(error) => AdminError::Store(error),
        error => AdminError::Refused(error.to_string()),
    };
    let record = of(scene, &bond).map_err(refused)?;
    note(&*store, &mut bond, &record).await.map_err(refused)?;
    writeln!(
        terminal.err,
        "it is noted; the hub books it within a second, or when it starts"
    )?;
    show(&bond, &whose.place, terminal)
}

async fn list(place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let store = place.open().await?;
    let bonds = bonds_of(&*store).await?;
    if place.json {
        let rows: Vec<Value> = bonds.values().map(as_json).collect();
        return terminal.json(&rows);
    }
    let mut table = Table::new(&[
        "PROVIDER",
        "CURRENCY",
        "FREE",
        "LOCKED",
        "IMPOUNDED",
        "LEAVING",
        "RETURNED",
        "SLASHED",
    ]);
    for bond in bonds.values() {
        let account = &bond.account;
        table.row([
            bond.provider.to_string(),
            account.currency().to_string(),
            account.free().to_string(),
            account.locked().to_string(),
            account.impounded().to_string(),
            account.withdrawing().to_string(),
            account.paid_out().to_string(),
            account.slashed().to_string(),
        ]);
    }
    Ok(table.write(terminal.out, "no collateral")?)
}

fn show(bond: &Bond, place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    if place.json {
        return terminal.json(&as_json(bond));
    }
    let (out, account) = (&mut *terminal.out, &bond.account);
    writeln!(
        out,
        "{}  {} {} free, {} locked, {} impounded, {} leaving; {} returned, {} slashed",
        bond.provider,
        account.free(),
        account.currency(),
        account.locked(),
        account.impounded(),
        account.withdrawing(),
        account.paid_out(),
        account.slashed()
    )?;
    if !account.owed().is_zero() {
        writeln!(out, "owed to the card processor: {}", account.owed())?;
    }
    let mut table = Table::new(&["TIME", "WHAT", "ID", "AMOUNT", "STATE"]);
    for (id, amount, _, left) in account.arrived() {
        let origin = bond.deposits.get(&id);
        table.row([
            origin.map_or_else(String::new, |origin| moment(origin.at)),
            "deposit".to_owned(),
            id.to_string(),
            amount.to_string(),
            format!("{left} left"),
        ]);
    }
    for penalty in bond.penalties.values() {
        table.row([
            moment(penalty.at),
            "penalty".to_owned(),
            penalty.case.to_string(),
            penalty.amount.to_string(),
            format!("{}: {}", judged(penalty.state), penalty.reason),
        ]);
    }
    for withdrawal in &bond.withdrawals {
        table.row([
            moment(withdrawal.at),
            "withdrawal".to_owned(),
            withdrawal.id.to_string(),
            withdrawal.requested.to_string(),
            withdrawal.stage.as_str().to_owned(),
        ]);
    }
    Ok(table.write(terminal.out, "nothing has happened to it")?)
}

const fn judged(state: PenaltyState) -> &'static str {
    match state {
        PenaltyState::Held { .. } => "held",
        PenaltyState::Appealed { .. } => "appealed",
        PenaltyState::CarriedOut { .. } => "carried out",
        PenaltyState::Lifted { .. } => "lifted",
    }
}

fn as_json(bond: &Bond) -> Value {
    let account = &bond.account;
    let deposits = account.arrived().into_iter();
    let deposits = deposits.map(|(id, amount, source, left)| {
        json!({"id": id, "amount": amount, "source": source, "left": left})
    });
    let penalties = bond.penalties.values().map(|one| {
        json!({"id": one.case, "amount": one.amount, "state": judged(one.state), "rule": one.rule, "reason": one.reason,
            "destination": one.destination, "decided_ms": one.at, "appeal": one.appeal})
    });
    let withdrawals = bond.withdrawals.iter().map(|one| {
        json!({"id": one.id, "requested": one.requested, "state": one.stage.as_str(), "requested_ms": one.at, "ready_ms": one.ready})
    });
    json!({
        "provider": bond.provider,
        "currency": account.currency(),
        "free": account.free(),
        "locked": account.locked(),
        "impounded": account.impounded(),
        "leaving": account.withdrawing(),
        "deposited": account.deposited(),
        "returned": account.paid_out(),
        "slashed": account.slashed(),
        "taken_back": account.taken_back(),
        "owed": account.owed(),
        "deposits": deposits.collect::<Vec<_>>(),
        "penalties": penalties.collect::<Vec<_>>(),
        "withdrawals": withdrawals.collect::<Vec<_>>(),
    })
}
