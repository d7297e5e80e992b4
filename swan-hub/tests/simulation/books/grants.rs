//! A client that is given credit.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use swan_core::TransferId;
use swan_core::ledger::Applied;
use swan_hub::ledger::LedgerError;

use super::auditor::{CURRENCIES, Granted, account, pico};
use super::client::Client;

impl Client {
    /// Credit, new or asked for again: it is given once.
    pub(super) async fn grant(&mut self) {
        let (number, c) = self.purse();
        let mut asked = (number, c, i128::from(self.dice.between(1, 2_000_000)));
        let mut id = self.world.fresh_grant();
        if self.dice.chance(400)
            && let Some((old, content)) = self.world.old_grant(&mut self.dice)
        {
            (id, asked) = (old, content);
            // The same id with other content is another grant, which must not be given.
            asked.2 += i128::from(self.dice.chance(200));
        }
        let (number, c, amount) = asked;
        let transfer = TransferId::from_u128(id);
        let granting = self
            .books
            .grant(transfer, account(number), CURRENCIES[c], pico(amount), "");
        let mut granting = pin!(granting);
        // The first poll moves the money, so it happens at the same moment for the books and the auditor.
        let (known, first, place) = {
            let mut auditor = self.world.auditor.lock();
            let known = auditor.known_grant(id);
            let first = granting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            let is_new = known.is_none() && !matches!(first, Poll::Ready(Err(_)));
            let place = is_new.then(|| auditor.grant(id, number, c, amount));
            (known, first, place)
        };
        self.world.remember_grant(id, asked);
        let count = self.world.auditor.lock().count();
        let answer = match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => granting.await,
        };
        self.granted(known, asked, place, count, &answer);
    }

    fn granted(
        &self,
        known: Option<Granted>,
        asked: Granted,
        place: Option<usize>,
        count: usize,
        answer: &Result<Applied, LedgerError>,
    ) {
        if self.world.life.is_over() {
            return;
        }
        let was_bad = self.world.weather.lock().was_bad;
        let mut auditor = self.world.auditor.lock();
        let is_right = match (known, answer) {
            (None, Ok(applied)) => *applied == Applied::Created,
            (Some(known), Ok(applied)) => known == asked && *applied == Applied::Exists,
            (Some(known), Err(LedgerError::Duplicate)) => known != asked,
            (_, Err(LedgerError::Unavailable { .. })) => was_bad,
            _ => false,
        };
        auditor.check(is_right, || {
            format!("grant {asked:?}, known {known:?}: {answer:?}")
        });
        if answer.is_ok() {
            match place {
                Some(place) => auditor.told(place),
                // A repeat is answered when everything before it is durable.
                None => auditor.told_all(count),
            }
        }
    }
}
