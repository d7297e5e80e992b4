//! What a SWAN is worth, by a server that tells it, dies and comes back: with the programs that people run.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;

use super::hub::TestHub;
use super::model_server::{MODEL, chat};
use super::part::until;
use super::provider::TestProvider;
use super::swan_payment::paid_in;
use super::wire;

/// Tells a price, or fails.
#[derive(Clone, Debug)]
struct PriceServer {
    told: Arc<Mutex<(StatusCode, String)>>,
    url: String,
}

impl PriceServer {
    async fn start(usd: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/simple/price?ids=swan-chain",
            listener.local_addr().unwrap()
        );
        let server = Self {
            told: Arc::default(),
            url,
        };
        server.tells(usd);
        let told = Arc::clone(&server.told);
        let answer = move || {
            let told = told.lock().clone();
            async move { told }
        };
        let router = Router::new().route("/simple/price", get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    fn tells(&self, usd: &str) {
        let body = format!("{{\"swan-chain\":{{\"usd\":{usd},\"usd_24h_change\":-1.5}}}}");
        *self.told.lock() = (StatusCode::OK, body);
    }

    fn dies(&self) {
        *self.told.lock() = (StatusCode::BAD_GATEWAY, "<html>".into());
    }
}

fn config(sources: &[&PriceServer]) -> String {
    let mut text = "[keys]\nfree_tier = false\n[price_feed]\nmin = \"0.01\"\nmax = \"1\"\npoll_ms = 100\nmax_age_secs = 2\n".to_owned();
    for (number, source) in sources.iter().enumerate() {
        let url = &source.url;
        text += &format!(
            "[[price_feed.sources]]\nname = \"source-{number}\"\nurl = \"{url}\"\npointer = \"/swan-chain/usd\"\n"
        );
    }
    text
}

/// The status of a request that would be paid in SWAN, and the code of its error.
async fn in_swan(hub: &TestHub, key: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v1/chat/completions")
        .header("x-swan-payment", "SWAN");
    let body = Bytes::from(chat(&json!({})).to_string());
    let answer = wire::call(request, &hub.url(), Some(key), body).await;
    let answer = answer.unwrap();
    let status = answer.status;
    let body = answer.json().await;
    let code = body["error"]["code"].as_str().unwrap_or_default();
    (status, code.to_owned())
}

#[tokio::test]
async fn swan_is_paid_at_the_fed_rate_exactly_and_refused_when_the_feed_has_died() {
    // An eighth of a dollar, as a float of somebody else writes it.
    let feed = PriceServer::start("1.25e-1").await;
    let hub = TestHub::start_with(&config(&[&feed])).await;
    let _provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let consumer = hub.consumer("alice", "5").await;
    let accounts = hub.json(&["account", "show", "--json"]).await;
    let account = accounts[0]["id"].as_str().unwrap().to_owned();
    hub.admin(&["account", "grant", &account, "5", "--currency", "swan"])
        .await;
    let key = &consumer.key;
    let (_, usd) = paid_in(&hub, key, "USD").await;
    let (id, swan) = paid_in(&hub, key, "SWAN").await;
    assert!(usd > 0);
    assert_eq!(swan * 10, usd * 8 * 8);
    let told = until("the record is written", || async {
        let told = hub.admin(&["explain", &id]).await;
        (!told.contains("is not in the store")).then_some(told)
    })
    .await;
    assert!(
        told.contains("0.125 USD for 1 SWAN, by source-0 at "),
        "{told}"
    );

    feed.dies();
    hub.says("source_failed").await;
    let code = until("SWAN is refused", || async {
        let (status, code) = in_swan(&hub, key).await;
        match status {
            StatusCode::OK => None,
            StatusCode::SERVICE_UNAVAILABLE => Some(code),
            other => panic!("{other}: {code}"),
        }
    })
    .await;
    assert_eq!(code, "exchange_rate_unavailable");
    let (_, again) = paid_in(&hub, key, "USD").await;
    assert_eq!(again, usd, "dollars go on");

    comes_back(&hub, key, &feed, usd).await;
    hub.audit().await;
}

/// It comes back, and another one is asked beside it; `usd` is what the request costs in dollars.
async fn comes_back(hub: &TestHub, key: &str, feed: &PriceServer, usd: i128) {
    // It comes back a little dearer, and another one is asked beside it after a reload.
    feed.tells("\"0.128\"");
    until("SWAN is taken again", || async {
        let (status, _) = in_swan(hub, key).await;
        (status == StatusCode::OK).then_some(())
    })
    .await;
    let (_, swan) = paid_in(hub, key, "SWAN").await;
    assert_eq!(swan, usd * 800 / 128);
    let other = PriceServer::start("0.128").await;
    hub.reconfigure(&config(&[feed, &other])).await;
    hub.says("reloaded").await;
    until("both agree", || async {
        let (status, _) = in_swan(hub, key).await;
        (status == StatusCode::OK).then_some(())
    })
    .await;
    // One of two lies: they do not agree, and what they agreed on last runs out.
    other.tells("0.9");
    until("they do not agree", || async {
        let (status, _) = in_swan(hub, key).await;
        (status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    assert!(hub.output().contains("disagree"), "{}", hub.output());
}
