use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use swan_core::ledger::{Applied, ChargeRecord, Reason, UsageBasis};
use swan_core::{Clock as _, ModelId, RequestId, Timestamp, TransferId};
use swan_hub::ledger::{Books, Hold, HoldRequest, LedgerError, Settled};
use tokio::time;

use super::auditor::{
    ACCOUNTS, CURRENCIES, Granted, Held, Moves, PROVIDERS, account, pico, provider,
};
use super::profile::Bug;
use super::world::World;
use crate::dice::Dice;

/// A consumer with one request after the other, and each as some request may be: most sensible, some hostile.
pub(super) struct Client {
    pub(super) world: Arc<World>,
    pub(super) books: Books,
    pub(super) dice: Dice,
    /// The number of its next request, which no other client has.
    pub(super) next_id: u128,
    /// How long it thinks at most, in milliseconds.
    pub(super) thinks_ms: u64,
}

/// A request as its consumer remembers it.
#[derive(Clone, Copy)]
struct Ask {
    id: u128,
    held: Held,
}

impl Client {
    pub(super) async fn run(mut self, requests: u64) {
        // Who has no money learns little.
        self.grant().await;
        for _ in 0..requests {
            self.pause().await;
            if self.world.life.is_over() {
                return;
            }
            if self.dice.chance(self.world.profile.jumps) {
                self.jump();
            }
            if self.dice.chance(40) {
                self.grant().await;
            }
            self.request().await;
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
        let far = self.dice.pick(&[10, 1_000, 60_000, 86_400_000]);
        let by = i64::try_from(self.dice.below(far)).unwrap();
        let back = self.dice.chance(500);
        self.world.life.jump(if back { -by } else { by });
    }

    /// Credit, new or asked for again: it is given once.
    async fn grant(&mut self) {
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

    async fn request(&mut self) {
        self.world.count_request();
        let Some((ask, hold)) = self.hold() else {
            return;
        };
        self.pause().await;
        if self.dice.chance(30) {
            self.hold_again(ask);
        }
        if self.dice.chance(20) {
            // Something hangs until the hold is over, or nearly.
            time::sleep(Duration::from_millis(self.dice.below(400))).await;
        }
        if self.world.life.is_over() {
            return;
        }
        match self.dice.below(100) {
            0..78 => {
                if let Some((settled, place)) = self.settle(ask, hold) {
                    self.wait(settled, place).await;
                }
            }
            78..90 => {
                let mut auditor = self.world.auditor.lock();
                hold.release("the simulation has it so");
                auditor.free(ask.id);
            }
            _ => {
                let mut auditor = self.world.auditor.lock();
                drop(hold);
                auditor.free(ask.id);
            }
        }
        self.look(ask.held.account, ask.held.currency);
    }

    fn hold(&mut self) -> Option<(Ask, Hold)> {
        let (number, c) = self.purse();
        let most = self.dice.pick(&[10, 100_000, 100_000, 100_000, 3_000_000]);
        let amount = i128::from(self.dice.below(most));
        let lasts = self
            .dice
            .pick(&[0, 50, 300, 60_000, 600_000, 600_000, 600_000]);
        self.next_id += 1;
        let id = self.next_id;
        let life = Arc::clone(&self.world.life);
        let mut auditor = self.world.auditor.lock();
        let now = life.now().as_millis();
        let expires = now + self.dice.below(lasts + 1);
        let result = self.books.hold(request(id, number, c, amount, expires));
        let amount = amount.max(1);
        let [least, most] = auditor.available(number, c, life.latest());
        let is_right = match &result {
            Ok(hold) => {
                let stands = hold.terms().expires.as_millis();
                let ahead = life.latest() - now;
                expires > now && amount <= most && (expires..=expires + ahead).contains(&stands)
            }
            Err(LedgerError::InsufficientFunds { available, wanted }) => {
                let said = available.pico();
                wanted.pico() == amount && said < amount && (least..=most).contains(&said)
            }
            Err(LedgerError::Rejected(why)) => {
                why.reason == Reason::ExpiresInPast && expires <= now
            }
            Err(LedgerError::Unavailable { .. }) => self.world.weather.lock().was_bad,
            Err(_) => false,
        };
        auditor.check(is_right, || {
            format!(
                "hold {id} of {amount} of {least}..={most} until {expires} at {now}: {result:?}"
            )
        });
        let hold = result.ok()?;
        let expires = hold.terms().expires.as_millis();
        let held = Held {
            account: number,
            currency: c,
            amount,
            expires,
        };
        auditor.hold(id, held);
        Some((Ask { id, held }, hold))
    }

    /// The same request once more, or another with its id: it holds nothing.
    fn hold_again(&mut self, ask: Ask) {
        let other = i128::from(self.dice.chance(500));
        let mut auditor = self.world.auditor.lock();
        let Held {
            account,
            currency,
            amount,
            expires,
        } = ask.held;
        let again = self
            .books
            .hold(request(ask.id, account, currency, amount + other, expires));
        let was_bad = self.world.weather.lock().was_bad;
        let is_right = match &again {
            Err(LedgerError::Duplicate) => true,
            Err(LedgerError::Unavailable { .. }) => was_bad,
            _ => false,
        };
        auditor.check(is_right, || format!("hold {} again: {again:?}", ask.id));
    }

    fn settle(&mut self, ask: Ask, hold: Hold) -> Option<(Settled, Option<usize>)> {
        let amount = ask.held.amount;
        let gross = match self.dice.below(100) {
            0..4 => 0,
            4..7 => amount + 1 + i128::from(self.dice.below(100)),
            7..20 => amount,
            _ => i128::from(self.dice.below(u64::try_from(amount).unwrap() + 1)),
        };
        let who = self.dice.below(PROVIDERS as u64 + 1);
        let who = usize::try_from(who).unwrap().checked_sub(1);
        let (fund, treasury, burn) = (gross / 20, gross / 50, gross / 100);
        let parts = [gross - fund - treasury - burn, fund, treasury, burn];
        let does_not_sum = self.dice.chance(10);
        let mut record = charge(who, parts, gross + i128::from(does_not_sum));
        let has_bug = |bug| self.world.profile.bug == Some(bug) && 0 < gross && gross < amount;
        if has_bug(Bug::ChargesMore) && self.dice.chance(5) {
            record = charge(who, [parts[0] + 1, fund, treasury, burn], gross + 1);
        }
        if has_bug(Bug::ChargesTwice) && self.dice.chance(5) {
            let Held {
                account,
                currency,
                amount,
                expires,
            } = ask.held;
            let twice = request(ask.id + (1 << 31), account, currency, amount, expires);
            let twice = self
                .books
                .hold(twice)
                .map(|hold| hold.settle(record.clone()));
            drop(twice);
        }
        let life = Arc::clone(&self.world.life);
        let mut auditor = self.world.auditor.lock();
        let now = life.now().as_millis();
        let is_over = ask.held.expires <= now;
        let may_be_over = ask.held.expires <= life.latest();
        let result = hold.settle(record);
        let is_right = match &result {
            Ok(_) => !does_not_sum && !is_over && gross <= amount,
            // A charge of nothing gives back, which is never too late until it was done.
            Err(LedgerError::HoldOver) => may_be_over && !does_not_sum,
            Err(LedgerError::Record(_)) => does_not_sum,
            Err(LedgerError::Rejected(_)) => gross > amount,
            Err(_) => false,
        };
        let is_right = is_right || (result.is_ok() && gross == 0 && !does_not_sum);
        auditor.check(is_right, || {
            format!(
                "settle {} of {:?} with {gross} at {now}: {result:?}",
                ask.id, ask.held
            )
        });
        auditor.free(ask.id);
        let settled = result.ok()?;
        let moves = Moves::Charge(who, parts);
        let place = (gross > 0).then(|| auditor.moves(ask.held.account, ask.held.currency, moves));
        Some((settled, place))
    }

    /// Until the charge is durable, as most consumers do; some have left before.
    async fn wait(&mut self, settled: Settled, place: Option<usize>) {
        let answer = match self.dice.below(10) {
            0 => return,
            1 => {
                let patience = Duration::from_millis(self.dice.below(20));
                match time::timeout(patience, settled.durable()).await {
                    Ok(answer) => answer,
                    Err(_) => return,
                }
            }
            _ => settled.durable().await,
        };
        if self.world.life.is_over() {
            return;
        }
        let was_bad = self.world.weather.lock().was_bad;
        let mut auditor = self.world.auditor.lock();
        match (answer, place) {
            (Ok(()), Some(place)) => auditor.told(place),
            (Ok(()), None) => {}
            (Err(error), _) => auditor.check(was_bad, || format!("not durable: {error}")),
        }
    }

    /// What the books say of an account must be what the auditor says.
    fn look(&self, number: usize, c: usize) {
        if self.world.life.is_over() {
            return;
        }
        let mut auditor = self.world.auditor.lock();
        let balance = self.books.balance(account(number), CURRENCIES[c]);
        let [given, charged] = [
            auditor.sums.given[number][c],
            auditor.sums.charged[number][c],
        ];
        let found = [balance.credits_posted.pico(), balance.debits_posted.pico()];
        let available = balance.available().pico();
        let [least, most] = auditor.available(number, c, self.world.life.latest());
        auditor.check(
            found == [given, charged] && (least..=most).contains(&available),
            || format!("account {number}: {balance:?}, expected {given} given, {charged} charged, {least}..={most} available"),
        );
    }

    fn purse(&mut self) -> (usize, usize) {
        let number = usize::try_from(self.dice.below(ACCOUNTS as u64)).unwrap();
        (number, usize::from(self.dice.chance(250)))
    }
}

fn request(id: u128, number: usize, c: usize, amount: i128, expires: u64) -> HoldRequest {
    HoldRequest {
        request: RequestId::from_u128(id),
        account: account(number),
        currency: CURRENCIES[c],
        amount: pico(amount),
        expires: Timestamp::from_millis(expires),
        policy: None,
    }
}

fn charge(who: Option<usize>, parts: [i128; 4], gross: i128) -> ChargeRecord {
    let [share, fund, treasury, burn] = parts.map(pico);
    ChargeRecord {
        model: ModelId::new("qwen3-8b").unwrap(),
        provider: who.map(provider),
        prompt_tokens: 10,
        cached_tokens: 0,
        completion_tokens: 5,
        images: 0,
        audio_ms: 0,
        basis: UsageBasis::Reported,
        gross: pico(gross),
        provider_share: share,
        growth_fund: fund,
        treasury,
        burn,
        key: None,
        usd: Some(pico(gross)),
    }
}
