use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use swan_core::{AccountId, ProviderId};

use super::ask::{Seen, Shape};
use super::prediction::{Allowed, Delivery, End, Knows};
use super::purse::Purse;
use super::script::Plan;

pub(super) const ACCOUNTS: usize = 6;
pub(super) const PROVIDERS: usize = 2;

pub(super) fn account(number: usize) -> AccountId {
    AccountId::from_u128(70 + number as u128)
}

pub(super) fn provider(number: usize) -> ProviderId {
    ProviderId::from_u128(5 + number as u128)
}

/// Predicts every balance, and shares no code with the hub: it knows what was asked, what providers have delivered for it, and
/// what consumers saw of that; a list of prices; and that what was seen to its end is charged, once, and survives.
///
/// What nobody can know from outside (whether a charge was on the disk when the hub died, with nobody told) is told by the
/// journal, which may only choose among what is possible.
#[derive(Debug, Default)]
pub(super) struct Auditor(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    /// Every request that anybody may make, by its tag.
    pub(super) asked: Vec<Asked>,
    pub(super) deliveries: Vec<Delivery>,
    /// Which of them belong to a request, by the hub's id for it.
    pub(super) by_request: BTreeMap<String, Vec<usize>>,
    /// The tags that something has happened to in this life.
    pub(super) touched: BTreeSet<usize>,
    pub(super) tries: Vec<Try>,
    purses: [Purse; ACCOUNTS],
    pub(super) grants: BTreeMap<u128, Grant>,
    pub(super) sums: Sums,
    pub(super) was_bad: bool,
    pub(super) counts: Counts,
    pub(super) findings: Vec<String>,
}

/// Where all money is, in pico-units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) given: [i128; ACCOUNTS],
    pub(super) taken: [i128; ACCOUNTS],
    pub(super) earned: [i128; PROVIDERS],
    pub(super) fund: i128,
}

/// What a day came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    /// Requests that were answered to their end.
    pub(crate) whole: u64,
    /// Requests of which only one charge was possible, or none.
    pub(crate) exact: u64,
    pub(crate) charged: u64,
    /// Requests that were refused for want of money, and streams that ended where it did.
    pub(crate) unpaid: u64,
    pub(crate) replayed: u64,
    /// Requests under way when a hub died.
    pub(crate) cut: u64,
    pub(crate) kills: u64,
}

impl Counts {
    pub(super) fn and(self, other: &Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            whole: self.whole + other.whole,
            exact: self.exact + other.exact,
            charged: self.charged + other.charged,
            unpaid: self.unpaid + other.unpaid,
            replayed: self.replayed + other.replayed,
            cut: self.cut + other.cut,
            kills: self.kills + other.kills,
        }
    }
}

/// A request that was made, perhaps more than once.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) account: usize,
    pub(super) shape: Shape,
    pub(super) key: Option<String>,
    /// What was charged for it, as the journal says.
    pub(super) charged: Option<i128>,
    pub(super) deliveries: Vec<usize>,
}

/// Once that it was made.
#[derive(Debug)]
pub(super) struct Try {
    pub(super) tag: usize,
    pub(super) seen: Arc<Mutex<Seen>>,
    pub(super) end: End,
    has_jumped: bool,
    /// What its hold needs at first, and may come to.
    needs: [i128; 2],
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    pub(super) account: usize,
    pub(super) amount: i128,
    pub(super) was_told: bool,
    /// It stands in the journal.
    pub(super) is_there: bool,
}

impl Auditor {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Somebody means to make a request. Answers its tag.
    pub(super) fn asks(&self, account: usize, shape: Shape, is_keyed: bool) -> usize {
        let mut state = self.state();
        let tag = state.asked.len();
        state.asked.push(Asked {
            account,
            shape,
            key: is_keyed.then(|| format!("once-{tag}")),
            charged: None,
            deliveries: Vec::new(),
        });
        tag
    }

    /// It is made. Answers under which number.
    pub(super) fn begins(&self, tag: usize, needs: [i128; 2]) -> (usize, Arc<Mutex<Seen>>) {
        let mut state = self.state();
        let state = &mut *state;
        let seen = Arc::<Mutex<Seen>>::default();
        let number = state.tries.len();
        state.tries.push(Try {
            tag,
            seen: Arc::clone(&seen),
            end: End::Open,
            has_jumped: false,
            needs,
        });
        state.counts.requests += 1;
        state.touched.insert(tag);
        state.purses[state.asked[tag].account].begin(number, needs[1]);
        (number, seen)
    }

    /// Its consumer has left, or has read to the end.
    pub(super) fn ends(&self, number: usize, end: End) {
        self.state().ends(number, end);
    }

    /// How often providers were asked for it.
    pub(super) fn attempts(&self, tag: usize) -> u64 {
        self.state().asked[tag].deliveries.len() as u64
    }

    /// A provider begins to deliver. Answers under which number.
    pub(super) fn delivers(&self, tag: usize, request: String, who: usize, plan: Plan) -> usize {
        let mut state = self.state();
        let number = state.deliveries.len();
        state.asked[tag].deliveries.push(number);
        let of_one = state.by_request.entry(request.clone());
        of_one.or_default().push(number);
        state.deliveries.push(Delivery {
            tag,
            request,
            who,
            plan,
            said: 0,
            is_disturbed: false,
        });
        number
    }

    pub(super) fn said(&self, delivery: usize, words: u64) {
        self.state().deliveries[delivery].said += words;
    }

    /// What this provider delivers at the moment may come in any order, twice, or not at all.
    pub(super) fn disturbed(&self, who: usize) {
        let mut state = self.state();
        let state = &mut *state;
        for tag in &state.touched {
            for number in &state.asked[*tag].deliveries {
                let delivery = &mut state.deliveries[*number];
                delivery.is_disturbed |= delivery.who == who;
            }
        }
    }

    /// The clock was set far ahead, or back.
    pub(super) fn jumps(&self) {
        for one in &mut self.state().tries {
            one.has_jumped |= one.end == End::Open;
        }
    }

    /// Somebody asks for credit. Answers which grant that is, and how much.
    pub(super) fn may_get(&self, account: usize, amount: i128) -> u128 {
        let mut state = self.state();
        let id = 1 + state.grants.keys().next_back().copied().unwrap_or(0);
        state.grants.insert(
            id,
            Grant {
                account,
                amount,
                was_told: false,
                is_there: false,
            },
        );
        state.purses[account].may_get(amount);
        id
    }

    /// It was given.
    pub(super) fn gets(&self, id: u128) {
        let mut state = self.state();
        let Some(grant) = state.grants.get_mut(&id) else {
            return;
        };
        grant.was_told = true;
        let Grant {
            account, amount, ..
        } = *grant;
        state.purses[account].gets(amount);
    }
}

impl State {
    pub(super) fn finds(&mut self, what: impl Into<String>) {
        self.findings.push(what.into());
    }

    fn ends(&mut self, number: usize, end: End) {
        self.tries[number].end = end;
        let one = &self.tries[number];
        let seen = one.seen.lock().clone();
        let asked = &self.asked[one.tag];
        let account = asked.account;
        if end == End::Left && asked.key.is_some() {
            // It goes on without its consumer, and may take money until this life ends.
            return;
        }
        let allowed = self.allowed(number, &seen, false);
        let [low, high] = self.purses[account].found(number);
        let [first, most] = one.needs;
        let mut wrong = None;
        if seen.status == Some(200) && !seen.is_replayed && first > high {
            wrong = Some("was served without money");
        }
        if seen.status == Some(402) && first <= low {
            wrong = Some("was refused though there was money");
        }
        let has_ended =
            seen.status == Some(200) && seen.code == "insufficient_funds" && !seen.is_replayed;
        if has_ended && most <= low {
            wrong = Some("ended though there was money");
        }
        self.counts.unpaid += u64::from(seen.status == Some(402) || has_ended);
        self.counts.replayed += u64::from(seen.is_replayed);
        if let Some(wrong) = wrong {
            let finding = format!("{one:?} {wrong}: {low}..={high}, {seen:?}");
            self.finds(finding);
        }
        // A repeat takes nothing that was not taken before.
        let is_keyed = self.asked[self.tries[number].tag].key.is_some();
        let least = if is_keyed { 0 } else { allowed.least() };
        self.purses[account].end(number, least, allowed.most());
    }

    /// What may be charged for what was seen of this.
    pub(super) fn allowed(&self, number: usize, seen: &Seen, is_dead: bool) -> Allowed {
        let one = &self.tries[number];
        let asked = &self.asked[one.tag];
        let knows = Knows {
            is_keyed: asked.key.is_some(),
            is_dead,
            was_bad: self.was_bad,
            has_jumped: one.has_jumped,
        };
        let delivered = asked
            .deliveries
            .iter()
            .map(|place| &self.deliveries[*place]);
        let delivered: Vec<_> = delivered
            .filter(|delivery| seen.request.is_empty() || delivery.request == seen.request)
            .filter(|delivery| {
                seen.provider.is_empty() || provider(delivery.who).to_string() == seen.provider
            })
            .collect();
        Allowed::of((asked.shape, one.end, knows), seen, &delivered)
    }

    /// A life has ended, and it is known where all money is.
    pub(super) fn begins_anew(&mut self) {
        self.tries.clear();
        self.touched.clear();
        self.was_bad = false;
        for (number, purse) in self.purses.iter_mut().enumerate() {
            purse.is(self.sums.given[number], self.sums.taken[number]);
        }
    }
}
