use std::sync::Arc;
use std::time::Duration;

use swan_core::ledger::{ChargeRecord, Reason, UsageBasis};
use swan_core::{Clock as _, ModelId, RequestId, Timestamp};
use swan_hub::ledger::{Books, Hold, HoldRequest, LedgerError, Settled};
use tokio::time;

use super::auditor::{ACCOUNTS, CURRENCIES, Held, Moves, PROVIDERS, account, pico, provider};
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

    async fn request(&mut self) {
        self.world.count_request();
        let Some((mut ask, mut hold)) = self.hold() else {
            return;
        };
        self.pause().await;
        while self.dice.chance(150) && !self.world.life.is_over() {
            self.extend(&mut ask, &mut hold);
            self.pause().await;
        }
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

    /// More is set aside for a request that goes on, or less is asked for than it has.
    fn extend(&mut self, ask: &mut Ask, hold: &mut Hold) {
        let more = i128::from(self.dice.below(200_000));
        let lasts = self.dice.pick(&[0, 300, 600_000]);
        let amount = (ask.held.amount + more - 10_000).max(1);
        let life = Arc::clone(&self.world.life);
        let mut auditor = self.world.auditor.lock();
        let now = life.now().as_millis();
        let expires = now + lasts;
        auditor.free(ask.id);
        let result = hold.extend(pico(amount), Timestamp::from_millis(expires));
        let wanted = amount.max(ask.held.amount);
        let [least, most] = auditor.available(ask.held.account, ask.held.currency, life.latest());
        let is_over = ask.held.expires <= now;
        let may_be_over = ask.held.expires <= life.latest();
        let is_right = match &result {
            Ok(()) => !is_over && wanted <= most,
            Err(LedgerError::InsufficientFunds { available, .. }) => {
                let said = available.pico();
                !is_over && said < wanted && (least..=most).contains(&said)
            }
            Err(LedgerError::HoldOver) => may_be_over,
            Err(LedgerError::Unavailable { .. }) => self.world.weather.lock().was_bad,
            Err(_) => false,
        };
        auditor.check(is_right, || {
            format!("extend {} of {:?} to {amount} until {expires} at {now}, {least}..={most}: {result:?}", ask.id, ask.held)
        });
        if result.is_ok() {
            let stands = hold.terms();
            let larger = (wanted, ask.held.expires.max(expires));
            let found = (stands.amount.pico(), stands.expires.as_millis());
            let ahead = life.latest() - now;
            let is_right = found.0 == larger.0 && (larger.1..=larger.1 + ahead).contains(&found.1);
            auditor.check(is_right, || {
                format!("extended to {found:?}, not {larger:?}")
            });
            (ask.held.amount, ask.held.expires) = found;
        }
        auditor.hold(ask.id, ask.held);
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

    pub(super) fn purse(&mut self) -> (usize, usize) {
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
        extended: 0,
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
