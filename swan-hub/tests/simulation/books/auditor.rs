use std::collections::BTreeMap;
use std::time::Duration;

use swan_core::ledger::Balance;
use swan_core::{AccountId, Amount, Currency, ProviderId};
use tokio::time::Instant;

pub(super) const ACCOUNTS: usize = 4;
pub(super) const PROVIDERS: usize = 3;
pub(super) const CURRENCIES: [Currency; 2] = [Currency::Usd, Currency::Swan];

pub(super) fn account(number: usize) -> AccountId {
    AccountId::from_u128(1 + number as u128)
}

pub(super) fn provider(number: usize) -> ProviderId {
    ProviderId::from_u128(1 + number as u128)
}

/// Where all money is, in pico-units: a few plain sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) given: [[i128; 2]; ACCOUNTS],
    pub(super) charged: [[i128; 2]; ACCOUNTS],
    pub(super) earned: [[i128; 2]; PROVIDERS],
    /// The growth fund, the treasury, and what was burnt.
    pub(super) own: [[i128; 2]; 3],
}

/// Something that moves money for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) account: usize,
    pub(super) currency: usize,
    pub(super) what: Moves,
    /// When somebody was told that it will stay.
    told: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moves {
    Grant(i128),
    /// Who served, if it was not the hub itself, and the parts: provider, growth fund, treasury, burn.
    Charge(Option<usize>, [i128; 4]),
}

/// A grant as it was asked for: account, currency, amount.
pub(super) type Granted = (usize, usize, i128);

/// What a request has set aside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) account: usize,
    pub(super) currency: usize,
    pub(super) amount: i128,
    pub(super) expires: u64,
}

/// Predicts every balance from what was asked and answered, and shares no code with the ledger.
///
/// It knows the order in which money moved, and that a crash may take the last movements along but none before them. So
/// after a crash the books must be those after exactly the first `k` movements, each whole, and `k` must reach the last
/// of which somebody was told. The next life goes on from there.
#[derive(Debug, Default)]
pub(super) struct Auditor {
    /// What the last recovery came to.
    base: Sums,
    /// What moved since, in order.
    log: Vec<Posting>,
    /// Both together: what must stand in memory.
    pub(super) sums: Sums,
    held: BTreeMap<u128, Held>,
    /// The grants that stand in memory, by id.
    grants: BTreeMap<u128, Granted>,
    /// Which grant each movement of the log is.
    grant_ids: BTreeMap<usize, u128>,
    findings: Vec<String>,
}

impl Sums {
    fn apply(&mut self, posting: &Posting) {
        let (account, currency) = (posting.account, posting.currency);
        match posting.what {
            Moves::Grant(amount) => self.given[account][currency] += amount,
            Moves::Charge(who, [share, fund, treasury, burn]) => {
                self.charged[account][currency] += share + fund + treasury + burn;
                // What the hub serves itself, it earns itself.
                match who {
                    Some(provider) => self.earned[provider][currency] += share,
                    None => self.own[1][currency] += share,
                }
                for (own, part) in self.own.iter_mut().zip([fund, treasury, burn]) {
                    own[currency] += part;
                }
            }
        }
    }

    /// A number that every movement makes larger.
    fn moved(&self) -> i128 {
        self.given.iter().chain(&self.charged).flatten().sum()
    }

    /// What an account has that was not charged.
    fn left(&self, account: usize, currency: usize) -> i128 {
        self.given[account][currency] - self.charged[account][currency]
    }
}

impl Auditor {
    pub(super) fn finds(&mut self, what: impl Into<String>) {
        self.findings.push(what.into());
    }

    pub(super) fn check(&mut self, is_right: bool, what: impl FnOnce() -> String) {
        if !is_right {
            self.findings.push(what());
        }
    }

    pub(super) fn findings(&self) -> &[String] {
        &self.findings
    }

    /// What an account can spend: at least and at most, since nobody knows when a hold whose time has passed is swept.
    /// `latest` is the latest time that the ledger may have seen.
    pub(super) fn available(&self, account: usize, currency: usize, latest: u64) -> [i128; 2] {
        let left = self.sums.left(account, currency);
        let of_it = |held: &&Held| (held.account, held.currency) == (account, currency);
        let held = self.held.values().filter(of_it);
        let all: i128 = held.clone().map(|held| held.amount).sum();
        let sure = held.filter(|held| held.expires > latest);
        let sure: i128 = sure.map(|held| held.amount).sum();
        [left - all, left - sure]
    }

    pub(super) fn hold(&mut self, request: u128, held: Held) {
        self.held.insert(request, held);
    }

    /// The hold has ended, however.
    pub(super) fn free(&mut self, request: u128) {
        self.held.remove(&request);
    }

    /// Money has moved in memory. Answers which movement it was.
    pub(super) fn moves(&mut self, account: usize, currency: usize, what: Moves) -> usize {
        let posting = Posting {
            account,
            currency,
            what,
            told: None,
        };
        self.sums.apply(&posting);
        self.log.push(posting);
        self.log.len() - 1
    }

    pub(super) fn grant(
        &mut self,
        id: u128,
        account: usize,
        currency: usize,
        amount: i128,
    ) -> usize {
        self.grants.insert(id, (account, currency, amount));
        let place = self.moves(account, currency, Moves::Grant(amount));
        self.grant_ids.insert(place, id);
        place
    }

    pub(super) fn known_grant(&self, id: u128) -> Option<Granted> {
        self.grants.get(&id).copied()
    }

    /// How many movements there were.
    pub(super) fn count(&self) -> usize {
        self.log.len()
    }

    /// Somebody was told that this movement stays.
    pub(super) fn told(&mut self, place: usize) {
        self.log[place].told.get_or_insert_with(Instant::now);
    }

    /// Somebody was told that the first `count` movements stay.
    pub(super) fn told_all(&mut self, count: usize) {
        for posting in &mut self.log[..count] {
            posting.told.get_or_insert_with(Instant::now);
        }
    }

    /// Compares the books after a start with what was told before the crash, and goes on from what is there.
    ///
    /// `unsure` is how long before the crash a promise may have been made that need not be kept: zero for strict books.
    pub(super) fn recovered(&mut self, found: &Sums, died: Instant, unsure: Duration) {
        let promised = self.log.iter().rposition(|posting| {
            posting
                .told
                .is_some_and(|told| unsure.is_zero() || told + unsure < died)
        });
        let promised = promised.map_or(0, |last| last + 1);
        let mut sums = self.base;
        let mut kept = 0;
        while sums.moved() < found.moved() && kept < self.log.len() {
            sums.apply(&self.log[kept]);
            kept += 1;
        }
        let all = self.log.len();
        if kept < promised {
            let lost = self.log[kept];
            self.finds(format!(
                "{promised} of {all} movements were told to stay, and {kept} are there; lost: {lost:?}"
            ));
        }
        self.compare(
            &sums,
            found,
            &format!("after the first {kept} of {all} movements"),
        );
        for (place, id) in std::mem::take(&mut self.grant_ids) {
            if place >= kept {
                self.grants.remove(&id);
            }
        }
        self.log.clear();
        self.held.clear();
        (self.base, self.sums) = (sums, sums);
    }

    /// Names every sum that is another than expected. What the hub itself has is compared when `found` knows it.
    pub(super) fn compare(&mut self, expected: &Sums, found: &Sums, when: &str) {
        let own = if found.own == Sums::default().own {
            found.own
        } else {
            expected.own
        };
        if *found == (Sums { own, ..*expected }) {
            return;
        }
        self.finds(format!("{when}: found {found:?}, expected {expected:?}"));
    }
}

/// The sums as somebody else tells them.
pub(super) fn sums_of(look: impl Fn(Owner, Currency) -> Balance) -> (Sums, i128) {
    let mut sums = Sums::default();
    let mut pending = 0;
    for (c, currency) in CURRENCIES.into_iter().enumerate() {
        for number in 0..ACCOUNTS {
            let balance = look(Owner::Consumer(account(number)), currency);
            sums.given[number][c] = balance.credits_posted.pico();
            sums.charged[number][c] = balance.debits_posted.pico();
            pending += balance.debits_pending.pico();
        }
        for number in 0..PROVIDERS {
            let balance = look(Owner::Provider(provider(number)), currency);
            sums.earned[number][c] = balance.posted().pico();
        }
        let own = [Owner::GrowthFund, Owner::Treasury, Owner::Burn];
        for (sum, owner) in sums.own.iter_mut().zip(own) {
            sum[c] = look(owner, currency).posted().pico();
        }
    }
    (sums, pending)
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    Consumer(AccountId),
    Provider(ProviderId),
    GrowthFund,
    Treasury,
    Burn,
}

pub(crate) fn pico(pico: i128) -> Amount {
    Amount::from_pico(pico).unwrap()
}
