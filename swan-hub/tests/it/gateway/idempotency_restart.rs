//! Keys that outlive their hub, however that ended.

use std::sync::Arc;

use swan_core::Amount;
use swan_core::protocol::StreamEnd;
use swan_hub::store::{IdempotencyRecord, MemoryStore, Store as _};

use super::http::Call;
use super::provider::{Act, begin, refusal, reply};
use super::{DONE, Market, STOP, ask, completion, delta, usage};

const STREAM: &str = "\"stream\":true,\"stream_options\":{\"include_usage\":true}";

async fn open(store: &MemoryStore) -> Market {
    let store = store.clone();
    Market::with(|builder| builder.with_store(Arc::new(store))).await
}

async fn close(mut market: Market) {
    market.begin_shutdown();
    market.stopped().await.unwrap();
}

/// The request with the key `k`, of an account that all hubs know.
fn keyed(market: &Market, more: &str) -> Call {
    market.chat(ask(more)).header("idempotency-key", "k")
}

/// What the store knows of the one key.
async fn known(store: &MemoryStore) -> IdempotencyRecord {
    let mut records = store.idempotency().await.unwrap();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

#[tokio::test]
async fn an_outcome_is_replayed_by_the_next_hub_byte_for_byte() {
    for stream in [false, true] {
        let store = MemoryStore::new();
        let market = open(&store).await;
        let more = if stream { STREAM } else { "" };
        let mut provider = market.provider(1).await;
        let first = keyed(&market, more).background();
        let streamed = [delta("four words"), STOP.into(), usage(20, 4), DONE.into()];
        provider
            .serve(if stream {
                super::provider::sse(streamed.concat())
            } else {
                reply(completion("four words", 20, 4))
            })
            .await;
        let first = first.await.unwrap();
        let left = market.available();
        close(market).await;
        let next = open(&store).await;
        let again = keyed(&next, more).send().await;
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.header("idempotency-replayed"), "true");
        for name in ["x-request-id", "x-swan-cost", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        // The second hub's consumer is given another $5.
        let granted: Amount = "5".parse().unwrap();
        assert_eq!(next.available(), left.checked_add(granted).unwrap());
    }
}

#[tokio::test]
async fn a_key_whose_request_was_charged_without_an_outcome_tells_what_it_cost() {
    let store = MemoryStore::new();
    let market = open(&store).await;
    let mut provider = market.provider(1).await;
    let first = keyed(&market, "").background();
    let request = provider.request().await;
    let mark = known(&store).await;
    provider
        .act(request.stream, reply(completion("ok", 20, 4)))
        .await;
    let first = first.await.unwrap();
    let cost = market.price(20, 4);
    close(market).await;
    // The hub died after the charge was written and before the outcome was.
    store.change_idempotency(&[mark], &[]).await.unwrap();
    for _ in 0..2 {
        let next = open(&store).await;
        let lost = keyed(&next, "").send().await;
        assert_eq!(lost.status, 409, "{lost:?}");
        assert_eq!(lost.error_code(), "idempotency_outcome_lost");
        let message = lost.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(first.header("x-request-id")), "{message}");
        assert!(message.contains(&cost.to_string()), "{message}");
        close(next).await;
    }
}

#[tokio::test]
async fn a_key_whose_request_was_not_charged_is_free_again() {
    let store = MemoryStore::new();
    let market = open(&store).await;
    let mut provider = market.provider(1).await;
    let first = keyed(&market, "").background();
    let request = provider.request().await;
    let mark = known(&store).await;
    provider.act(request.stream, refusal(500, "{}")).await;
    assert_eq!(first.await.unwrap().status, 502);
    close(market).await;
    assert_eq!(store.idempotency().await.unwrap(), []);
    store.change_idempotency(&[mark], &[]).await.unwrap();
    let next = open(&store).await;
    let mut provider = next.provider(1).await;
    let again = keyed(&next, "").background();
    provider.serve(reply(completion("ok", 20, 4))).await;
    assert_eq!(again.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_hub_that_drains_keeps_what_a_stream_with_a_key_has_come_to() {
    let store = MemoryStore::new();
    let mut market = open(&store).await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(keyed(&market, STREAM).open());
    let request = provider.serve(begin(delta("hello"))).await;
    let mut first = opening.await.unwrap();
    first.read_until("hello").await;
    first.hang_up().await;
    market.begin_shutdown();
    provider.draining().await;
    let rest = [STOP.into(), usage(20, 2), DONE.into()].concat();
    let end = [Act::Body(rest), Act::Finish(StreamEnd::default())];
    provider.act(request.stream, end).await;
    market.stopped().await.unwrap();
    let next = open(&store).await;
    let replay = keyed(&next, STREAM).send().await;
    assert_eq!(replay.header("idempotency-replayed"), "true");
    assert_eq!(replay.events().last().unwrap(), "[DONE]");
}
