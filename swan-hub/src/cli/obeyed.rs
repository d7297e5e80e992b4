//! Waits until a running hub obeys what was written, so that the next line of a script may count on it.

use std::time::Duration;

use tokio::time;

use super::admin::{self, AdminError, Terminal};
use crate::store::{Command, CommandKind, Store, StoreError};

/// A hub looks several times a second; one that has not looked for this long is busy or stopped.
const WAIT_MAX: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Returns once the hub that runs on this store has read keys and limits as they are now; at once when none runs.
pub(super) async fn until_obeyed(
    store: &dyn Store,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    match store.lease().await {
        Ok(_) => return Ok(()),
        Err(StoreError::Leased { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let id = admin::random_id()?;
    let command = Command {
        id,
        sent: terminal.clock.now(),
        kind: CommandKind::Refresh,
    };
    store.push_command(&command).await?;
    let answered = async {
        loop {
            let stored = store.command(id).await?;
            if stored.is_some_and(|stored| stored.answer.is_some()) {
                return Ok::<_, StoreError>(());
            }
            time::sleep(PAUSE).await;
        }
    };
    match time::timeout(WAIT_MAX, answered).await {
        Ok(answered) => Ok(answered?),
        Err(_) => Ok(writeln!(
            terminal.err,
            "it is stored; the hub that runs has not looked yet, and will"
        )?),
    }
}
