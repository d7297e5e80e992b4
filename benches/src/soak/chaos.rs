//! Providers that are killed and come back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::dice::Dice;
use crate::Failure;
use crate::market::Market;
use crate::process::Process;

/// Providers as processes of their own: the first speaks v1, the others v2.
pub(super) struct Chaos<'a> {
    market: &'a Market<'a>,
    hub: SocketAddr,
    keys: Vec<String>,
    running: Vec<Option<Process>>,
    dice: Dice,
    next: Instant,
    kills: u32,
}

impl<'a> Chaos<'a> {
    pub(super) fn new(
        market: &'a Market<'a>,
        hub: SocketAddr,
        keys: Vec<String>,
        dice: Dice,
    ) -> Result<Self, Failure> {
        let mut chaos = Self {
            market,
            hub,
            running: keys.iter().map(|_| None).collect(),
            keys,
            dice,
            next: Instant::now(),
            kills: 0,
        };
        for number in 0..chaos.keys.len() {
            chaos.start(number)?;
        }
        Ok(chaos)
    }

    fn start(&mut self, number: usize) -> Result<(), Failure> {
        let dialect = if number == 0 { "v1" } else { "v2" };
        let key = self.keys.get(number).ok_or("no such provider")?;
        let label = format!("provider-{number}");
        let process = self.market.provider(&label, dialect, self.hub, key)?;
        if let Some(place) = self.running.get_mut(number) {
            *place = Some(process);
        }
        Ok(())
    }

    /// Waits until every provider had time to register.
    pub(super) async fn all_up(&mut self) -> Result<(), Failure> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.running
            .iter_mut()
            .flatten()
            .try_for_each(Process::alive)
    }

    /// Every second or so kills one that runs, with SIGKILL, or starts one that does not.
    pub(super) fn step(&mut self) -> Result<(), Failure> {
        if Instant::now() < self.next {
            return Ok(());
        }
        let pause = 700 + self.dice.below(1_500);
        self.next = Instant::now() + Duration::from_millis(pause);
        let number = usize::try_from(self.dice.below(self.running.len() as u64))?;
        match self.running.get_mut(number).and_then(Option::take) {
            // Dropping it kills it.
            Some(_) => self.kills += 1,
            None => self.start(number)?,
        }
        Ok(())
    }

    pub(super) const fn kills(&self) -> u32 {
        self.kills
    }
}
