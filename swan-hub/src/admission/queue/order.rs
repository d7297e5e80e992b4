//! Who is next (start-time fair queueing): accounts take turns, however many requests each of them has waiting.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use swan_core::AccountId;

/// The place of one waiting request: its virtual start, and its number among those that start at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    start: u64,
    number: u64,
}

/// Waiting requests in the order in which they are to be served.
///
/// Each request lasts one unit of virtual time for its account. It starts when its account's last one has ended, or now if
/// that is later; now is where the last one that was served has started. So an account that was quiet comes at once, and one
/// that has a thousand waiting stands behind itself only.
#[derive(Debug)]
pub(super) struct FairOrder<T> {
    waiting: BTreeMap<Place, (AccountId, T)>,
    accounts: HashMap<AccountId, Account>,
    now: u64,
    numbers: u64,
}

#[derive(Debug, Default)]
struct Account {
    waiting: usize,
    /// When its last request ends.
    end: u64,
}

impl<T> Default for FairOrder<T> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            accounts: HashMap::new(),
            now: 0,
            numbers: 0,
        }
    }
}

impl<T> FairOrder<T> {
    pub(super) fn join(&mut self, account: AccountId, what: T) -> Place {
        let own = self.accounts.entry(account).or_default();
        let start = own.end.max(self.now);
        own.end = start + 1;
        own.waiting += 1;
        let number = self.numbers;
        self.numbers += 1;
        let place = Place { start, number };
        self.waiting.insert(place, (account, what));
        place
    }

    /// Takes a request out that is served now.
    pub(super) fn serve(&mut self, place: Place) -> Option<T> {
        let (account, what) = self.waiting.remove(&place)?;
        self.now = self.now.max(place.start);
        if let Some(own) = self.accounts.get_mut(&account) {
            own.waiting -= 1;
        }
        self.forget();
        Some(what)
    }

    /// Takes a request out that does not wait any longer. Its unit goes back to its account, unless another stands behind it.
    pub(super) fn leave(&mut self, place: Place) -> Option<T> {
        let (account, what) = self.waiting.remove(&place)?;
        if let Some(own) = self.accounts.get_mut(&account) {
            own.waiting -= 1;
            if own.end == place.start + 1 {
                own.end = place.start;
            }
        }
        self.forget();
        Some(what)
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut T> {
        self.waiting.get_mut(&place).map(|(_, what)| what)
    }

    /// Everybody, in order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.waiting.values_mut().map(|(_, what)| what)
    }

    /// Everybody who is served after `place`, in order.
    pub(super) fn after_mut(&mut self, place: Place) -> impl Iterator<Item = &mut T> {
        self.waiting
            .range_mut((Bound::Excluded(place), Bound::Unbounded))
            .map(|(_, (_, what))| what)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn waiting_of(&self, account: AccountId) -> usize {
        self.accounts.get(&account).map_or(0, |own| own.waiting)
    }

    /// How many at most are served before a new request of this account: all that wait, or its own and as many of each other
    /// account.
    pub(super) fn ahead_of(&self, account: AccountId) -> usize {
        let own = self.waiting_of(account);
        let others = self.accounts.values().filter(|other| other.waiting > 0);
        let active = others.count() - usize::from(own > 0);
        // One that has been served lately starts later than one that has not; it stands behind all others at worst.
        let behind = self.accounts.get(&account).map_or(0, |own| own.end);
        let late = usize::try_from(behind.saturating_sub(self.now)).unwrap_or(usize::MAX);
        let rounds = late.max(own).saturating_add(1);
        own.saturating_add(rounds.saturating_mul(active))
            .min(self.len())
    }

    /// Accounts whose last request has ended in virtual time are as new ones.
    fn forget(&mut self) {
        if self.waiting.is_empty() {
            self.accounts.clear();
            self.now = 0;
        } else if self.accounts.len() > 2 * self.waiting.len() + 16 {
            let now = self.now;
            self.accounts
                .retain(|_, own| own.waiting > 0 || own.end > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(number: u128) -> AccountId {
        AccountId::from_u128(number)
    }

    fn first<T>(order: &FairOrder<T>) -> Option<Place> {
        order.waiting.keys().next().copied()
    }

    #[test]
    fn one_with_a_thousand_does_not_keep_out_one_with_one() {
        let mut order = FairOrder::default();
        for _ in 0..1_000 {
            order.join(account(1), 1);
        }
        for _ in 0..10 {
            let place = first(&order).unwrap();
            assert_eq!(order.serve(place), Some(1));
        }
        assert_eq!(order.ahead_of(account(2)), 1);
        order.join(account(2), 2);
        let served: Vec<_> = (0..3)
            .filter_map(|_| {
                let place = first(&order)?;
                order.serve(place)
            })
            .collect();
        assert!(served[..2].contains(&2), "{served:?}");
    }

    proptest! {
        /// Of two accounts that wait all the time, neither is served two more often than the other.
        #[test]
        fn accounts_that_wait_are_served_alike(
            counts in prop::collection::vec(5_usize..60, 2..8),
            left in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let mut order = FairOrder::default();
            let mut places = Vec::new();
            for (number, count) in (0_u128..).zip(&counts) {
                for _ in 0..*count {
                    places.push(order.join(account(number), number));
                }
            }
            for index in left {
                order.leave(places[index.index(places.len())]);
            }
            let all: Vec<usize> = (0_u128..).zip(&counts)
                .map(|(number, _)| order.waiting_of(account(number)))
                .collect();
            let least = all.iter().min().copied().unwrap_or(0);
            let mut served = vec![0_usize; counts.len()];
            // As long as nobody has run out.
            for _ in 0..least.saturating_sub(2) * counts.len() / 2 {
                let place = first(&order).unwrap();
                let number = order.serve(place).unwrap();
                served[usize::try_from(number).unwrap()] += 1;
                let (few, many) = (served.iter().min().unwrap(), served.iter().max().unwrap());
                // Those who left have left gaps of one unit each.
                prop_assert!(many - few <= 1 + 10, "{served:?}");
            }
            while let Some(place) = first(&order) {
                prop_assert!(order.serve(place).is_some());
            }
            prop_assert_eq!(order.accounts.len(), 0, "nothing is kept of an empty queue");
        }
    }
}
