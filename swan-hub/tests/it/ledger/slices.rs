//! Holds that are extended while their requests run: whatever happens in whatever order, nothing is charged that was not held,
//! nobody spends what is not there, and nothing stays on hold.

use std::sync::Arc;

use proptest::prelude::*;
use swan_core::{Currency, Timestamp};
use swan_hub::ledger::{Books, Hold, LedgerError};
use swan_hub::store::{MemoryStore, Store};

use super::{ACCOUNT, audit, charge, funded, grant, open, pico, request};

const USD: Currency = Currency::Usd;
const FUNDS: i128 = 2_000;

/// What happens next; the numbers choose a running request and an amount.
#[derive(Clone, Debug)]
enum Step {
    Begin(i128),
    Extend(usize, i128),
    Charge(usize, u8),
    Cancel(usize),
    TopUp(i128),
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1_i128..400).prop_map(Step::Begin),
        10 => (any::<usize>(), 1_i128..900).prop_map(|(which, more)| Step::Extend(which, more)),
        4 => (any::<usize>(), 0_u8..=100).prop_map(|(which, part)| Step::Charge(which, part)),
        3 => any::<usize>().prop_map(Step::Cancel),
        1 => (1_i128..500).prop_map(Step::TopUp),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..60)
}

/// The books, and what must be on them by plain sums.
struct World {
    store: Arc<MemoryStore>,
    books: Books,
    running: Vec<Hold>,
    funds: i128,
    paid: i128,
    next: u128,
}

impl World {
    async fn step(&mut self, step: Step) {
        match step {
            Step::Begin(amount) => {
                self.next += 1;
                let fits = amount <= self.available();
                let hold = self.books.hold(request(self.next, amount));
                assert_eq!(hold.is_ok(), fits);
                self.running.extend(hold);
            }
            Step::Extend(which, more) => self.extend(which, more),
            Step::Charge(which, part) => {
                let Some(hold) = self.take(which) else { return };
                let gross = hold.amount().pico() * i128::from(part) / 100;
                hold.settle(charge(gross)).unwrap().durable().await.unwrap();
                self.paid += gross;
            }
            Step::Cancel(which) => drop(self.take(which)),
            Step::TopUp(amount) => {
                self.next += 1;
                grant(&self.books, self.next, amount).await.unwrap();
                self.funds += amount;
            }
            Step::Crash => self.crash().await,
        }
    }

    fn extend(&mut self, which: usize, more: i128) {
        let available = self.available();
        let running = self.running.len().max(1);
        let Some(hold) = self.running.get_mut(which % running) else {
            return;
        };
        let (before, later) = (hold.amount(), Timestamp::from_millis(900_000));
        let extended = hold.extend(pico(before.pico() + more), later);
        if more <= available {
            extended.unwrap();
            assert_eq!(hold.amount(), pico(before.pico() + more));
            assert_eq!(hold.terms().expires, later);
        } else {
            let refused = extended.unwrap_err();
            assert!(
                matches!(refused, LedgerError::InsufficientFunds { .. }),
                "{refused}"
            );
            assert_eq!(hold.amount(), before, "it is as it was");
        }
    }

    /// What has not been written is lost, and what runs dies.
    async fn crash(&mut self) {
        let found = Arc::new(MemoryStore::new());
        for record in self.store.read(1, u32::MAX).await.unwrap() {
            found.append(&record).await.unwrap();
        }
        for hold in self.running.drain(..) {
            std::mem::forget(hold);
        }
        self.books = open(found.clone()).await.unwrap().0;
        self.store = found;
        assert_eq!(self.books.pending_count(), 0);
    }

    fn take(&mut self, which: usize) -> Option<Hold> {
        let running = self.running.len();
        (running > 0).then(|| self.running.swap_remove(which % running))
    }

    fn available(&self) -> i128 {
        let held: i128 = self.running.iter().map(|hold| hold.amount().pico()).sum();
        self.funds - self.paid - held
    }

    fn check(&self) {
        assert_eq!(self.books.available(ACCOUNT, USD).pico(), self.available());
        assert!(self.available() >= 0);
        assert_eq!(self.books.pending_count(), self.running.len());
        assert_eq!(self.books.audit(), []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_sequence_of_slices_charges_no_more_than_was_held(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = Arc::new(MemoryStore::new());
            let books = funded(Arc::clone(&store) as Arc<dyn Store>, FUNDS).await;
            let mut world = World { store, books, running: Vec::new(), funds: FUNDS, paid: 0, next: 100 };
            for step in steps {
                world.step(step).await;
                world.check();
            }
            world.running.clear();
            world.check();
            world.books.close().await.unwrap();
            let report = audit(&*world.store).await;
            prop_assert_eq!(report.breaches, vec![]);
            prop_assert_eq!(report.pending, 0);
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn more_is_set_aside_while_the_store_is_away_and_not_after_the_time_of_the_hold() {
    use super::faulty::{Fault, FaultyStore};

    let store = Arc::new(FaultyStore::new(Fault::Fails, 1, 20));
    let books = funded(store.clone(), 1_000).await;
    let mut hold = books.hold(request(10, 100)).unwrap();
    let other = books.hold(request(11, 100)).unwrap();
    let settled = other.settle(charge(1)).unwrap();
    while books.is_available() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(books.hold(request(12, 1)).is_err(), "nothing new");
    hold.extend(pico(300), hold.terms().expires).unwrap();
    settled.durable().await.unwrap();
    hold.settle(charge(300)).unwrap().durable().await.unwrap();
    assert_eq!(books.available(ACCOUNT, USD), pico(699));
    books.close().await.unwrap();
    let report = audit(&*store).await;
    assert_eq!((report.breaches.as_slice(), report.pending), (&[][..], 0));
}
