//! What is known of a request before it is sent and after it has ended.

use std::sync::Arc;

use proptest::prelude::{Strategy as _, any};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use swan_core::{AccountId, Amount, Currency, ExchangeRate};
use swan_hub::FixedPrice;
use swan_hub::store::{KeyKind, MemoryStore};

use super::http::Call;
use super::provider::{refusal, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, until, usage};

fn get(market: &Market, path: &str) -> Call {
    Call::get(market.address, path).header("authorization", &format!("Bearer {}", market.key))
}

async fn generation(market: &Market, id: &str) -> Value {
    let answer = get(market, &format!("/v1/generation?id={id}")).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].clone()
}

fn quote(market: &Market, body: impl Into<String>) -> Call {
    Call::post(market.address, "/v1/quote")
        .header("authorization", &format!("Bearer {}", market.key))
        .header("content-type", "application/json")
        .body(body.into())
}

#[tokio::test]
async fn a_request_is_known_as_soon_as_its_end_is_seen() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let stream = "\"stream\":true,\"stream_options\":{\"include_usage\":true}";
    let streamed = [
        delta("four words of text"),
        STOP.into(),
        usage(20, 4),
        DONE.into(),
    ]
    .concat();
    for (more, acts) in [
        ("", reply(completion("four words of text", 20, 4))),
        (stream, sse(streamed)),
    ] {
        let answer = market.chat(ask(more)).background();
        provider.serve(acts).await;
        let answer = answer.await.unwrap();
        let data = generation(&market, answer.header("x-request-id")).await;
        assert_eq!(data["id"], answer.header("x-request-id"));
        assert_eq!(data["model"], MODEL);
        assert_eq!(data["operation"], "chat/completions");
        assert_eq!(
            (&data["outcome"], &data["error"]),
            (&"completed".into(), &Value::Null)
        );
        assert_eq!(data["streamed"], !more.is_empty());
        assert_eq!(data["tokens_prompt"], 20);
        assert_eq!(data["tokens_completion"], 4);
        assert_eq!(data["total_cost"], market.price(20, 4).to_string());
        assert_eq!(data["currency"], "USD");
        assert_eq!(data["basis"], "reported");
        assert_eq!(data["provider_name"], "node-1");
        assert_eq!(data["provider_id"], answer.header("x-swan-provider-id"));
        assert_eq!(data["connection_mode"], "websocket");
        assert_eq!(data["policy"]["version"], "swan-2.0");
        assert_eq!(data["policy"]["hash"].as_str().unwrap().len(), 64);
        assert!(data["created_at"].as_str().unwrap().ends_with('Z'));
        let attempts = data["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 1);
        assert_eq!(
            (&attempts[0]["ending"], &attempts[0]["chosen"]),
            (&"served".into(), &true.into())
        );
    }
}

#[tokio::test]
async fn attempts_tell_who_failed_and_who_served() {
    let market = Market::start().await;
    let mut first = market.provider(1).await;
    let answer = market
        .chat(ask(""))
        .header("x-swan-provider", "node-1")
        .background();
    let mut second = market.provider(2).await;
    first.serve(refusal(500, "{}")).await;
    second.serve(reply(completion("ok", 20, 1))).await;
    let answer = answer.await.unwrap();
    let data = generation(&market, answer.header("x-request-id")).await;
    let attempts = data["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{data}");
    assert_eq!(attempts[0]["ending"], "status");
    assert_eq!(attempts[0]["status"], 500);
    assert_eq!(attempts[0]["blame"], "provider");
    assert_eq!(attempts[0]["chosen"], false);
    assert_eq!(attempts[1]["provider_name"], "node-2");
    assert_eq!(attempts[1]["chosen"], true);
}

#[tokio::test]
async fn a_request_is_known_to_its_account_and_to_administrators_only() {
    let market = Market::start().await;
    let refused = market.chat(ask("")).send().await;
    assert_eq!(refused.status, 503);
    let path = format!("/v1/generation?id={}", refused.header("x-request-id"));
    let data = get(&market, &path).send().await.json()["data"].clone();
    assert_eq!(
        (&data["outcome"], &data["error"]),
        (&"failed".into(), &"no_provider".into())
    );
    assert_eq!(data["total_cost"], "0");
    let stranger = market
        .issue(KeyKind::Consumer(AccountId::from_u128(5)), 5)
        .await;
    let admin = market.issue(KeyKind::Admin, 6).await;
    let nothing = "/v1/generation?id=00000000-0000-7000-8000-000000000000";
    for (key, path, status) in [
        (&stranger, &*path, 404),
        (&admin, &*path, 200),
        (&market.key, nothing, 404),
        (&market.key, "/v1/generation", 400),
        (&market.key, "/v1/generation?id=x", 400),
    ] {
        let call = Call::get(market.address, path);
        let answer = call
            .header("authorization", &format!("Bearer {key}"))
            .send()
            .await;
        assert_eq!(answer.status, status, "{path}");
        if status == 400 {
            assert_eq!(answer.json()["error"]["param"], "id");
        }
    }
    assert_eq!(Call::get(market.address, &path).send().await.status, 401);
}

#[tokio::test]
async fn the_list_goes_page_by_page_and_is_the_same_after_a_restart() {
    let store = MemoryStore::new();
    let market = Market::with(|builder| builder.with_store(Arc::new(store.clone()))).await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        let refused = market.chat(ask("")).send().await;
        ids.insert(0, refused.header("x-request-id").to_owned());
    }
    let pages = async |market: &Market| {
        let mut seen = Vec::new();
        let mut path = "/v1/generations?limit=3".to_owned();
        loop {
            let page = get(market, &path).send().await.json();
            let data = page["data"].as_array().unwrap();
            assert!(data.len() <= 3);
            seen.extend(
                data.iter()
                    .map(|one| one["id"].as_str().unwrap().to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => path = format!("/v1/generations?limit=3&before={next}"),
                None => return seen,
            }
        }
    };
    // Ids of one millisecond are in no order among themselves.
    let sorted = |mut ids: Vec<String>| {
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids
    };
    let ids = sorted(ids);
    assert_eq!(pages(&market).await, ids);
    let mut market = market;
    market.begin_shutdown();
    market.stopped().await.unwrap();
    let again = Market::with(|builder| builder.with_store(Arc::new(store))).await;
    assert_eq!(pages(&again).await, ids);
    let path = format!("/v1/generation?id={}", ids[3]);
    assert_eq!(
        get(&again, &path).send().await.json()["data"]["id"],
        *ids[3]
    );
    for path in ["/v1/generations?limit=0", "/v1/generations?limit=101"] {
        let refused = get(&again, path).send().await;
        assert_eq!(refused.json()["error"]["param"], "limit");
    }
}

#[tokio::test]
async fn the_day_is_counted_by_model_and_provider_and_again_after_a_restart() {
    let store = MemoryStore::new();
    let market = Market::with(|builder| builder.with_store(Arc::new(store.clone()))).await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("\"stream\":true")).background();
    let streamed = [
        delta("four words of text"),
        STOP.into(),
        usage(20, 4),
        DONE.into(),
    ];
    provider.serve(sse(streamed.concat())).await;
    answer.await.unwrap();
    let answer = market.chat(ask("")).background();
    provider.serve(refusal(400, "{}")).await;
    answer.await.unwrap();
    let model = swan_core::ModelId::new(MODEL).unwrap();
    let check = |market: &Market| {
        let totals = market.hub.model_totals(24)[&model];
        assert_eq!(
            (totals.requests, totals.completed, totals.failed),
            (2, 1, 0)
        );
        assert_eq!(totals.usage.prompt_tokens, 20);
        assert_eq!(totals.revenue_usd, market.price(20, 4));
        assert!(totals.first_content().is_some());
        assert_eq!(market.hub.totals(24), totals);
        let id = swan_core::ProviderId::from_u128(1);
        let provider = market.hub.provider_totals(24)[&(id, model.clone())];
        assert_eq!(
            (provider.requests, provider.completed, provider.failed),
            (2, 1, 0)
        );
    };
    check(&market);
    let mut market = market;
    market.begin_shutdown();
    market.stopped().await.unwrap();
    let again = Market::with(|builder| builder.with_store(Arc::new(store))).await;
    until(|| again.hub.totals(24).requests == 2).await;
    check(&again);
}

#[tokio::test]
async fn a_quote_says_what_is_held_and_holds_nothing() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let body = ask("\"max_tokens\":100");
    let quoted = quote(&market, body.clone()).send().await;
    assert_eq!(quoted.status, 200, "{quoted:?}");
    let quoted = quoted.json();
    assert_eq!(market.available().to_string(), "5");
    assert_eq!(
        (&quoted["model"], &quoted["currency"]),
        (&MODEL.into(), &"USD".into())
    );
    assert_eq!(quoted["policy"]["version"], "swan-2.0");
    assert_eq!(quoted["worst"]["usage"]["completion_tokens"], 100);
    assert_eq!(quoted["expected"]["output"], "max");
    assert_eq!(quoted["pricing"]["unit"], "million_tokens");
    assert_eq!(quoted["discount_percent"], "0");
    assert_eq!(quoted["exchange_rate"], Value::Null);
    let amount = |cost: &Value| cost.as_str().unwrap().parse::<Amount>().unwrap();
    let worst = amount(&quoted["worst"]["cost"]);
    assert!(amount(&quoted["expected"]["cost"]) <= worst);
    let answer = market.chat(body.clone()).background();
    let request = provider.request().await;
    let held = "5"
        .parse::<Amount>()
        .unwrap()
        .checked_sub(market.available());
    assert_eq!(held.unwrap(), worst, "exactly what is held");
    provider
        .act(request.stream, reply(completion("ok", 20, 3)))
        .await;
    answer.await.unwrap();
    let typical = quote(&market, body).send().await.json();
    assert_eq!(typical["expected"]["output"], "typical");
    assert_eq!(typical["expected"]["usage"]["completion_tokens"], 3);
}

#[tokio::test]
async fn quotes_fail_as_their_requests_would() {
    let market = Market::start().await;
    let to = |path: &str, body: &str| {
        Call::post(market.address, path)
            .header("authorization", &format!("Bearer {}", market.key))
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    for (path, body, status, param) in [
        ("/v1/quote", "{", 400, Value::Null),
        ("/v1/quote", r#"{"messages":[]}"#, 400, "model".into()),
        (
            "/v1/quote",
            r#"{"model":"none","messages":[]}"#,
            404,
            "model".into(),
        ),
        ("/v1/quote?operation=fly", "{}", 400, "operation".into()),
    ] {
        let refused = to(path, body).send().await;
        assert_eq!(refused.status, status, "{refused:?}");
        assert_eq!(refused.json()["error"]["param"], param);
    }
    let stranger = to("/v1/quote", "{}").without("authorization").send().await;
    assert_eq!(stranger.status, 401);
}

#[tokio::test]
async fn a_quote_in_swan_names_rate_discount_and_validity() {
    let rate = ExchangeRate::usd_per_swan("0.5".parse().unwrap()).unwrap();
    let market =
        Market::with(|builder| builder.with_price_oracle(Arc::new(FixedPrice::new(rate)))).await;
    let usd = quote(&market, ask("")).send().await.json();
    let swan = quote(&market, ask(""))
        .header("x-swan-payment", "SWAN")
        .send()
        .await
        .json();
    let pico = |quoted: &Value| {
        quoted["worst"]["cost"]
            .as_str()
            .unwrap()
            .parse::<Amount>()
            .unwrap()
            .pico()
    };
    assert_eq!(swan["currency"], Currency::Swan.code());
    assert_eq!(swan["discount_percent"], "20");
    assert_eq!(swan["exchange_rate"]["usd_per_swan"], "0.5");
    assert!(swan["valid_until"].is_string());
    assert_eq!(pico(&swan), pico(&usd) * 8 / 5);
}

#[tokio::test]
async fn no_charge_is_larger_than_the_quote() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let mut runner = TestRunner::deterministic();
    let cases = (any::<u16>(), any::<u32>(), 1_u32..3_000, "[ -~]{0,80}");
    for _ in 0..24 {
        let (prompt, completion_tokens, max, text) = cases.new_tree(&mut runner).unwrap().current();
        let text = text.replace(['"', '\\'], " ");
        let body = ask(&format!("\"max_tokens\":{max},\"user\":\"{text}\""));
        let quoted = quote(&market, body.clone()).send().await.json();
        let before = market.available();
        let answer = market.chat(body).background();
        let claimed = completion(&text, u64::from(prompt), u64::from(completion_tokens));
        provider.serve(reply(claimed)).await;
        assert_eq!(answer.await.unwrap().status, 200);
        let charged = before.checked_sub(market.available()).unwrap();
        let worst: Amount = quoted["worst"]["cost"].as_str().unwrap().parse().unwrap();
        assert!(charged <= worst, "{charged} > {worst}");
    }
}
