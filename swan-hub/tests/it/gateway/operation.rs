//! Lists, health, browsers, overload and drain.

use std::time::Duration;

use swan_core::Amount;
use swan_core::protocol::StreamEnd;

use super::http::Call;
use super::provider::{Act, begin, reply};
use super::queue::no_waiting;
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, until, within};

#[tokio::test]
async fn models_are_listed_with_price_tier_and_who_is_there() {
    let market = Market::start().await;
    let _provider = market
        .provider_of(1, true, &["qwen3:8b", "my-own-model:7b"])
        .await;
    let list = Call::get(market.address, "/v1/models").send().await;
    assert_eq!(list.status, 200);
    let json = list.json();
    assert_eq!(json["object"], "list");
    let models = json["data"].as_array().unwrap();
    for model in models {
        assert_eq!(model["object"], "model");
        assert!(model["id"].is_string() && model["owned_by"].is_string());
        assert!(model["created"].is_u64());
        let unit = match model["modality"].as_str().unwrap() {
            "image" => "per_image",
            "audio" => "per_minute",
            _ => "input_per_million_tokens",
        };
        assert!(model["pricing"][unit].is_string(), "{model}");
        assert!(model["operations"][0].as_str().unwrap().starts_with("/v1/"));
    }
    let find = |id: &str| models.iter().find(|model| model["id"] == id).unwrap();
    let qwen = find(MODEL);
    assert_eq!(qwen["pricing"]["output_per_million_tokens"], "0.03");
    assert_eq!(
        (&qwen["tier"], &qwen["providers_online"]),
        (&"B".into(), &1.into())
    );
    assert_eq!(find("my-own-model:7b")["available"], true);
    assert_eq!(find("Qwen/Qwen3-32B")["available"], false);

    let available = Call::get(market.address, "/v1/models?available=true")
        .send()
        .await;
    assert_eq!(available.json()["data"].as_array().unwrap().len(), 2);
    let same = Call::get(market.address, "/v1/available-models")
        .send()
        .await;
    assert_eq!(same.json(), available.json());
    for path in [
        "/v1/models/Qwen/Qwen3-8B",
        "/v1/models/Qwen%2FQwen3-8B",
        "/v1/models/qwen3:8b",
    ] {
        let one = Call::get(market.address, path).send().await;
        assert_eq!(
            (one.status, &one.json()["id"]),
            (200, &MODEL.into()),
            "{path}"
        );
    }
    let no_text = Call::get(market.address, "/v1/models/%ff%fe").send().await;
    assert_eq!(
        (no_text.status, &*no_text.error_code()),
        (404, "model_not_found")
    );
    assert!(no_text.headers.contains_key("x-request-id"));
    let none = Call::get(market.address, "/v1/models/gpt-9").send().await;
    assert_eq!((none.status, &*none.error_code()), (404, "model_not_found"));
}

#[tokio::test]
async fn a_model_outside_the_catalogue_is_served_at_the_price_of_its_class() {
    let market = Market::start().await;
    let body = r#"{"model":"my-own-model:7b","messages":[]}"#;
    assert_eq!(market.chat(body).send().await.status, 404);
    let mut provider = market.provider_of(1, true, &["my-own-model:7b"]).await;
    let answer = market.chat(body).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(answer.await.unwrap().status, 200);
    assert_eq!(market.spent("5"), market.price(7, 2));
}

#[tokio::test]
async fn browsers_may_ask_first_and_read_what_they_need() {
    let market = Market::start().await;
    let answer = Call::new(market.address, "OPTIONS", "/v1/chat/completions")
        .header("origin", "https://example.com")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,x-stainless-os",
        )
        .send()
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "authorization,content-type,x-stainless-os"
    );
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("POST")
    );
    let answer = market.chat("{").send().await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"));
}

#[tokio::test]
async fn beyond_the_bound_on_requests_the_next_is_told_to_come_back() {
    let market = Market::with_limits(|limits| limits.in_flight = 1).await;
    let mut provider = market.provider(1).await;
    let first = market.chat(ask("")).background();
    let request = provider.request().await;
    let answer = market.chat(ask("")).send().await;
    assert_eq!((answer.status, &*answer.error_code()), (503, "overloaded"));
    assert_eq!(answer.header("retry-after"), "1");
    provider
        .act(request.stream, reply(completion("hello", 7, 2)))
        .await;
    assert_eq!(first.await.unwrap().status, 200);
    let answer = market.chat(ask("")).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(
        answer.await.unwrap().status,
        200,
        "the place was given back"
    );
}

#[tokio::test]
async fn when_every_provider_is_full_the_consumer_is_told_to_come_back() {
    let market = Market::with(|builder| builder.with_queue(no_waiting())).await;
    let mut provider = market.provider(1).await;
    let mut running = Vec::new();
    let mut requests = Vec::new();
    for _ in 0..10 {
        running.push(market.chat(ask("")).background());
        requests.push(provider.request().await);
    }
    let answer = market.chat(ask("")).send().await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (503, "providers_busy")
    );
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(answer.json()["error"]["param"], "model");
    for request in requests {
        provider
            .act(request.stream, reply(completion("hello", 7, 2)))
            .await;
    }
    for answer in running {
        assert_eq!(answer.await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_hub_that_drains_lets_requests_end_and_takes_none() {
    let mut market = Market::start().await;
    let mut provider = market.provider(1).await;
    let ready = || Call::get(market.address, "/readyz");
    assert_eq!(ready().send().await.status, 200);
    assert_eq!(
        Call::get(market.address, "/healthz").send().await.status,
        200
    );
    let opening = tokio::spawn(market.chat(ask("\"stream\":true")).open());
    let request = provider.serve(begin(delta("hello"))).await;
    let mut open = opening.await.unwrap();
    open.read_until("hello").await;
    let refused = market.chat(ask(""));
    let ready = ready();
    market.begin_shutdown();
    provider.draining().await;
    assert_eq!(ready.send().await.status, 503);
    let answer = refused.send().await;
    assert_eq!((answer.status, &*answer.error_code()), (503, "draining"));
    assert!(!answer.header("retry-after").is_empty());
    let rest = [delta("world"), STOP.into(), DONE.into()].concat();
    provider
        .act(
            request.stream,
            [Act::Body(rest), Act::Finish(StreamEnd::default())],
        )
        .await;
    let events = open.whole().await.events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    assert!(market.spent("5") > Amount::ZERO);
    market.stopped().await.unwrap();
}

#[tokio::test]
async fn a_drain_that_takes_too_long_cuts_streams_off_with_an_error() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let opening = tokio::spawn(market.chat(ask("\"stream\":true")).open());
    provider.serve(begin(delta("hello"))).await;
    let open = opening.await.unwrap();
    let hub = market.hub.clone();
    let draining = tokio::spawn(async move { hub.drain(Duration::from_millis(100)).await });
    let answer = open.whole().await;
    assert!(
        answer.text().contains("provider_failed_mid_answer"),
        "{}",
        answer.text()
    );
    let drained = within(draining).await.unwrap();
    assert!(drained.unwrap_err().to_string().starts_with("1 requests"));
    assert!(market.spent("5") > Amount::ZERO);
}

#[tokio::test]
async fn requests_share_one_connection_one_after_the_other() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    for _ in 0..20 {
        let answer = market.chat(ask("")).background();
        provider.serve(reply(completion("hello", 7, 2))).await;
        assert_eq!(answer.await.unwrap().status, 200);
    }
    let cost = market.price(7, 2);
    assert_eq!(market.spent("5").pico(), cost.pico() * 20);
    until(|| market.records.count() == 20).await;
}
