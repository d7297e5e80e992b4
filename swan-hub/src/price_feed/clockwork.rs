//! Asks the sources of the feed in force, as long as the hub lives.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{self, Instant};

use super::PriceFeed;
use crate::hub::Rooms;
use crate::settings::Current;

/// How often it is looked whether a poll is due, or a reload has brought another feed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Asks at once and then whenever it is due.
pub(crate) fn run(hub: &Current) {
    let hub = hub.downgrade();
    tokio::spawn(async move {
        loop {
            let Some(shared) = hub.load() else { return };
            let (rooms, feed) = (Arc::clone(shared.rooms()), shared.feed.clone());
            drop(shared);
            let wait = match &feed {
                Some(feed) => turn(feed, &rooms).await,
                None => LOOK_EVERY,
            };
            drop((rooms, feed));
            time::sleep(wait.min(LOOK_EVERY)).await;
        }
    });
}

/// Asks if it is due, and answers how long it is to the next time.
async fn turn(feed: &PriceFeed, rooms: &Rooms) -> Duration {
    if feed.until_due().is_zero() {
        feed.poll(&*rooms.clock, &*rooms.events).await;
    }
    // Sources that answer late are not asked without a pause.
    feed.until_due().max(Duration::from_millis(50))
}

impl PriceFeed {
    fn until_due(&self) -> Duration {
        let due = self.state.lock().due;
        due.map_or(Duration::ZERO, |due| {
            due.saturating_duration_since(Instant::now())
        })
    }
}
