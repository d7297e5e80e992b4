//! A store that stops answering while charges are on their way to it.

use std::sync::Arc;
use std::time::Duration;

use swan_core::Amount;
use swan_core::protocol::StreamEnd;
use swan_hub::Limits;
use swan_hub::ledger::BooksOptions;

use super::http::Call;
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
