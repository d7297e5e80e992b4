//! What quotes, figures and administrators are told of a price feed, and what is refused without its rate.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::Value;
use swan_core::Currency;
use swan_hub::store::KeyKind;
use swan_hub::{FeedSource, PriceFeedOptions};
use tokio::net::TcpListener;

use super::http::Call;
use super::papers::get;
use super::{Market, ask};

/// A server that tells this price until it is told otherwise.
async fn server(usd: &str) -> (Arc<Mutex<String>>, PriceFeedOptions) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/price", listener.local_addr().unwrap());
    let told = Arc::new(Mutex::new(usd.to_owned()));
    let telling = Arc::clone(&told);
    let answer = move || {
        let told = telling.lock().clone();
        async move { told }
    };
    let router = Router::new().route("/price", on_get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let source = FeedSource::new("house", url, "/0/last".parse().unwrap());
    let bounds = ["0.1", "1"].map(|usd| usd.parse().unwrap());
    let mut options = PriceFeedOptions::new(vec![source], bounds[0], bounds[1]);
    options.poll = Duration::from_millis(100);
    options.max_age = Duration::from_secs(60);
    (told, options)
}

async fn shown(market: &Market, admin: &str) -> Value {
    let shown = get(market, admin, "/api/v1/admin/exchange-rate").await;
    assert_eq!(shown.status, 200, "{shown:?}");
    shown.json()
}

/// Waits until this is so.
async fn until(market: &Market, admin: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let shown = shown(market, admin).await;
            if is_so(&shown) {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap()
}

#[tokio::test]
async fn a_feed_is_shown_with_its_sources_and_a_quote_holds_as_long_as_its_rate() {
    let (told, options) = server(r#"[{"last":"0.5"}]"#).await;
    let market = Market::with(|builder| builder.with_price_feed(options)).await;
    market.grant_to(market.account, Currency::Swan, "5").await;
    let admin = market.issue(KeyKind::Admin, 9).await;
    let rate = until(&market, &admin, |shown| !shown["rate"].is_null()).await;
    assert_eq!(rate["rate"]["usd_per_swan"], "0.5", "{rate}");
    assert_eq!(rate["rate"]["feed"], "house");
    assert_eq!(rate["problem"], Value::Null);
    assert_eq!(rate["feed"]["max_age_ms"], 60_000);
    assert_eq!(rate["feed"]["sources"][0]["usd_per_swan"], "0.5");
    let consumer = get(&market, &market.key, "/api/v1/admin/exchange-rate").await;
    assert_eq!(consumer.status, 403);

    let quote = market.post("/v1/quote", ask("\"payment\":\"SWAN\""));
    let quote = quote.send().await.json();
    let [at, until_when] = [&quote["exchange_rate"]["at"], &quote["valid_until"]];
    // A minute, and not the quarter of an hour that the policy allows.
    let minute =
        |text: &Value| -> u32 { text.as_str().unwrap().get(14..16).unwrap().parse().unwrap() };
    assert_eq!((minute(at) + 1) % 60, minute(until_when), "{quote}");

    *told.lock() = r#"[{"last":"7"}]"#.into();
    let failed = |shown: &Value| !shown["feed"]["sources"][0]["problem"].is_null();
    let rate = until(&market, &admin, failed).await;
    let problem = rate["feed"]["sources"][0]["problem"].as_str().unwrap();
    assert_eq!(problem, "its price of 7 USD lies outside of 0.1 to 1");
    assert_eq!(rate["rate"]["usd_per_swan"], "0.5", "it may still be used");
    are_in_the_figures(&market, &admin).await;
}

async fn are_in_the_figures(market: &Market, admin: &str) {
    let figures = Call::get(market.address, "/metrics");
    let figures = figures.header("authorization", &format!("Bearer {admin}"));
    let figures = figures.send().await;
    let text = figures.text();
    assert!(text.contains("\nswan_usd_per_swan 0.5\n"), "{text}");
    for begins in [
        "swan_usd_per_swan_age_seconds 0.",
        "swan_price_feed_polls_total{outcome=\"accepted\"} ",
        "swan_price_feed_polls_total{outcome=\"few\"} ",
        "swan_price_feed_answers_total{source=\"house\",outcome=\"told\"} ",
        "swan_price_feed_answers_total{source=\"house\",outcome=\"out_of_bounds\"} ",
        "swan_price_feed_answers_total{source=\"house\",outcome=\"status\"} 0",
    ] {
        assert!(
            text.lines().any(|line| line.starts_with(begins)),
            "{begins}: {text}"
        );
    }
}

#[tokio::test]
async fn before_the_first_rate_swan_is_refused_for_now_and_not_for_ever() {
    let (_told, options) = server("<html>").await;
    let market = Market::with(|builder| builder.with_price_feed(options)).await;
    market.grant_to(market.account, Currency::Swan, "5").await;
    let admin = market.issue(KeyKind::Admin, 9).await;
    for call in [
        market.chat(ask("\"payment\":\"SWAN\"")),
        market.post("/v1/quote", ask("\"payment\":\"SWAN\"")),
    ] {
        let refused = call.send().await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.error_code(), "exchange_rate_unavailable");
        assert_eq!(refused.header("retry-after"), "60");
        let message = refused.json()["error"]["message"].to_string();
        assert!(message.contains("it has told none yet"), "{message}");
    }
    let shown = shown(&market, &admin).await;
    assert_eq!(shown["rate"], Value::Null);
    let problem = shown["problem"].as_str().unwrap();
    assert!(problem.contains("it has told none yet"), "{problem}");
    let market = Market::start().await;
    let admin = market.issue(KeyKind::Admin, 9).await;
    let shown = super::price_feed::shown(&market, &admin).await;
    let nothing = [&shown["rate"], &shown["problem"], &shown["feed"]];
    assert_eq!(nothing, [&Value::Null; 3]);
}
