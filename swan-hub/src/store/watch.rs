use std::sync::Arc;
use std::time::Duration;

use swan_core::{Policy, TransferId};
use tokio::task::JoinHandle;
use tokio::time::{self, MissedTickBehavior};

use super::{Command, CommandKind, KeyRing, Store, StoreError};
use crate::ledger::{Books, LedgerError};
use crate::payouts::Payouts;

/// How a running hub notices what other processes wrote.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WatchOptions {
    /// How often the store is asked whether something changed. 200 ms, so that a revoked key opens for less than 0.5 s.
    pub period: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            period: Duration::from_millis(200),
        }
    }
}

/// The answer to a command that was carried out.
pub(crate) const ANSWER_OK: &str = "ok";
/// The most commands carried out in one turn.
const COMMANDS_MAX: u32 = 256;

/// Keeps keys fresh and carries out commands from the inbox, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    task: JoinHandle<()>,
}

impl Watch {
    /// Begins to watch, within a tokio runtime.
    #[must_use = "dropping a watch ends it"]
    pub fn start(
        store: Arc<dyn Store>,
        keys: KeyRing,
        books: Books,
        options: WatchOptions,
    ) -> Self {
        // Whoever watches without a hub knows no policy, so what needs one waits for a hub.
        let payouts = Payouts::new(&store, &books, None);
        Self::over((store, books), keys, payouts, options)
    }

    /// The same for a hub, by whose rules payouts are asked for, with the desk where that is done.
    pub(crate) fn of_hub(
        store: &Arc<dyn Store>,
        books: &Books,
        keys: &KeyRing,
        policy: &Arc<Policy>,
    ) -> (Payouts, Self) {
        let payouts = Payouts::new(store, books, Some(Arc::clone(policy)));
        let (own, options) = ((Arc::clone(store), books.clone()), WatchOptions::default());
        let watch = Self::over(own, keys.clone(), payouts.clone(), options);
        (payouts, watch)
    }

    fn over(
        (store, books): (Arc<dyn Store>, Books),
        keys: KeyRing,
        payouts: Payouts,
        options: WatchOptions,
    ) -> Self {
        let task = tokio::spawn(async move {
            let mut ticks = time::interval(options.period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut seen = None;
            loop {
                ticks.tick().await;
                if let Err(error) = turn(&*store, &keys, (&books, &payouts), &mut seen).await {
                    // Keys and balances stay as they were; the next tick tries again.
                    tracing::warn!(%error, "the store cannot be watched");
                }
            }
        });
        Self { task }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One look: nothing but the version is read unless it changed.
async fn turn(
    store: &dyn Store,
    keys: &KeyRing,
    desks: (&Books, &Payouts),
    seen: &mut Option<u64>,
) -> Result<(), StoreError> {
    let version = store.version().await?;
    if *seen == Some(version) {
        return Ok(());
    }
    keys.refresh(store).await?;
    let drained = carry_out(store, desks, Some(keys)).await?;
    if drained {
        *seen = Some(version);
    }
    Ok(())
}

/// Carries out what is in the inbox, with the keys of a hub that serves. False when commands stay there for the next turn.
pub(crate) async fn carry_out(
    store: &dyn Store,
    desks: (&Books, &Payouts),
    keys: Option<&KeyRing>,
) -> Result<bool, StoreError> {
    loop {
        let commands = store.pending_commands(COMMANDS_MAX).await?;
        let mut answered = false;
        for command in commands {
            let id = command.id;
            // Keys that were read before the command was found may be older than it is.
            if let (CommandKind::Refresh, Some(keys)) = (&command.kind, keys) {
                keys.refresh(store).await?;
            }
            match execute(desks, command).await {
                Done::Yes => store.answer_command(id, ANSWER_OK).await?,
                Done::No(why) => store.answer_command(id, &why).await?,
                Done::Later => return Ok(false),
                // It stays for a hub, and is in nobody's way.
                Done::NotHere => continue,
            }
            answered = true;
        }
        if !answered {
            return Ok(true);
        }
    }
}

/// What became of a command.
enum Done {
    Yes,
    No(String),
    Later,
    NotHere,
}

impl From<LedgerError> for Done {
    fn from(error: LedgerError) -> Self {
        match error.is_retryable() {
            true => Self::Later,
            false => Self::No(error.to_string()),
        }
    }
}

/// The command's id is the transfer's, so a command that is carried out again after a crash changes nothing.
async fn execute((books, payouts): (&Books, &Payouts), command: Command) -> Done {
    match command.kind {
        CommandKind::Grant {
            account,
            currency,
            amount,
            note,
        } => {
            let id = TransferId::from_u128(command.id);
            let granted = books.grant(id, account, currency, amount, &note).await;
            granted.map_or_else(Done::from, |_| Done::Yes)
        }
        CommandKind::Refresh => Done::Yes,
        CommandKind::Exchange(order) => {
            let id = TransferId::from_u128(command.id);
            let posted = books.post(order.group(id)).await;
            posted.map_or_else(Done::from, |_| Done::Yes)
        }
        CommandKind::Payout(order) => match payouts.obey(command.id, order).await {
            None => Done::NotHere,
            Some(Ok(_)) => Done::Yes,
            Some(Err(error)) if error.is_retryable() => Done::Later,
            Some(Err(error)) => Done::No(error.to_string()),
        },
    }
}
