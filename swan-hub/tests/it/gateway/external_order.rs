//! When the hub's own endpoints are asked, among themselves and beside providers, and what they cost.

use std::net::SocketAddr;

use axum::http::StatusCode;
use swan_core::protocol::Failure;
use swan_core::routing::DataPolicy;
use swan_core::{Amount, ModelPrice, TokenPrice};
use swan_hub::{ExternalConfig, ExternalModel};

use super::external::{Sent, server};
use super::http::Answer;
use super::provider::{Act, Provider, reply};
use super::{MODEL, Market, ask, completion};

/// A server that answers, and how it is configured under this name.
async fn endpoint(name: &str) -> (ExternalConfig, Sent) {
    let (address, sent) = server(200, "application/json", completion("hello", 7, 2)).await;
    (config(name, address), sent)
}

fn config(name: &str, address: SocketAddr) -> ExternalConfig {
    ExternalConfig::new(name, format!("http://{address}")).with_model(MODEL, "qwen")
}

async fn market(configs: impl IntoIterator<Item = ExternalConfig>) -> Market {
    let add = |builder: swan_hub::HubBuilder, config| builder.with_external(config);
    Market::with(|builder| configs.into_iter().fold(builder, add)).await
}

/// Serves whatever comes to a provider.
fn serving(mut provider: Provider) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            provider.serve(reply(completion("hello", 7, 2))).await;
        }
    })
}

fn by(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("x-swan-provider-name")
}

fn price(input: &str, output: &str) -> ModelPrice {
    let price = TokenPrice::per_million(input.parse().unwrap(), output.parse().unwrap());
    ModelPrice::Tokens(price.unwrap())
}

#[tokio::test]
async fn an_endpoint_has_the_place_that_caller_and_configuration_give_it() {
    let (spare, _) = endpoint("spare").await;
    let (eager, _) = endpoint("eager").await;
    let mut eager = eager;
    eager.place.first_for = vec!["qwen3:8b".into()];
    let reserve = market([spare.clone()]).await;
    let both = market([spare, eager]).await;
    let provider = serving(reserve.provider(1).await);
    let other = serving(both.provider(1).await);
    for (market, wishes, expected) in [
        (&reserve, r"{}", "node-1"),
        (&reserve, r#"{"order":["spare"]}"#, "spare"),
        (&reserve, r#"{"order":["SPARE","node-1"]}"#, "spare"),
        (&reserve, r#"{"order":["node-1","spare"]}"#, "node-1"),
        (&reserve, r#"{"only":["spare"]}"#, "spare"),
        (&reserve, r#"{"ignore":["node-1"]}"#, "spare"),
        (
            &reserve,
            r#"{"order":["absent","spare"],"allow_fallbacks":false}"#,
            "spare",
        ),
        (&both, r"{}", "eager"),
        (&both, r#"{"order":["node-1"]}"#, "node-1"),
        (&both, r#"{"order":["spare"]}"#, "spare"),
        (&both, r#"{"ignore":["eager"]}"#, "node-1"),
        (&both, r#"{"ignore":["eager","node-1"]}"#, "spare"),
    ] {
        for _ in 0..3 {
            let body = ask(&format!(r#""provider":{wishes}"#));
            let answer = market.chat(body).send().await;
            assert_eq!(by(&answer), expected, "{wishes}");
        }
    }
    let pinned = both.chat(ask("")).header("x-swan-provider", "Spare");
    assert_eq!(by(&pinned.send().await), "spare");
    provider.abort();
    other.abort();
}

#[tokio::test]
async fn an_order_goes_through_endpoints_and_providers_as_they_fail() {
    let (broken, _) = server(500, "application/json", "{}".into()).await;
    let (good, _) = endpoint("good").await;
    let market = market([config("broken", broken), good]).await;
    let mut provider = market.provider(1).await;
    let wishes = r#""provider":{"order":["broken","node-1","good"],"allow_fallbacks":false}"#;
    let answer = market.chat(ask(wishes)).background();
    let fails = vec![Act::Fail(Failure::provider(500, "broken"))];
    provider.serve(fails).await;
    assert_eq!(by(&answer.await.unwrap()), "good");
    let record = market.records.last();
    assert_eq!(record.attempts.len(), 3);
    assert_eq!(market.spent("5"), market.price(7, 2));
}

#[tokio::test]
async fn tiers_are_asked_in_turn_and_fail_over() {
    let (broken, asked) = server(503, "application/json", "{}".into()).await;
    let mut broken = config("broken", broken);
    broken.place.tier = 1;
    let (mut good, _) = endpoint("good").await;
    good.place.tier = 2;
    let market = market([good, broken]).await;
    for _ in 0..8 {
        assert_eq!(by(&market.chat(ask("")).send().await), "good");
    }
    // Five failures open its breaker, and then nobody asks it.
    assert_eq!(asked.lock().len(), 5);
}

#[tokio::test]
async fn an_endpoint_that_asks_for_a_rest_gets_one() {
    let (busy, asked) = retry_after("30").await;
    let mut busy = config("busy", busy);
    busy.place.tier = 0;
    let (good, _) = endpoint("good").await;
    let market = market([busy, good]).await;
    for _ in 0..4 {
        assert_eq!(by(&market.chat(ask("")).send().await), "good");
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
    let wishes = r#""provider":{"only":["busy"]}"#;
    let call = market.chat(ask(wishes)).header("x-swan-trace", "1");
    let answer = call.send().await;
    let code = answer.error_code();
    assert_eq!((answer.status, &*code), (503, "providers_busy"));
    let trace = answer.header("x-swan-trace");
    assert!(trace.contains(r#""reason":"limited""#), "{trace}");
}

/// A server that is always too busy.
async fn retry_after(
    secs: &'static str,
) -> (SocketAddr, std::sync::Arc<std::sync::atomic::AtomicU32>) {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let seen = std::sync::Arc::clone(&count);
    let answer = move || {
        seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move {
            let status = StatusCode::TOO_MANY_REQUESTS;
            (status, [("retry-after", secs)], "{}")
        }
    };
    let app = axum::Router::new().route("/v1/chat/completions", axum::routing::post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, count)
}

#[tokio::test]
async fn an_account_is_asked_for_no_more_than_its_minute_allows() {
    let (mut small, sent) = endpoint("small").await;
    small.limits.requests_per_minute = Some(2);
    small.place.tier = 0;
    let (good, _) = endpoint("good").await;
    let market = market([small, good]).await;
    let mut served = Vec::new();
    for _ in 0..5 {
        served.push(by(&market.chat(ask("")).send().await).to_owned());
    }
    assert_eq!(served, ["small", "small", "good", "good", "good"]);
    assert_eq!(sent.lock().len(), 2);
}

#[tokio::test]
async fn consumers_pay_the_price_of_whoever_serves() {
    let (mut dear, _) = endpoint("dear").await;
    let priced = ExternalModel::named("qwen").with_price(price("1", "3"));
    dear.models.insert(MODEL.into(), priced);
    let market = market([dear]).await;
    let answer = market.chat(ask("")).send().await;
    assert_eq!(by(&answer), "dear");
    // A hundred times the policy's price.
    let hundredfold = Amount::from_pico(market.price(7, 2).pico() * 100).unwrap();
    assert_eq!(answer.header("x-swan-cost"), hundredfold.to_string());
    assert_eq!(market.spent("5"), hundredfold);

    let provider = serving(market.provider(1).await);
    let answer = market.chat(ask("")).send().await;
    assert_eq!(by(&answer), "node-1");
    assert_eq!(answer.header("x-swan-cost"), market.price(7, 2).to_string());

    let cheap = r#""provider":{"only":["dear"],"max_price":{"completion":2}}"#;
    let answer = market.chat(ask(cheap)).send().await;
    assert_eq!(answer.error_code(), "no_eligible_provider");
    provider.abort();
}

#[tokio::test]
async fn an_endpoint_promises_what_its_operator_says_of_data() {
    let (mut discreet, _) = endpoint("discreet").await;
    discreet.data = DataPolicy::NoCollection;
    let (silent, _) = endpoint("silent").await;
    let (mut forgetful, _) = endpoint("forgetful").await;
    forgetful.data = DataPolicy::ZeroRetention;
    forgetful.place.tier = 2;
    let market = market([discreet, silent, forgetful]).await;
    for (wishes, expected) in [
        (r#"{"data_collection":"deny"}"#, "discreet"),
        (r#"{"zdr":true}"#, "forgetful"),
    ] {
        for _ in 0..4 {
            let body = ask(&format!(r#""provider":{wishes}"#));
            assert_eq!(by(&market.chat(body).send().await), expected);
        }
    }
}

#[tokio::test]
async fn weights_share_a_tier_out() {
    let (mut light, _) = endpoint("light").await;
    light.place.weight = 1;
    let (mut heavy, sent) = endpoint("heavy").await;
    heavy.place.weight = 1_000_000;
    let market = market([light, heavy]).await;
    for _ in 0..10 {
        market.chat(ask("")).send().await;
    }
    assert_eq!(sent.lock().len(), 10);
}
