//! Payments by card at several hubs on one database: whichever is told of them, each is booked once, and what they bring or take is of
//! the funds that all share.

mod always;
mod at_once;
mod dying;
mod low_balance;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use swan_core::{Amount, Currency, ProviderId, RequestId};
use swan_hub::ledger::{BooksOptions, Hold, HoldRequest, LedgerError};
use swan_hub::payments::PaymentNews;
use swan_hub::store::{KeyKind, Pool, PostgresStore};

use swan_hub::MarketOptions;

use super::stub::Stub;
use super::{SECRET, Till, sign};
use crate::gateway::nodes_payouts::{check, know};
use crate::gateway::payouts::{post, refused};
use crate::gateway::rand_id;
use crate::postgres;
use crate::postgres::server::Server;

/// Two hubs with one card processor.
struct Tills {
    url: String,
    stub: Stub,
    all: [Till; 2],
}

async fn node(url: &str, name: &str) -> PostgresStore {
    let store = postgres::open(url).await.unwrap();
    store.as_node(name, Duration::from_secs(30))
}

/// A hub whose view of what is shared may be another than its store's.
async fn till(store: PostgresStore, pool: Arc<dyn Pool>, stub: &Stub) -> Till {
    let books = BooksOptions::default()
        .with_pool(pool)
        .with_idle(Duration::from_millis(300));
    let mut market = MarketOptions::default();
    market.low_balance = Some("5".parse().unwrap());
    Till::over(Arc::new(store), stub.clone(), |builder| {
        builder.with_books(books).with_market(market)
    })
    .await
}

impl Tills {
    async fn open() -> Self {
        let url = Server::shared().await.database().await;
        let stub = Stub::start().await;
        let (a, b) = (node(&url, "a").await, node(&url, "b").await);
        let [at_a, at_b] = [&a, &b].map(|node| node.shared_funds().unwrap());
        let mut one = till(a, at_a, &stub).await;
        // Its keys take the place of the first one's, which has the same account.
        let two = till(b, at_b, &stub).await;
        know(&one.market).await;
        one.admin.clone_from(&two.admin);
        one.market.key.clone_from(&two.market.key);
        let all = [one, two];
        let tills = Self { url, stub, all };
        // What each market begins with.
        tills.spend(0, "10").await;
        tills
    }

    /// Tells a hub, and again while another works on the same order.
    async fn tell(&self, at: usize, event: &str) {
        let begun = Instant::now();
        let till = &self.all[at];
        loop {
            let signature = sign(SECRET, till.now_secs(), event);
            let answer = till.signed(event, &signature).send().await;
            if answer.status == 200 {
                return;
            }
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(begun.elapsed() < Duration::from_secs(10));
        }
    }

    /// An order of $20 that was paid, and told of at both, in any order and more than once.
    async fn paid(&self) -> (String, String) {
        let (id, session) = self.all[1].order("20").await;
        let payment = self.stub.pay(&session);
        let done = self.stub.event("checkout.session.completed", &session);
        let paid = self.stub.event("payment_intent.succeeded", &payment);
        tokio::join!(
            self.tell(0, &done),
            self.tell(1, &paid),
            self.tell(0, &paid),
            self.tell(1, &done),
        );
        self.have("20").await;
        (id, payment)
    }

    /// Waits until both hubs say that the account has this.
    async fn have(&self, usd: &str) {
        let (begun, usd) = (Instant::now(), usd.parse::<Amount>().unwrap());
        for till in &self.all {
            loop {
                let books = till.market.hub.books();
                let account = till.market.account;
                let all = books.balance_everywhere(account, Currency::Usd).await;
                let has = all.unwrap().posted();
                if has == usd {
                    break;
                }
                assert!(begun.elapsed() < Duration::from_secs(10), "{has}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Waits until both hubs say that it owes this.
    async fn owe(&self, usd: &str) {
        let (begun, usd) = (Instant::now(), usd.parse::<Amount>().unwrap());
        for till in &self.all {
            let (books, account) = (till.market.hub.books(), till.market.account);
            while books.shortfall(account, Currency::Usd) != usd
                || books.is_frozen(account) == usd.is_zero()
            {
                assert!(begun.elapsed() < Duration::from_secs(10));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// How often this was told by both together.
    fn count(&self, news: PaymentNews) -> usize {
        self.all.iter().map(|till| till.count(news)).sum()
    }

    async fn hold(&self, at: usize, usd: &str) -> Result<Hold, LedgerError> {
        let till = &self.all[at];
        let asked = HoldRequest {
            request: RequestId::from_u128(u128::from(rand_id())),
            account: till.market.account,
            amount: usd.parse().unwrap(),
            expires: swan_core::Timestamp::MAX,
            ..crate::ledger::request(1, 1)
        };
        till.market.hub.books().hold_or_draw(asked).await
    }

    /// Spends what is there, if not here then in a moment.
    async fn spend(&self, at: usize, usd: &str) {
        let begun = Instant::now();
        let held = loop {
            match self.hold(at, usd).await {
                Ok(held) => break held,
                Err(LedgerError::InsufficientFunds { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            assert!(begun.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let amount: Amount = usd.parse().unwrap();
        let settled = held.settle(crate::ledger::charge(amount.pico()));
        settled.unwrap().durable().await.unwrap();
    }
}

#[tokio::test]
async fn a_payment_told_at_two_hubs_many_times_is_credited_once_and_spent_at_both() {
    let tills = Tills::open().await;
    tills.paid().await;
    tills.spend(0, "8").await;
    tills.spend(1, "8").await;
    tills.have("4").await;
    let short = tills.hold(0, "5").await.unwrap_err();
    assert!(
        matches!(short, LedgerError::InsufficientFunds { .. }),
        "{short}"
    );
    let key = tills.all[0]
        .market
        .issue(KeyKind::Provider(ProviderId::from_u128(5)), 60);
    let (market, key) = (&tills.all[0].market, key.await);
    let path = "/v1/provider/collateral/deposits";
    let collateral = post(market, &key, path, &json!({"amount": "50"})).await;
    assert_eq!(refused(&collateral), (403, "collateral_unavailable".into()));
    check(&tills.url).await;
}

#[tokio::test]
async fn a_dispute_takes_what_no_hub_has_spent_and_the_account_owes_the_rest_at_both() {
    let tills = Tills::open().await;
    let (_, payment) = tills.paid().await;
    tills.spend(0, "15").await;
    let dispute = tills.stub.dispute(&payment, 2_000);
    let event = tills.stub.event("charge.dispute.created", &dispute);
    tokio::join!(tills.tell(0, &event), tills.tell(1, &event));
    // What is at hand of the other hub is collected once it is given back.
    tills.owe("15").await;
    tills.have("0").await;
    for at in 0..2 {
        let frozen = tills.hold(at, "0.01").await.unwrap_err();
        assert!(matches!(frozen, LedgerError::Frozen), "{frozen}");
    }
    // Whatever the account receives, at whichever hub, goes there first.
    tills.all[0].market.grant("10").await;
    tills.owe("5").await;
    tills.stub.set_dispute(&dispute, "won");
    let event = tills.stub.event("charge.dispute.closed", &dispute);
    tokio::join!(tills.tell(1, &event), tills.tell(0, &event));
    tills.owe("0").await;
    tills.have("15").await;
    drop(tills.hold(1, "15").await.unwrap());
    check(&tills.url).await;
}

#[tokio::test]
async fn a_refund_takes_what_is_free_and_comes_back_when_it_fails() {
    let tills = Tills::open().await;
    let (id, _) = tills.paid().await;
    tills.spend(0, "5").await;
    let much = tills.all[1].refund(&id, json!({"amount": "15.01"})).await;
    assert_eq!(much.status, 409, "{much:?}");
    // What lies idle at the other hub is given back meanwhile.
    let answer = tills.all[1].refund(&id, json!({"amount": "15"})).await;
    assert_eq!(
        (answer.status, &answer.json()["state"]),
        (201, &json!("succeeded")),
        "{answer:?}"
    );
    tills.have("0").await;
    let refund = tills.stub.refund_ids().pop().unwrap();
    tills.stub.set_refund(&refund, "failed");
    let event = tills.stub.event("refund.failed", &refund);
    tokio::join!(tills.tell(0, &event), tills.tell(1, &event));
    tills.have("15").await;
    check(&tills.url).await;
}
