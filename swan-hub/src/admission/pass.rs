//! What one request has taken of its limits, until it is dropped.

use std::net::IpAddr;
use std::sync::Arc;

use swan_core::protocol::Operation;
use swan_core::{Amount, Clock, MoneyError, Policy, Timestamp, Usage};

use super::allowance::Access;
use super::limits::KeyLimits;
use super::refused::{Holder, Refused};

/// The leave of one request. Dropped at any point, it gives its places back, and what it has taken and not used.
#[derive(Debug)]
pub(crate) struct Pass {
    access: Arc<Access>,
    clock: Arc<dyn Clock>,
    key: Taken,
    account: Taken,
}

/// What was taken of one holder's limits.
#[derive(Debug, Default)]
struct Taken {
    place: bool,
    tokens: u64,
    spend: Option<Amount>,
}

/// Whether the request may be made at all. Takes nothing.
pub(crate) fn check(
    access: &Access,
    address: impl Fn() -> Option<IpAddr>,
    operation: &Operation,
    now: Timestamp,
) -> Result<(), Refused> {
    for (holder, allowance) in access.parties() {
        let limits = allowance.limits();
        lets_in(holder, limits, &address, now)?;
        if !limits.allows_endpoint(operation) {
            let names = limits.endpoints.iter().map(|scope| scope.as_str());
            return Err(Refused::Endpoint {
                holder,
                endpoint: format!("/v1/{}", operation.as_str()),
                allowed: names.collect::<Vec<_>>().join(", "),
            });
        }
    }
    Ok(())
}

/// Whether what is known of the account may be read now: a key opens no more there than it does for requests. Takes one read.
pub(crate) fn read(
    access: &Access,
    address: impl Fn() -> Option<IpAddr>,
    now: Timestamp,
) -> Result<(), Refused> {
    for (holder, allowance) in access.parties() {
        lets_in(holder, allowance.limits(), &address, now)?;
    }
    match access.reader() {
        Some((holder, own)) => own.take_read(holder),
        None => Ok(()),
    }
}

/// Whether the holder is let in at all at this time and from this place.
fn lets_in(
    holder: Holder,
    limits: &KeyLimits,
    address: impl Fn() -> Option<IpAddr>,
    now: Timestamp,
) -> Result<(), Refused> {
    if let Some(at) = limits.expires
        && at <= now
    {
        return Err(Refused::Expired { holder, at });
    }
    if !limits.allow_ip.is_empty() {
        let address = address();
        if !limits.allows_address(address) {
            return Err(Refused::Address { holder, address });
        }
    }
    Ok(())
}

impl Pass {
    /// Takes a place and one request of each holder's minute, or nothing at all.
    pub(crate) fn take(access: &Arc<Access>, clock: &Arc<dyn Clock>) -> Result<Self, Refused> {
        let mut pass = Self {
            access: Arc::clone(access),
            clock: Arc::clone(clock),
            key: Taken::default(),
            account: Taken::default(),
        };
        for (holder, allowance) in access.parties() {
            allowance.enter(holder)?;
            pass.taken(holder).place = true;
        }
        let mut counted: Option<&Arc<super::Allowance>> = None;
        for (holder, allowance) in access.parties() {
            if let Err(refused) = allowance.take_request(holder) {
                if let Some(other) = counted {
                    other.give_back_request();
                }
                return Err(refused);
            }
            counted = Some(allowance);
        }
        Ok(pass)
    }

    /// Whether the key is for free requests only.
    pub(crate) fn is_free(&self) -> bool {
        self.access.parties().any(|(_, own)| own.limits().free)
    }

    /// Whether the model may be asked for, by its canonical name.
    pub(crate) fn check_model(&self, policy: &Policy, name: &str) -> Result<(), Refused> {
        let is_called = |other: &str| {
            let found = policy.model(other);
            found.is_some_and(|model| model.id.as_str() == name)
        };
        for (holder, allowance) in self.access.parties() {
            let limits = allowance.limits();
            if !limits.allows_model(name, is_called) {
                let names = limits.models.iter().map(|pattern| pattern.as_str());
                return Err(Refused::Model {
                    holder,
                    model: name.to_owned(),
                    allowed: names.collect::<Vec<_>>().join(", "),
                });
            }
        }
        Ok(())
    }

    /// Takes tokens: `answer` is what the request allows, if it does. The prompt is looked at where tokens are limited.
    pub(crate) fn take_tokens(
        &mut self,
        prompt: impl Fn() -> u64,
        answer: Option<u64>,
    ) -> Result<(), Refused> {
        let access = Arc::clone(&self.access);
        if access.parties().all(|(_, own)| own.limits().tpm.is_none()) {
            return Ok(());
        }
        let prompt = prompt();
        for (holder, allowance) in access.parties() {
            let tokens = allowance.take_tokens(holder, prompt, answer)?;
            self.taken(holder).tokens = tokens;
        }
        Ok(())
    }

    /// Sets the most that the request may cost aside from each spend cap.
    pub(crate) fn hold_spend(&mut self, usd: Amount) -> Result<(), Refused> {
        let access = Arc::clone(&self.access);
        let now = self.clock.now();
        for (holder, allowance) in access.parties() {
            allowance.hold_spend(holder, usd, now)?;
            self.taken(holder).spend = Some(usd);
        }
        Ok(())
    }

    /// Sets so much more aside from each spend cap, or nothing at all.
    pub(crate) fn hold_more(&mut self, usd: Amount) -> Result<(), Refused> {
        let access = Arc::clone(&self.access);
        let now = self.clock.now();
        for (holder, allowance) in access.parties() {
            if let Err(refused) = allowance.hold_spend(holder, usd, now) {
                // Those before it have it already.
                let before = access.parties().take_while(|(other, _)| *other != holder);
                for (_, allowance) in before {
                    allowance.end_spend(usd, Amount::ZERO, now);
                }
                return Err(refused);
            }
        }
        self.count_spend(|held| held.checked_add(usd));
        Ok(())
    }

    /// Gives back what was set aside last, since it is of no use.
    pub(crate) fn give_back_spend(&mut self, usd: Amount) {
        let access = Arc::clone(&self.access);
        for (_, allowance) in access.parties() {
            allowance.end_spend(usd, Amount::ZERO, Timestamp::EPOCH);
        }
        self.count_spend(|held| held.checked_sub(usd));
    }

    fn count_spend(&mut self, change: impl Fn(Amount) -> Result<Amount, MoneyError>) {
        for taken in [&mut self.key, &mut self.account] {
            if let Some(Ok(held)) = taken.spend.map(&change) {
                taken.spend = Some(held);
            }
        }
    }

    /// The request is over: counts what it used in the place of what was taken.
    pub(crate) fn settle(&mut self, usage: &Usage, usd: Amount) {
        let answer = usage.completion_tokens;
        let tokens = usage.prompt_tokens.saturating_add(answer);
        let access = Arc::clone(&self.access);
        let now = self.clock.now();
        for (holder, allowance) in access.parties() {
            let taken = self.taken(holder);
            let (held, before) = (taken.spend.take(), std::mem::take(&mut taken.tokens));
            allowance.true_up(before, tokens);
            allowance.learn(answer);
            allowance.end_spend(held.unwrap_or(Amount::ZERO), usd, now);
        }
    }

    const fn taken(&mut self, holder: Holder) -> &mut Taken {
        match holder {
            Holder::Key => &mut self.key,
            Holder::Account => &mut self.account,
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let access = Arc::clone(&self.access);
        for (holder, allowance) in access.parties() {
            let taken = std::mem::take(self.taken(holder));
            if taken.tokens > 0 {
                allowance.true_up(taken.tokens, 0);
            }
            if let Some(held) = taken.spend {
                allowance.end_spend(held, Amount::ZERO, Timestamp::EPOCH);
            }
            if taken.place {
                allowance.leave();
            }
        }
    }
}
