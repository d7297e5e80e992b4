//! A provider with collateral, in a hub whose processor breaks when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use swan_core::ledger::Account;
use swan_core::{Clock as _, Currency, ProviderId, TransferId};
use swan_hub::store::{DocumentKind, KeyKind, MemoryStore, NewDocument, Store};
use swan_hub::{CollateralNews, HubBuilder};

use super::stub::Stub;
use super::{Till, placed};
use crate::gateway::http::{Answer, Call};
use crate::gateway::until;
use crate::ledger::audit;

pub(super) const PROVIDER: ProviderId = ProviderId::from_u128(0x77);
/// Whose collateral changes when it is to be seen that the hub has looked.
const MARKED: ProviderId = ProviderId::from_u128(u128::MAX);
/// So that no two marks are one.
static MARKS: AtomicU64 = AtomicU64::new(1);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) struct Pledge {
    pub(super) till: Till,
    pub(super) store: Arc<MemoryStore>,
    pub(super) key: String,
}

impl Pledge {
    pub(super) async fn open() -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::over(store, Stub::start().await, |builder| builder).await
    }

    pub(super) async fn over(
        store: Arc<MemoryStore>,
        stub: Stub,
        change: impl FnOnce(HubBuilder) -> HubBuilder,
    ) -> Self {
        let own = Arc::new((*store).clone()) as Arc<dyn Store>;
        let till = Till::over(own, stub, change).await;
        let key = till.market.issue(KeyKind::Provider(PROVIDER), 901).await;
        Self { till, store, key }
    }

    /// The hub ends, and another goes on with its store, at the same time of day.
    pub(super) async fn restart(self) -> Self {
        let (store, stub, now) = (self.store, self.till.stub, self.till.clock);
        let mut market = self.till.market;
        market.begin_shutdown();
        market.stopped().await.unwrap();
        let clock = Arc::new(now.clone());
        let next = Self::over(store, stub, move |builder| builder.with_clock(clock));
        let mut next = next.await;
        next.till.clock = now;
        next
    }

    pub(super) async fn post(&self, key: &str, path: &str, body: Value) -> Answer {
        Call::post(self.till.market.address, path)
            .header("authorization", &format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
    }

    /// What the provider does.
    pub(super) async fn own(&self, what: &str, body: Value) -> Answer {
        let path = format!("/v1/provider/collateral/{what}");
        self.post(&self.key, &path, body).await
    }

    /// What an administrator does.
    pub(super) async fn ordered(&self, what: &str, body: Value) -> Answer {
        let path = format!("/api/v1/admin/providers/{PROVIDER}/collateral/{what}");
        self.post(&self.till.admin, &path, body).await
    }

    /// Pays so much by card; answers the order and the payment.
    pub(super) async fn paid(&self, usd: &str) -> (String, String) {
        let answer = self.own("deposits", json!({"amount": usd})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let (id, session) = placed(&answer.json());
        let payment = self.till.stub.pay(&session);
        let event = self.till.stub.event("payment_intent.succeeded", &payment);
        assert_eq!(self.till.tell(&event).await, "booked");
        assert_eq!(self.till.tell(&event).await, "exists");
        (id, payment)
    }

    /// The collateral in US dollars, as the provider sees it.
    pub(super) async fn bond(&self) -> Value {
        let call = Call::get(self.till.market.address, "/v1/provider/collateral");
        let call = call.header("authorization", &format!("Bearer {}", self.key));
        let answer = call.send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["accounts"][0].clone()
    }

    /// Free, locked, impounded, leaving, returned, slashed, taken back and owed.
    pub(super) async fn pockets(&self) -> [String; 8] {
        let bond = self.bond().await;
        let names = [
            "free",
            "locked",
            "impounded",
            "leaving",
            "returned",
            "slashed",
            "taken_back",
            "owed",
        ];
        names.map(|name| bond[name].as_str().unwrap().to_owned())
    }

    /// The journal is right, and says the same of what is there.
    pub(super) async fn is_booked(&self) {
        let mut pockets = self.pockets().await;
        loop {
            let (found, owed) = self.booked().await;
            let after = self.pockets().await;
            // The hub's own clock may have moved something meanwhile.
            if after == pockets {
                assert_eq!(found[..], pockets[..4]);
                assert_eq!(owed, pockets[7]);
                return;
            }
            pockets = after;
        }
    }

    /// What the provider's accounts hold, and what it owes, by the journal.
    async fn booked(&self) -> ([String; 4], String) {
        self.till.market.hub.books().flush().await.unwrap();
        let report = audit(&*self.store).await;
        assert_eq!(report.breaches, []);
        assert!(report.trial_balance.iter().all(|row| row.is_balanced()));
        let held = [
            Account::Collateral(PROVIDER),
            Account::CollateralLocked(PROVIDER),
            Account::CollateralImpounded(PROVIDER),
            Account::CollateralLeaving(PROVIDER),
        ];
        let balance = |account: Account| {
            let key = account.in_currency(Currency::Usd);
            report.ledger.balance(&key)
        };
        let owed = balance(Account::CollateralOwed(PROVIDER)).given();
        let held = held.map(|account| balance(account).posted().to_string());
        (held, owed.to_string())
    }

    /// What an account of the hub has, by the journal.
    pub(super) async fn balance(&self, account: Account) -> String {
        self.till.market.hub.books().flush().await.unwrap();
        let report = audit(&*self.store).await;
        let key = account.in_currency(Currency::Usd);
        report.ledger.balance(&key).posted().to_string()
    }

    /// Waits until the hub has looked at everybody's collateral since now: what another program writes down is booked at the
    /// beginning of a look, so that with the second the look of the first is over.
    pub(super) async fn is_looked_at(&self) {
        for _ in 0..2 {
            let nth = MARKS.fetch_add(1, Ordering::Relaxed);
            let id = TransferId::from_u128(0xca11 << 64 | u128::from(nth));
            let act = json!({"id": id, "amount": "1", "source": "grant", "topup": null, "reference": "a mark"});
            let body = json!({"provider": MARKED, "currency": "SWAN", "at_ms": self.till.clock.now(), "by": "a test",
                "policy": null, "act": {"deposited": act}});
            let mark = NewDocument {
                kind: DocumentKind::Collateral,
                owner: MARKED.as_u128(),
                name: format!("deposit {id}"),
                body: body.to_string(),
            };
            let _there = self.store.documents().add_document(&mark).await.unwrap();
            let books = self.till.market.hub.books();
            until(|| books.knows(id)).await;
        }
    }

    /// Lets time pass, and waits until the collateral is so.
    pub(super) async fn comes_to(&self, pass: Duration, what: &str, expected: &str) -> Value {
        self.till.clock.advance(pass);
        for _ in 0..4_000 {
            let bond = self.bond().await;
            if bond.pointer(what).is_some_and(|found| found == expected) {
                return bond;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{what} is not {expected}: {:#}", self.bond().await);
    }

    /// Lets time pass until the collateral is so.
    pub(super) async fn ends_as(&self, what: &str, expected: &str) {
        for turn in 0..4_000 {
            if self
                .bond()
                .await
                .pointer(what)
                .is_some_and(|found| found == expected)
            {
                return;
            }
            if turn % 20 == 19 {
                self.till.clock.advance(Duration::from_secs(600));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{what} is not {expected}: {:#}", self.bond().await);
    }

    /// Asks for so much back; answers the withdrawal.
    pub(super) async fn ask_back(&self, body: Value) -> String {
        let answer = self.own("withdrawals", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let bond = &answer.json()["accounts"][0];
        bond["withdrawals"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Decides a penalty; answers its id.
    pub(super) async fn punish(&self, body: Value) -> String {
        let answer = self.ordered("penalties", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let penalties = answer.json()["accounts"][0]["penalties"].clone();
        let held = penalties.as_array().unwrap().iter();
        let mut held = held.filter(|penalty| penalty["state"] == "held");
        held.next_back().unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub(super) fn told(&self, news: CollateralNews) -> usize {
        let all = self.till.news.1.lock();
        all.iter().filter(|event| event.news == news).count()
    }
}
