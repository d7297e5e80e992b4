//! Several hubs that pay one provider, with whatever can go wrong between them: answers that are lost, writes that arrive when nobody
//! waits for them any more, hubs that die in the middle of a payout and begin again.

mod pool;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use parking_lot::Mutex;
use swan_core::ledger::{Account, AuditReport, ChargeRecord, JournalAudit, Rule, UsageBasis};
use swan_core::payout::{PayoutEvent, PayoutState};
use swan_core::testkit::ManualClock;
use swan_core::{
    AccountId, Amount, Clock, Currency, ModelId, Policy, ProviderId, RequestId, Timestamp,
    TransferId,
};
use tokio::time;

use self::pool::{Dice, Shared, Way};
use super::{Asked, PayoutError, Payouts};
use crate::ledger::{Books, BooksOptions, HoldRequest, decode};
use crate::store::{DocumentKind, Documents as _, MemoryStore, Pool, Store};

const NODES: usize = 3;
const USD: Currency = Currency::Usd;
const PROVIDER: ProviderId = ProviderId::from_u128(7);
const CONSUMER: AccountId = AccountId::from_u128(8);
const OWNER: AccountId = AccountId::from_u128(9);

fn usd(whole: u64) -> Amount {
    whole.to_string().parse().unwrap()
}

/// A hub's books and its desk.
struct Node {
    books: Books,
    desk: Payouts,
}

struct World {
    shared: Arc<Mutex<Shared>>,
    is_bad: Arc<AtomicBool>,
    clock: Arc<ManualClock>,
    policy: Arc<Policy>,
    /// Where papers are kept, which all see.
    papers: MemoryStore,
    journals: Vec<MemoryStore>,
    nodes: Vec<Node>,
    dice: Dice,
    next: u128,
    asked: Vec<TransferId>,
    credited: Vec<TransferId>,
    earned: u64,
    /// What somebody was told of a payout that has ended.
    told: BTreeMap<TransferId, PayoutState>,
}

/// What is done at once with others.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Request(TransferId, u64),
    End(TransferId, PayoutEvent),
    Credit(TransferId, u64),
}

impl World {
    async fn begin(seed: u64) -> Self {
        let mut world = Self {
            shared: Arc::new(Mutex::new(Shared::new(seed))),
            is_bad: Arc::default(),
            clock: Arc::new(ManualClock::new(Timestamp::from_millis(1_000))),
            policy: Arc::new(Policy::swan_2_0()),
            papers: MemoryStore::new(),
            journals: vec![MemoryStore::new(), MemoryStore::new(), MemoryStore::new()],
            nodes: Vec::new(),
            dice: Dice::new(seed ^ 0xD1CE),
            next: 1,
            asked: Vec::new(),
            credited: Vec::new(),
            earned: 0,
            told: BTreeMap::new(),
        };
        for node in 0..NODES {
            let begun = world.start(node).await;
            world.nodes.push(begun);
        }
        world
    }

    async fn start(&self, node: usize) -> Node {
        let way = Way {
            node,
            shared: Arc::clone(&self.shared),
            is_bad: Arc::clone(&self.is_bad),
        };
        let options = BooksOptions::default()
            .with_pool(Arc::new(way) as Arc<dyn Pool>)
            .with_lease_wait(Duration::from_secs(60));
        let journal: Arc<dyn Store> = Arc::new(self.journals[node].clone());
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let opened = Books::open(Arc::clone(&journal), clock, options).await;
        let (books, _) = opened.unwrap();
        let papers: Arc<dyn Store> = Arc::new(self.papers.clone());
        let desk = Payouts::new(&papers, &books, Some(Arc::clone(&self.policy)));
        Node { books, desk }
    }

    fn id(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    fn pick(&mut self, n: usize) -> usize {
        usize::try_from(self.dice.below(n as u64)).unwrap()
    }

    /// A provider serves somebody at a node.
    async fn earn(&mut self) {
        let (at, gross) = (self.pick(NODES), 1 + self.dice.below(30));
        let (grant, request) = (TransferId::from_u128(self.id()), self.id());
        let books = &self.nodes[at].books;
        let granted = books.grant(grant, CONSUMER, USD, usd(gross), "test").await;
        let _ = granted.unwrap();
        let asked = HoldRequest {
            request: RequestId::from_u128(request << 64),
            account: CONSUMER,
            currency: USD,
            amount: usd(gross),
            expires: Timestamp::MAX,
            policy: None,
            extended: 0,
        };
        let hold = books.hold_or_draw(asked).await.unwrap();
        let settled = hold.settle(charge(usd(gross))).unwrap();
        settled.durable().await.unwrap();
        self.earned += gross;
    }

    fn deed(&mut self) -> Deed {
        let known = self.asked.len();
        match self.dice.below(10) {
            0..=2 => {
                let id = TransferId::from_u128(self.id());
                self.asked.push(id);
                Deed::Request(id, 10 + self.dice.below(30))
            }
            // Once more, since its answer may have been lost.
            3 if known > 0 => {
                let id = self.pick(known);
                Deed::Request(self.asked[id], 10 + self.dice.below(30))
            }
            4 => {
                let id = TransferId::from_u128(self.id());
                self.credited.push(id);
                Deed::Credit(id, 1 + self.dice.below(20))
            }
            5 if !self.credited.is_empty() => {
                let id = self.pick(self.credited.len());
                Deed::Credit(self.credited[id], 1 + self.dice.below(20))
            }
            _ if known > 0 => {
                let latest = known.saturating_sub(3);
                let id = latest + self.pick(known - latest);
                let events = [PayoutEvent::Pay, PayoutEvent::Fail, PayoutEvent::Cancel];
                Deed::End(self.asked[id], events[self.pick(3)])
            }
            _ => Deed::Credit(TransferId::from_u128(1), 1),
        }
    }

    /// Does several things at once; who hangs is dead and begins again.
    async fn act(&mut self) {
        let deeds: Vec<_> = (0..1 + self.dice.below(4)).map(|_| self.deed()).collect();
        let places: Vec<_> = deeds.iter().map(|_| self.pick(NODES)).collect();
        let acts = deeds.iter().zip(&places).map(|(deed, at)| {
            let act = act(&self.nodes[*at].desk, *deed);
            time::timeout(Duration::from_secs(120), act)
        });
        let answers = join_all(acts).await;
        for ((answer, deed), at) in answers.into_iter().zip(deeds).zip(places) {
            match (answer, deed) {
                (Ok(Ok(Some(state))), Deed::End(id, _)) => {
                    let before = self.told.insert(id, state);
                    let is_same = |before| was_paid(before) == was_paid(state);
                    assert!(before.is_none_or(is_same), "{id} ended twice");
                }
                (Ok(Ok(_)), _) => {}
                (Ok(Err(error)), _) => assert!(is_expected(&error), "{deed:?}: {error}"),
                (Err(_), _) => self.restart(at).await,
            }
        }
    }

    /// Whatever the node had in memory is gone.
    async fn restart(&mut self, at: usize) {
        self.is_bad.store(false, Ordering::Relaxed);
        let begun = self.start_anew(at).await;
        self.nodes[at] = begun;
        self.is_bad.store(true, Ordering::Relaxed);
    }

    async fn start_anew(&mut self, at: usize) -> Node {
        let gone = self.nodes[at].books.clone();
        // Its journal is closed; the rest of it is not asked.
        let _closed = time::timeout(Duration::from_secs(30), gone.close()).await;
        self.start(at).await
    }

    fn till(&self) -> AuditReport {
        let mut audit = JournalAudit::new();
        for record in &self.shared.lock().till {
            for entry in decode(record).unwrap() {
                audit.observe(&entry);
            }
        }
        audit.finish()
    }

    /// Nobody was paid more than was earned, the till is sound, and the shared funds add up.
    fn check(&self) {
        let till = self.till();
        assert_eq!(till.breaches, []);
        let has = |account: Account| {
            till.ledger
                .balance(&account.in_currency(USD))
                .posted()
                .pico()
        };
        let taken = -has(Account::Earned(PROVIDER));
        let apart = has(Account::PayingOut(PROVIDER));
        let parts = [
            has(Account::ProviderEarnings(PROVIDER)),
            apart,
            has(Account::Payouts),
            has(Account::Treasury),
            has(Account::Shared(OWNER)),
        ];
        assert_eq!(parts.iter().sum::<i128>(), taken);
        assert!(taken <= usd(self.earned).pico(), "more than was earned");
        let count = |rule| till.groups.get(&rule).copied().unwrap_or_default();
        let ended = count(Rule::PayoutPaid) + count(Rule::PayoutReturned);
        let waiting = count(Rule::Payout) - ended;
        assert!(waiting <= 1, "one waits at a time");
        assert_eq!(waiting == 0, apart == 0);
        let shared = self.shared.lock();
        let credits = shared.grants.values().filter(|one| one.account == OWNER);
        let credits: Vec<_> = credits.map(|one| one.amount.pico()).collect();
        assert_eq!(credits.len() as u64, count(Rule::EarningsCredit));
        assert_eq!(credits.iter().sum::<i128>(), has(Account::Shared(OWNER)));
        let granted: i128 = shared.grants.values().map(|one| one.amount.pico()).sum();
        let free: i128 = shared.free.values().map(|one| one.pico()).sum();
        let drawn: i128 = shared.slices.values().map(|one| one.pico()).sum();
        assert_eq!(free + drawn, granted);
    }

    /// When all is well again, every payout that waits can be ended at any hub, and everything is where it belongs.
    async fn end(mut self) {
        self.is_bad.store(false, Ordering::Relaxed);
        time::sleep(Duration::from_secs(5)).await;
        let papers = self
            .papers
            .page(DocumentKind::Payout, None, u64::MAX, 10_000);
        let mut paid = BTreeSet::new();
        for record in papers.await.unwrap() {
            let id: TransferId = record.document.name.parse().unwrap();
            let at = self.pick(NODES);
            let desk = &self.nodes[at].desk;
            let Some(mut payout) = desk.find(id).await.unwrap() else {
                assert!(!self.told.contains_key(&id), "it never happened");
                continue;
            };
            if payout.state == PayoutState::Requested {
                assert!(!self.told.contains_key(&id));
                payout = desk.end(None, id, PayoutEvent::Fail, "over").await.unwrap();
            }
            if let Some(told) = self.told.get(&id) {
                assert_eq!(
                    was_paid(*told),
                    was_paid(payout.state),
                    "what was told stands"
                );
            }
            if payout.state == PayoutState::Paid {
                paid.insert((id, payout.paper.amount));
            }
        }
        self.check();
        let till = self.till();
        let credited = till
            .ledger
            .balance(&Account::Shared(OWNER).in_currency(USD));
        let paid = Amount::checked_sum(paid.into_iter().map(|(_, amount)| amount)).unwrap();
        let gone = paid.checked_add(credited.posted()).unwrap();
        for node in &self.nodes {
            let all = node.books.earnings_everywhere(PROVIDER, USD).await.unwrap();
            assert_eq!(all.posted(), usd(self.earned).checked_sub(gone).unwrap());
        }
    }
}

async fn act(desk: &Payouts, deed: Deed) -> Result<Option<PayoutState>, PayoutError> {
    match deed {
        Deed::Request(id, amount) => {
            let asked = Asked {
                id,
                provider: PROVIDER,
                currency: USD,
                amount: usd(amount),
                destination: None,
                by: "a test",
            };
            desk.request(&asked).await.map(|_| None)
        }
        Deed::End(id, event) => {
            let ended = desk.end(None, id, event, "a test").await?;
            Ok(Some(ended.state))
        }
        Deed::Credit(id, amount) => {
            let whose = (id, PROVIDER, OWNER);
            desk.to_credit(whose, (USD, usd(amount)))
                .await
                .map(|()| None)
        }
    }
}

fn was_paid(state: PayoutState) -> bool {
    state == PayoutState::Paid
}

/// What may be answered whatever happens; nothing is damaged, and nothing is for a hub that is alone.
fn is_expected(error: &PayoutError) -> bool {
    use crate::ledger::LedgerError;
    match error {
        PayoutError::Pending(_)
        | PayoutError::TooSoon(..)
        | PayoutError::TooLittle { .. }
        | PayoutError::Unknown
        | PayoutError::Ended(_) => true,
        // The same number was for another sum before.
        PayoutError::Ledger(LedgerError::Duplicate) => true,
        error => error.is_retryable(),
    }
}

fn charge(gross: Amount) -> ChargeRecord {
    ChargeRecord {
        model: ModelId::new("m").unwrap(),
        provider: Some(PROVIDER),
        prompt_tokens: 1,
        cached_tokens: 0,
        completion_tokens: 1,
        images: 0,
        audio_ms: 0,
        basis: UsageBasis::Reported,
        gross,
        provider_share: gross,
        growth_fund: Amount::ZERO,
        treasury: Amount::ZERO,
        burn: Amount::ZERO,
        key: None,
        usd: None,
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_paid_more_than_was_earned_whatever_goes_wrong() {
    for seed in 1..=3 {
        let mut world = World::begin(seed).await;
        for _ in 0..40 {
            world.is_bad.store(false, Ordering::Relaxed);
            world.earn().await;
            world.is_bad.store(true, Ordering::Relaxed);
            world.act().await;
            world.check();
            let minutes = world.dice.below(90);
            world.clock.advance(Duration::from_secs(minutes * 60));
        }
        world.end().await;
    }
}
