//! A store that stops answering while charges are on their way to it.

use std::sync::Arc;
use std::time::Duration;

use swan_core::Amount;
use swan_core::protocol::StreamEnd;
use swan_hub::Limits;
use swan_hub::ledger::BooksOptions;
use swan_hub::store::Store as _;

use super::http::Call;
use super::idempotency::when_known;
use super::provider::{Act, begin, reply};
use super::{DONE, Market, STOP, ask, completion, delta, until, usage, within};
use crate::ledger::audit;
use crate::ledger::faulty::{Fault, FaultyStore};

async fn market(store: &Arc<FaultyStore>) -> Market {
    let mut limits = Limits::default();
    limits.settle_deadline = Duration::from_millis(300);
    let mut books = BooksOptions::default();
    books.stall_after = Duration::from_millis(50);
    let store = Arc::clone(store);
    Market::with(|builder| {
        builder
            .with_store(store)
            .with_limits(limits)
            .with_books(books)
    })
    .await
}

#[tokio::test]
async fn no_end_is_seen_that_is_not_recorded_and_nothing_is_charged_twice() {
    for fault in [Fault::Fails, Fault::Hangs] {
        let store = Arc::new(FaultyStore::working());
        let market = market(&store).await;
        let mut provider = market.provider(1).await;
        let whole = market.chat(ask("")).background();
        let asked = provider.request().await;
        let opening = tokio::spawn(market.chat(ask("\"stream\":true")).open());
        let streaming = provider.serve(begin(delta("hello"))).await;
        let mut stream = opening.await.unwrap();
        stream.read_until("hello").await;

        store.go_away(fault);
        provider
            .act(asked.stream, reply(completion("hello", 7, 2)))
            .await;
        let rest = [STOP.into(), usage(7, 2), DONE.into()].concat();
        let end = [Act::Body(rest), Act::Finish(StreamEnd::default())];
        provider.act(streaming.stream, end).await;
        let answer = whole.await.unwrap();
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (503, "ledger_unavailable"),
            "{fault:?}"
        );
        assert_eq!(answer.header("retry-after"), "5");
        assert!(!answer.text().contains("hello"));
        let events = stream.whole().await.events();
        let last: serde_json::Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], "ledger_unavailable", "{events:?}");
        assert!(!events.iter().any(|event| event == "[DONE]"));

        until(|| !market.hub.books().is_available()).await;
        let refused = market.chat(ask("")).send().await;
        assert_eq!(
            (refused.status, &*refused.error_code()),
            (503, "ledger_unavailable")
        );
        assert_eq!(refused.header("retry-after"), "5");
        assert!(!provider.has_request(), "nobody works for nothing");
        let ready = Call::get(market.address, "/readyz").send().await;
        assert_eq!(ready.status, 503);

        store.come_back();
        until(|| market.hub.books().is_available()).await;
        let again = market.chat(ask("")).background();
        provider.serve(reply(completion("hello", 7, 2))).await;
        assert_eq!(again.await.unwrap().status, 200);
        market.settled().await;
        let three = Amount::checked_sum([market.price(7, 2); 3]);
        assert_eq!(market.spent("5"), three.unwrap(), "{fault:?}");
        within(market.hub.books().flush()).await.unwrap();
        let report = audit(&store.inner).await;
        assert_eq!((report.breaches.as_slice(), report.pending), (&[][..], 0));
    }
}

#[tokio::test]
async fn a_key_tells_of_no_charge_that_a_crash_could_take_back() {
    let store = Arc::new(FaultyStore::working());
    let market = market(&store).await;
    let mut provider = market.provider(1).await;
    let keyed = || market.chat(ask("")).header("idempotency-key", "k");
    let first = keyed().background();
    let asked = provider.request().await;
    let mark = store.inner.idempotency().await.unwrap();
    assert_eq!(mark.len(), 1);

    store.go_away(Fault::Fails);
    let answer = reply(completion("hello", 7, 2));
    provider.act(asked.stream, answer).await;
    let first = first.await.unwrap();
    assert_eq!(
        (first.status, &*first.error_code()),
        (503, "ledger_unavailable")
    );
    for _ in 0..3 {
        let again = keyed().send().await;
        assert_eq!(
            (again.status, &*again.error_code()),
            (409, "idempotency_in_progress")
        );
    }
    // By which the next hub would ask the journal, and find nothing.
    assert_eq!(store.inner.idempotency().await.unwrap(), mark);

    store.come_back();
    let lost = when_known(keyed).await;
    assert_eq!(
        (lost.status, &*lost.error_code()),
        (409, "idempotency_outcome_lost")
    );
    let cost = market.price(7, 2);
    let message = lost.json()["error"]["message"].to_string();
    assert!(message.contains(&cost.to_string()), "{message}");
    assert_eq!(market.spent("5"), cost);
}
