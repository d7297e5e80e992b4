//! Shows the collateral of providers, and what administrators do with it. It is written down for the hub that runs, which books
//! it within a second, or for the next one.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use swan_core::collateral::Source;
use swan_core::hardware::Role;
use swan_core::{Amount, CaseId, Currency, Policy, ProviderId, RequestId, TransferId};

use super::admin::{AdminError, Place, Terminal, random_id};
use super::collateral_table::{list, show};
use super::policy_file::load_policy;
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
            show(&*store, &bond, &place, terminal).await?;
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
                wallet: None,
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
    show(&*store, &bond, &whose.place, terminal).await
}
