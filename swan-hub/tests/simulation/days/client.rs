use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use parking_lot::Mutex;
use swan_core::{Currency, TransferId};
use swan_hub::ledger::Books;
use tokio::time;

use super::ask::{Shape, ask};
use super::auditor::{ACCOUNTS, Auditor, account};
use super::prediction::{End, sets_aside};
use super::weather::Weather;
use crate::books::auditor::pico;
use crate::dice::Dice;
use crate::gateway::consumer::polled;
use crate::life::Life;

/// How many of its keys a consumer remembers.
const KEYS_MAX: usize = 8;

/// What consumers remember over the lives of hubs: their requests with a key, to be asked again.
pub(super) type Remembered = Arc<Mutex<[Vec<(usize, Shape)>; ACCOUNTS]>>;

/// A consumer with one request after the other.
pub(super) struct Client {
    pub(super) account: usize,
    pub(super) key: Arc<str>,
    pub(super) hub: Router,
    pub(super) books: Books,
    pub(super) life: Arc<Life>,
    pub(super) weather: Weather,
    pub(super) auditor: Arc<Auditor>,
    pub(super) remembered: Remembered,
    pub(super) dice: Dice,
    /// How long it thinks at most, in milliseconds.
    pub(super) thinks_ms: u64,
}

impl Client {
    pub(super) async fn run(mut self, requests: u64) {
        // Who has no money learns little.
        self.get_credit().await;
        for _ in 0..requests {
            self.pause().await;
            if self.dice.chance(self.weather.jumps) {
                self.jump();
            }
            if self.request().await == Some(402) && self.dice.chance(300) {
                self.get_credit().await;
            }
        }
    }

    async fn pause(&mut self) {
        match self.dice.below(4) {
            0 => {}
            1 => tokio::task::yield_now().await,
            _ => time::sleep(Duration::from_millis(self.dice.below(self.thinks_ms + 1))).await,
        }
    }

    fn jump(&mut self) {
        let far = self.dice.pick(&[10, 1_000, 10_000, 3_600_000]);
        let by = i64::try_from(self.dice.below(far)).unwrap();
        let back = self.dice.chance(500);
        self.auditor.jumps();
        self.life.jump(if back { -by } else { by });
    }

    /// A request, new or asked again. Answers its status.
    async fn request(&mut self) -> Option<u16> {
        let (tag, shape, is_keyed) = self.asks();
        let body = shape.body(tag);
        let needs = sets_aside(shape, &body);
        let (number, seen) = self.auditor.begins(tag, needs);
        let once = is_keyed.then(|| format!("once-{tag}"));
        let polls = match self.dice.chance(self.weather.leaves) {
            true => self.dice.between(1, 12),
            false => u64::MAX,
        };
        let (hub, key) = (self.hub.clone(), Arc::clone(&self.key));
        let asking = ask(hub, key, body, once, Arc::clone(&seen));
        let end = match polled(asking, polls).await {
            Some(()) => End::Read,
            None => End::Left,
        };
        self.auditor.ends(number, end);
        seen.lock().status
    }

    fn asks(&mut self) -> (usize, Shape, bool) {
        let mut remembered = self.remembered.lock();
        let keyed = &mut remembered[self.account];
        if !keyed.is_empty() && self.dice.chance(100) {
            let (tag, shape) = self.dice.pick(keyed);
            return (tag, shape, true);
        }
        let shape = self.dice.pick(&Shape::ALL);
        let is_keyed = self.dice.chance(150);
        let tag = self.auditor.asks(self.account, shape, is_keyed);
        if is_keyed {
            if keyed.len() == KEYS_MAX {
                keyed.remove(0);
            }
            keyed.push((tag, shape));
        }
        (tag, shape, is_keyed)
    }

    /// Much for the first accounts; the others run dry.
    async fn get_credit(&mut self) {
        let amount = match self.account {
            0 | 1 => 1_000_000_000,
            _ => i128::from(self.dice.between(1_000_000, 30_000_000)),
        };
        let id = self.auditor.may_get(self.account, amount);
        let (to, transfer) = (account(self.account), TransferId::from_u128(id));
        let given = self
            .books
            .grant(transfer, to, Currency::Usd, pico(amount), "")
            .await;
        if given.is_ok() {
            self.auditor.gets(id);
        }
    }
}
