//! Deposits as told by scripted nodes that lie, over a chain that forks.

mod always;
mod bonus;
mod courses;
mod pledges;
#[cfg(feature = "chain")]
mod rpc;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::ledger::Account;
use swan_core::pricing::SwanIncentive;
use swan_core::testkit::ManualClock;
use swan_core::{
    AccountId, Amount, Clock as _, Currency, KeyId, Policy, ProviderId, RequestId, Timestamp,
};

use self::world::{Act, CHAIN, CONTRACT, Lie, Scripted, TREASURY, World, tokens};
use super::desk::{Deposits, Watched};
use super::watch::{Ground, Memory, WatchError};
use super::{
    ChainNode, Deposit, DepositEvent, DepositNews, DepositOptions, DepositState, Finality,
};
use crate::admission::KeyLimits;
use crate::collateral::{Bond, Collateral};
use crate::events::{EventSink, RequestRecord};
use crate::ledger::{Books, BooksOptions, Hold, HoldRequest};
use crate::store::{
    AccountRecord, DepositsOf, KeyKind, KeyRecord, KeyRing, MemoryStore, Secret, Store,
};

/// With so many blocks on it, itself counted, a block counts.
const CONFIRMATIONS: u64 = 4;
const ACCOUNTS: [u128; 2] = [1, 2];
/// The providers that the hub knows; accounts and providers of one number are not the same.
const PROVIDERS: [u128; 2] = [1, 2];

/// Keeps what happened.
#[derive(Debug, Default)]
struct News(Mutex<Vec<DepositEvent>>);

impl EventSink for News {
    fn on_request(&self, _: &RequestRecord) {}

    fn on_deposit(&self, event: &DepositEvent) {
        self.0.lock().push(event.clone());
    }
}

/// A hub's deposits over a scripted chain.
struct Scene {
    world: Arc<Mutex<World>>,
    nodes: Vec<Arc<Scripted>>,
    news: Arc<News>,
    clock: ManualClock,
    store: Arc<dyn Store>,
    ground: Ground,
    memory: Memory,
}

impl Scene {
    async fn open(nodes: usize) -> Self {
        Self::open_under(nodes, Policy::swan_2_0()).await
    }

    async fn open_under(nodes: usize, policy: Policy) -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let nodes: Vec<_> = (0..nodes)
            .map(|n| Scripted::of(&world, &format!("node {n}")))
            .collect();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        for id in ACCOUNTS {
            let record = AccountRecord {
                id: AccountId::from_u128(id),
                name: format!("account {id}"),
                created: clock.now(),
                limits: KeyLimits::default(),
            };
            store.put_account(&record).await.unwrap();
        }
        for id in PROVIDERS {
            let provider = KeyKind::Provider(ProviderId::from_u128(id));
            let record = KeyRecord {
                id: KeyId::from_u128(id),
                kind: provider,
                name: format!("provider {id}"),
                created: clock.now(),
                revoked: None,
                limits: KeyLimits::default(),
            };
            let secret = Secret::generate(provider).unwrap();
            store.put_key(&secret.hash(), &record).await.unwrap();
        }
        let news = Arc::new(News::default());
        let asked: Vec<Arc<dyn ChainNode>> = nodes
            .iter()
            .map(|node| Arc::clone(node) as Arc<dyn ChainNode>)
            .collect();
        let options = DepositOptions::new(CHAIN, (CONTRACT, TREASURY), tokens(), nodes.len())
            .with_finality(Finality::Confirmations(CONFIRMATIONS))
            .with_start_block(1)
            .with_range_blocks(8);
        let options = Arc::new(options);
        let desk = Deposits::new(Watched {
            options: Arc::clone(&options),
            nodes: asked.clone(),
        });
        let ground = Ground {
            options,
            nodes: asked,
            books: books(&store, &clock).await,
            keys: KeyRing::load(&*store).await.unwrap(),
            store: Arc::clone(&store),
            clock: Arc::new(clock.clone()),
            events: Arc::clone(&news) as Arc<dyn EventSink>,
            desk: Arc::new(desk),
            collateral: Collateral::open(&*store).await.unwrap(),
            policy: Arc::new(policy),
            started: clock.now(),
        };
        let memory = Memory::new("a".into(), &ground);
        Self {
            world,
            nodes,
            news,
            clock,
            store,
            ground,
            memory,
        }
    }

    /// As a hub that was killed and started again.
    async fn restart(&mut self) {
        self.ground.books.close().await.unwrap();
        self.ground.books = books(&self.store, &self.clock).await;
        self.ground.collateral = Collateral::open(&*self.store).await.unwrap();
        self.memory = Memory::new("b".into(), &self.ground);
    }

    fn mine(&self, acts: &[Act]) {
        self.world.lock().mine(acts);
    }

    /// So that everything that was mined before counts.
    fn bury(&self) {
        for _ in 1..CONFIRMATIONS {
            self.mine(&[]);
        }
    }

    async fn turn(&mut self) -> Result<bool, WatchError> {
        self.ground.turn(&mut self.memory).await
    }

    async fn read(&mut self) {
        assert!(self.turn().await.unwrap());
    }

    fn has(&self, account: u128, currency: Currency) -> String {
        let account = AccountId::from_u128(account);
        self.ground.books.available(account, currency).to_string()
    }

    fn owes(&self, account: u128, currency: Currency) -> String {
        let account = AccountId::from_u128(account);
        self.ground.books.shortfall(account, currency).to_string()
    }

    fn bond(&self, provider: u128, currency: Currency) -> Bond {
        let provider = ProviderId::from_u128(provider);
        self.ground.collateral.bond(provider, currency)
    }

    /// What is free of a provider's collateral, by its records and by the books, and what it owes.
    fn pledged(&self, provider: u128, currency: Currency) -> (String, String) {
        let account = self.bond(provider, currency).account;
        let key = Account::Collateral(ProviderId::from_u128(provider)).in_currency(currency);
        let booked = self.ground.books.balance_of(&key).posted();
        assert_eq!(booked, account.free(), "the books say what the records say");
        (account.free().to_string(), account.owed().to_string())
    }

    async fn deposits(&self) -> Vec<Deposit> {
        let all = self
            .store
            .deposits()
            .page(DepositsOf::Everybody, None, 10_000)
            .await;
        let all = all.unwrap();
        all.iter().map(|it| Deposit::read(it).unwrap()).collect()
    }

    async fn states(&self) -> Vec<DepositState> {
        let mut deposits = self.deposits().await;
        deposits.sort_by_key(|deposit| (deposit.block, deposit.log));
        deposits.iter().map(|deposit| deposit.state).collect()
    }

    fn count(&self, news: DepositNews) -> usize {
        let all = self.news.0.lock();
        all.iter().filter(|event| event.news == news).count()
    }

    /// Sets this aside, as a request does.
    fn hold(&self, account: u128, usd: &str) -> Hold {
        self.ground.books.hold(hold_of(account, usd)).unwrap()
    }

    /// What every account, or every provider, should have, by the chain alone.
    fn expected(&self, are_providers: bool) -> BTreeMap<(u128, Currency), Amount> {
        let world = self.world.lock();
        let last = world.height().saturating_sub(CONFIRMATIONS - 1);
        let mut sums: BTreeMap<(u128, Currency), Amount> = BTreeMap::new();
        for act in world.acts(last) {
            let (token, account, units) = match act {
                Act::Deposit(token, id, units) if !are_providers => (token, id, units),
                Act::Pledge(token, id, units) if are_providers => (token, id, units),
                _ => continue,
            };
            if !ACCOUNTS.contains(&account) {
                continue;
            }
            let token = &tokens()[usize::from(token)];
            // Twelve places: of 18 the last six are dust.
            let pico = match token.decimals {
                6 => units * 1_000_000,
                _ => units / 1_000_000,
            };
            let sum = sums.entry((account, token.currency)).or_default();
            let amount = Amount::from_pico(pico.try_into().unwrap()).unwrap();
            *sum = sum.checked_add(amount).unwrap();
            if let (Currency::Swan, SwanIncentive::DepositBonus(bonus), false) = (
                token.currency,
                self.ground.policy.payment().swan(),
                are_providers,
            ) {
                *sum = sum.checked_add(amount.share(bonus.points())).unwrap();
            }
        }
        sums
    }
}

fn hold_of(account: u128, usd: &str) -> HoldRequest {
    HoldRequest {
        request: RequestId::from_u128(77),
        account: AccountId::from_u128(account),
        currency: Currency::Usd,
        amount: usd.parse().unwrap(),
        expires: Timestamp::MAX,
        policy: None,
        extended: 0,
    }
}

async fn books(store: &Arc<dyn Store>, clock: &ManualClock) -> Books {
    let clock = Arc::new(clock.clone());
    let opened = Books::open(Arc::clone(store), clock, BooksOptions::default());
    opened.await.unwrap().0
}
