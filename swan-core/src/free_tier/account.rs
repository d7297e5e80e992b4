use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{FreePass, FreeTierRules, Limit, PassError, Refused};
use crate::{AccountId, Day, Fact, ModelId, Policy, Timestamp};

const MINUTE: Duration = Duration::from_secs(60);

/// What one account has used of the free tier, and what it has running.
///
/// Tokens that are used and tokens that are set aside never exceed the day's limit together. The account's time never goes
/// back: where a clock does, the latest time it was told goes on to hold, so no day and no minute is given twice.
#[derive(Clone, Debug)]
pub struct FreeTier {
    account: AccountId,
    now: Timestamp,
    /// Tokens used in the day of `now`.
    used: u64,
    /// When the requests of the last minute began, the oldest first; as many as a minute may have at most.
    recent: VecDeque<Timestamp>,
    /// The requests that run: the day of each, and what is set aside for it.
    open: BTreeMap<u64, (Day, u64)>,
    next: u64,
}

impl FreeTier {
    /// An account that has used nothing yet.
    #[must_use]
    pub const fn new(account: AccountId) -> Self {
        Self {
            account,
            now: Timestamp::EPOCH,
            used: 0,
            recent: VecDeque::new(),
            open: BTreeMap::new(),
            next: 0,
        }
    }

    /// Lets a request of `model` begin that uses `worst_tokens` at most, prompt and answer together.
    ///
    /// It counts for the UTC day of `now`, whenever it ends, and for any minute of which `now` is part: of two requests
    /// exactly 60 seconds apart the first is forgotten.
    ///
    /// # Errors
    ///
    /// [`Refused`] names one limit: of several the one that lasts longest, and those that need no waiting first.
    pub fn admit(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        model: &ModelId,
        worst_tokens: u64,
    ) -> Result<FreePass, Refused> {
        let Ok(rules) = policy.free_tier() else {
            let fact = Fact::new("free_tier", "missing from the policy");
            return Err(Refused::for_good(Limit::NoFreeTier, policy, fact));
        };
        self.go_on_to(now);
        self.check_request(policy, rules, model, worst_tokens)?;
        self.check_limits(policy, rules, now, worst_tokens)?;
        let (number, day) = (self.next, self.now.day());
        self.next += 1;
        self.recent.push_back(self.now);
        self.open.insert(number, (day, worst_tokens));
        Ok(FreePass {
            account: self.account,
            number,
            day,
            reserved: worst_tokens,
        })
    }

    /// Ends a request that used `tokens`, and answers how many of them count: what was set aside at most, as a charge is
    /// its quote at most.
    ///
    /// # Errors
    ///
    /// [`PassError`] for a pass of another account or book; nothing changes then.
    #[expect(clippy::needless_pass_by_value, reason = "a pass ends once")]
    pub fn settle(&mut self, pass: FreePass, tokens: u64) -> Result<u64, PassError> {
        let terms = (pass.day, pass.reserved);
        if pass.account != self.account || self.open.get(&pass.number) != Some(&terms) {
            return Err(pass.unknown());
        }
        self.open.remove(&pass.number);
        let counted = tokens.min(pass.reserved);
        if pass.day == self.now.day() {
            self.used += counted;
        }
        Ok(counted)
    }

    /// Ends a request that used nothing. It has begun, so it still counts for the minute.
    ///
    /// # Errors
    ///
    /// As [`FreeTier::settle`].
    pub fn cancel(&mut self, pass: FreePass) -> Result<(), PassError> {
        self.settle(pass, 0).map(|_| ())
    }

    /// Counts tokens that the account has used on the day of `now` and that this book does not know of, such as those of the
    /// time before a restart.
    pub fn recall(&mut self, now: Timestamp, tokens: u64) {
        self.go_on_to(now);
        // Far beyond every limit, and far from what does not add up.
        self.used = self.used.saturating_add(tokens).min(u64::MAX >> 2);
    }

    /// Tokens used in the day of the latest time it was told.
    #[must_use]
    pub const fn used_tokens(&self) -> u64 {
        self.used
    }

    /// Tokens of that day which are set aside for requests that run.
    #[must_use]
    pub fn reserved_tokens(&self) -> u64 {
        let today = self.now.day();
        let open = self.open.values();
        open.filter(|(day, _)| *day == today)
            .map(|(_, reserved)| reserved)
            .sum()
    }

    /// Requests of the last minute, and when the youngest of them counts no longer.
    #[must_use]
    pub fn last_minute(&self) -> (u64, Timestamp) {
        let until = self.recent.back().map(|last| last.after(MINUTE));
        (self.recent.len() as u64, until.unwrap_or(self.now))
    }

    /// Requests that run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.open.len()
    }

    /// From when on this account is as a new one; `None` while a request runs.
    pub(super) fn idle_from(&self) -> Option<Timestamp> {
        if !self.open.is_empty() {
            return None;
        }
        let minute = self
            .recent
            .back()
            .map_or(Timestamp::EPOCH, |last| last.after(MINUTE));
        Some(match self.used {
            0 => minute,
            _ => minute.max(self.now.day().end()),
        })
    }

    fn go_on_to(&mut self, now: Timestamp) {
        if now.day() > self.now.day() {
            self.used = 0;
        }
        self.now = self.now.max(now);
        while let Some(first) = self.recent.front()
            && self.now.since(*first) >= MINUTE
        {
            self.recent.pop_front();
        }
    }

    /// What no waiting mends.
    fn check_request(
        &self,
        policy: &Policy,
        rules: &FreeTierRules,
        model: &ModelId,
        worst_tokens: u64,
    ) -> Result<(), Refused> {
        if !rules.models().contains(model) {
            let free: Vec<&str> = rules.models().iter().map(ModelId::as_str).collect();
            let fact = Fact::new("model", model).needed(format!("one of {}", free.join(", ")));
            return Err(Refused::for_good(Limit::Model, policy, fact));
        }
        if worst_tokens > rules.tokens_per_day() {
            let fact = Fact::new("tokens of the request", worst_tokens)
                .needed(format!("at most {}", rules.tokens_per_day()));
            return Err(Refused::for_good(Limit::RequestTokens, policy, fact));
        }
        Ok(())
    }

    /// What waiting mends, the longest first.
    fn check_limits(
        &self,
        policy: &Policy,
        rules: &FreeTierRules,
        now: Timestamp,
        worst_tokens: u64,
    ) -> Result<(), Refused> {
        // A request is no larger than the day's limit here, and so is what is used.
        let most = rules.tokens_per_day() - worst_tokens;
        let needed = || format!("at most {most}, since this request may use {worst_tokens}");
        if self.used > most {
            let fact = Fact::new("tokens used today", self.used).needed(needed());
            let midnight = self.now.day().end();
            let limit = Limit::TokensPerDay;
            return Err(Refused::until(limit, policy, fact, midnight, now));
        }
        let begun = self.recent.len() as u64;
        if begun >= rules.requests_per_minute() {
            let fact = Fact::new("requests in the last 60 s", begun)
                .needed(format!("at most {}", rules.requests_per_minute() - 1));
            let first = self.recent.front().copied().unwrap_or(self.now);
            let limit = Limit::RequestsPerMinute;
            return Err(Refused::until(
                limit,
                policy,
                fact,
                first.after(MINUTE),
                now,
            ));
        }
        let running = self.open.len() as u64;
        if running >= rules.concurrent_requests() {
            let fact = Fact::new("requests running", running)
                .needed(format!("at most {}", rules.concurrent_requests() - 1));
            return Err(Refused::for_now(Limit::Concurrency, policy, fact));
        }
        let taken = self.used + self.reserved_tokens();
        if taken > most {
            let fact = Fact::new("tokens used today or set aside", taken).needed(needed());
            return Err(Refused::for_now(Limit::TokensReserved, policy, fact));
        }
        Ok(())
    }
}
