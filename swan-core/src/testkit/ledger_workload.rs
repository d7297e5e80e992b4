use super::MoneyEvent;
use crate::{AccountId, Amount, Currency, ProviderId, RequestId, Rng, Timestamp};

/// Makes events as a busy and partly hostile market would: mostly sensible, some too large, late, repeated or made up.
#[derive(Debug)]
pub struct MoneyWorkload<R> {
    rng: R,
    now: u64,
    next: u128,
    past: Vec<MoneyEvent>,
}

impl<R: Rng> MoneyWorkload<R> {
    const PAST: usize = 64;

    /// A workload that draws from `rng`.
    pub const fn new(rng: R) -> Self {
        Self {
            rng,
            now: 0,
            next: 1,
            past: Vec::new(),
        }
    }

    /// What happens next.
    pub fn next_event(&mut self) -> MoneyEvent {
        let event = match self.rng.below(100) {
            0..5 => self.grant(),
            5..36 => self.hold(),
            36..46 => self.extend(),
            46..70 => self.settle(),
            70..85 => MoneyEvent::Release(self.recent_request()),
            85..90 => self.time(),
            _ => self.again(),
        };
        if self.past.len() == Self::PAST {
            let oldest = self.below(Self::PAST);
            self.past.swap_remove(oldest);
        }
        self.past.push(event.clone());
        event
    }

    fn grant(&mut self) -> MoneyEvent {
        let id = self.fresh();
        MoneyEvent::Grant(id, self.account(), self.currency(), self.amount(5_000))
    }

    fn hold(&mut self) -> MoneyEvent {
        let request = RequestId::from_u128(self.fresh());
        let expires = (self.now + self.rng.below(5_000)).saturating_sub(50);
        let (account, currency) = (self.account(), self.currency());
        let amount = self.amount(1_000);
        MoneyEvent::Hold(
            request,
            account,
            currency,
            amount,
            Timestamp::from_millis(expires),
        )
    }

    fn extend(&mut self) -> MoneyEvent {
        let expires = (self.now + self.rng.below(5_000)).saturating_sub(50);
        let (request, amount) = (self.recent_request(), self.amount(1_500));
        MoneyEvent::Extend(request, amount, Timestamp::from_millis(expires))
    }

    fn settle(&mut self) -> MoneyEvent {
        let provider = ProviderId::from_u128(1 + u128::from(self.rng.below(3)));
        let parts = [300, 20, 10, 10].map(|most| self.amount(most));
        MoneyEvent::Settle(self.recent_request(), provider, parts)
    }

    fn time(&mut self) -> MoneyEvent {
        // Sometimes the clock goes back.
        let now = (self.now + self.rng.below(1_000)).saturating_sub(100);
        self.now = self.now.max(now);
        MoneyEvent::Time(Timestamp::from_millis(now))
    }

    /// Something that has happened before, or nearly so.
    fn again(&mut self) -> MoneyEvent {
        let at = self.below(self.past.len().max(1));
        let event = self.past.get(at).cloned();
        match event {
            Some(MoneyEvent::Grant(id, account, currency, _)) if self.rng.below(2) == 0 => {
                MoneyEvent::Grant(id, account, currency, self.amount(5_000))
            }
            Some(MoneyEvent::Hold(id, _, currency, amount, expires)) if self.rng.below(2) == 0 => {
                MoneyEvent::Hold(id, self.account(), currency, amount, expires)
            }
            Some(event) => event,
            None => self.time(),
        }
    }

    /// A request that may have ended long ago or never begun.
    fn recent_request(&mut self) -> RequestId {
        let back = u128::from(self.rng.below(24));
        RequestId::from_u128(self.next.saturating_sub(back).max(1))
    }

    fn fresh(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    fn account(&mut self) -> AccountId {
        AccountId::from_u128(1 + u128::from(self.rng.below(5)))
    }

    fn currency(&mut self) -> Currency {
        if self.rng.below(4) == 0 {
            Currency::Swan
        } else {
            Currency::Usd
        }
    }

    /// Up to `most`, sometimes nothing.
    fn amount(&mut self, most: u64) -> Amount {
        let pico = i128::from(self.rng.below(most + 1));
        Amount::from_pico(pico).unwrap_or(Amount::ZERO)
    }

    fn below(&mut self, bound: usize) -> usize {
        let drawn = self.rng.below(u64::try_from(bound).unwrap_or(u64::MAX));
        usize::try_from(drawn).unwrap_or(0)
    }
}
