//! What the commands of an administrator share: the store they work on, running hub or not.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use swan_core::{AccountId, Amount, Clock, Currency};
use tokio::time;

use super::{
    AccountArgs, AuditArgs, BackupArgs, BillingArgs, ChainArgs, CollateralArgs, DumpArgs,
    ExchangeArgs, ExplainArgs, InvoiceArgs, KeyArgs, LoadArgs, PayoutArgs, PolicyArgs,
    ProviderArgs, ReceiptArgs, ReportArgs, RestoreArgs, StatementArgs, TabulateArgs, TopupArgs,
    UsageArgs, account, audit, backup, chain, collateral, dump, exchange, explain, invoice, key,
    payout, policy, provider, receipt, report, statement, store_args, tabulate, topup, usage,
};
use crate::ledger::{Books, BooksOptions, LedgerError};
use crate::payouts::Payouts;
use crate::store::{
    ANSWER_OK, Command, CommandKind, Durability, Store, StoreError, StorePlace, carry_out,
};

/// How long a running hub may take to carry out a command before we stop waiting for it.
const ANSWER_MAX: Duration = Duration::from_secs(5);
const ANSWER_PAUSE: Duration = Duration::from_millis(50);

/// The commands of an administrator. Those about money and keys work on the store, whether a hub runs on it or not.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum AdminCommand {
    /// Create, list and revoke keys
    Key(KeyArgs),
    /// Show accounts and grant credit
    Account(AccountArgs),
    /// List providers
    Provider(ProviderArgs),
    /// Rebuild the ledger from its journal and check every rule; fails on any breach
    Audit(AuditArgs),
    /// Copy the store's file as it is at one moment, beside a running hub too, and audit the copy
    Backup(BackupArgs),
    /// Put a backup where there is no store yet, and audit it
    Restore(RestoreArgs),
    /// Write everything a store has into a file that any other store can load, beside a running hub too
    Dump(DumpArgs),
    /// Fill an empty store with a dump of any other, and audit it
    Load(LoadArgs),
    /// Bring the tables that people read in SQL up to the end of the journal, beside a running hub too
    Tabulate(TabulateArgs),
    /// Tell the chain of facts that led to a charge, a transfer or a balance
    Explain(ExplainArgs),
    /// List what moved on an account between two days, with the balance after each movement
    Statement(StatementArgs),
    /// Write the invoice of a month, as a page that prints well or as JSON
    Invoice(InvoiceArgs),
    /// Show or change who an account's owner, or the hub, is on invoices
    Billing(BillingArgs),
    /// Report on the growth fund
    Report(ReportArgs),
    /// Write down what an account has used
    Usage(UsageArgs),
    /// Show orders to pay in by card, and refund them
    Topup(TopupArgs),
    /// Show, grant, bind and punish the collateral of providers
    Collateral(CollateralArgs),
    /// Show deposits on a chain, and say whose they are
    Chain(ChainArgs),
    /// List what providers ask to be paid, ask for it, and say by what it was paid
    Payout(PayoutArgs),
    /// Fund and show the exchange that pays providers in the currency that they prefer
    Exchange(ExchangeArgs),
    /// Show, check and compare policies: all economics in one document
    Policy(PolicyArgs),
    /// Check a receipt without a hub, or change the key that signs
    Receipt(ReceiptArgs),
}

impl AdminCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// [`AdminError`], whose text is one line for a person.
    pub async fn run(self, terminal: &mut Terminal<'_>) -> Result<ExitCode, AdminError> {
        match self {
            Self::Key(args) => key::run(args, terminal).await,
            Self::Account(args) => account::run(args, terminal).await,
            Self::Provider(args) => provider::run(args, terminal).await,
            Self::Audit(args) => audit::run(args, terminal).await,
            Self::Backup(args) => backup::backup(args, terminal).await,
            Self::Restore(args) => backup::restore(args, terminal).await,
            Self::Dump(args) => dump::dump(args, terminal).await,
            Self::Load(args) => dump::load(args, terminal).await,
            Self::Tabulate(args) => tabulate::run(args, terminal).await,
            Self::Explain(args) => explain::run(args, terminal).await,
            Self::Statement(args) => statement::run(args, terminal).await,
            Self::Invoice(args) => invoice::run(args, terminal).await,
            Self::Billing(args) => invoice::billing(args, terminal).await,
            Self::Report(args) => report::run(args, terminal).await,
            Self::Usage(args) => usage::run(args, terminal).await,
            Self::Topup(args) => topup::run(args, terminal).await,
            Self::Collateral(args) => collateral::run(args, terminal).await,
            Self::Chain(args) => chain::run(args, terminal).await,
            Self::Payout(args) => payout::run(args, terminal).await,
            Self::Exchange(args) => exchange::run(args, terminal).await,
            Self::Policy(args) => policy::run(args, terminal),
            Self::Receipt(args) => receipt::run(args, terminal),
        }
    }
}

/// Where results and words go, and what time it is.
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct Terminal<'a> {
    /// Results, which a script may capture.
    pub out: &'a mut (dyn Write + Send),
    /// Words for a person.
    pub err: &'a mut (dyn Write + Send),
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl Terminal<'_> {
    /// One JSON document on one line.
    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<(), AdminError> {
        serde_json::to_writer(&mut *self.out, value).map_err(io::Error::from)?;
        Ok(writeln!(self.out)?)
    }
}

/// Which store a command works on.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct Place {
    /// Folder of the hub's data [default: ./swan-data]
    #[arg(
        long,
        value_name = "DIR",
        env = "SWAN_DATA_DIR",
        conflicts_with = "store"
    )]
    pub data_dir: Option<PathBuf>,
    /// The hub's store instead: sqlite:PATH or postgres://USER@HOST/DATABASE
    // Its value may hold a password, which the help would show.
    #[arg(long, value_name = "URL", env = "SWAN_STORE", hide_env_values = true)]
    pub store: Option<String>,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

impl Place {
    pub(super) fn resolve(&self) -> Result<StorePlace, AdminError> {
        let place = match (&self.store, &self.data_dir) {
            (Some(url), _) => store_args::place(url)?,
            (None, Some(folder)) => StorePlace::in_folder(folder),
            (None, None) => StorePlace::in_folder("swan-data".as_ref()),
        };
        if place == StorePlace::Memory {
            let why = "a memory store ends with its hub; name a file: --data-dir DIR or --store sqlite:PATH";
            return Err(AdminError::Usage(why.into()));
        }
        Ok(place)
    }

    /// Opens the store, which must exist.
    pub(super) async fn open(&self) -> Result<Arc<dyn Store>, AdminError> {
        let place = self.resolve()?;
        if !place.exists() {
            let why = format!(
                "there is no store at {place}; name another with --data-dir or --store, or begin with `swan-hub key create`"
            );
            return Err(AdminError::Usage(why));
        }
        Ok(place.open(Durability::default()).await?)
    }

    /// Opens the store, and makes it when there is none.
    pub(super) async fn create(&self) -> Result<Arc<dyn Store>, AdminError> {
        Ok(self.resolve()?.open(Durability::default()).await?)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// It was asked for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What was asked for was refused.
    #[error("it was refused: {0}")]
    Refused(String),
    /// The terminal or pipe went away.
    #[error("cannot write the result")]
    Output(#[from] io::Error),
    /// The operating system has no randomness to give.
    #[error("the operating system gives no random numbers")]
    Entropy,
}

impl AdminError {
    /// 2 for what was asked wrongly, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<getrandom::Error> for AdminError {
    fn from(_: getrandom::Error) -> Self {
        Self::Entropy
    }
}

/// A new identifier of 128 random bits.
pub(super) fn random_id() -> Result<u128, AdminError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(u128::from_be_bytes(bytes))
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obeyed {
    /// It was carried out.
    Done,
    /// A hub runs and has not come to it yet; it will.
    Queued,
}

/// Grants through the inbox: the hub that runs carries it out, or we do when none runs.
///
/// The command is stored first, so a grant that was announced cannot get lost, and cannot happen twice.
pub(super) async fn grant(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    account: AccountId,
    currency: Currency,
    amount: Amount,
    note: String,
) -> Result<Obeyed, AdminError> {
    if amount <= Amount::ZERO {
        return Err(AdminError::Usage("a grant is above zero".into()));
    }
    let kind = CommandKind::Grant {
        account,
        currency,
        amount,
        note,
    };
    let (_, granted) = command(store, clock, kind).await?;
    Ok(granted)
}

/// Has a command carried out: by the hub that runs, or here when none runs. Answers its id, too.
pub(super) async fn command(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    kind: CommandKind,
) -> Result<(u128, Obeyed), AdminError> {
    let (id, sent) = (random_id()?, clock.now());
    store.push_command(&Command { id, sent, kind }).await?;
    let mut waited = Duration::ZERO;
    loop {
        let options = BooksOptions::default().without_lease_wait();
        let mut is_ours = false;
        match Books::open(Arc::clone(store), Arc::clone(clock), options).await {
            Ok((books, _)) => {
                let payouts = Payouts::new(store, &books, None);
                let done = carry_out(&**store, (&books, &payouts), None).await;
                books.close().await?;
                // What is still there then waits for a hub.
                is_ours = done?;
            }
            Err(LedgerError::Store(StoreError::Leased { .. })) => {}
            Err(error) => return Err(error.into()),
        }
        let stored = store.command(id).await?;
        match stored.and_then(|stored| stored.answer).as_deref() {
            Some(ANSWER_OK) => return Ok((id, Obeyed::Done)),
            Some(refused) => return Err(AdminError::Refused(refused.to_owned())),
            None if is_ours || waited >= ANSWER_MAX => return Ok((id, Obeyed::Queued)),
            None => time::sleep(ANSWER_PAUSE).await,
        }
        waited += ANSWER_PAUSE;
    }
}

/// Says so when a grant still waits for the hub.
pub(super) fn report_grant(granted: Obeyed, terminal: &mut Terminal<'_>) -> io::Result<()> {
    if granted == Obeyed::Queued {
        writeln!(
            terminal.err,
            "the grant is stored; the hub that keeps the books has not come to it yet"
        )?;
    }
    Ok(())
}
