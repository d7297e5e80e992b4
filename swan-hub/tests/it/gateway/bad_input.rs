//! Bad input: each has its status, its code, and loses nothing.

use swan_core::{Amount, Currency, ProviderId, Timestamp};
use swan_hub::store::KeyKind;

use super::http::Call;
use super::provider::reply;
use super::{MODEL, Market, ask, completion};

/// Bodies that are no chat request, with the code and the member that the answer names.
fn shapeless() -> Vec<(String, &'static str, &'static str)> {
    let messages = r#""messages":[]"#;
    let missing = "missing_required_parameter";
    vec![
        (String::new(), "invalid_value", ""),
        ("{".into(), "invalid_json", ""),
        ("{\"model\":\"a\"}}".into(), "invalid_json", ""),
        ("not json".into(), "invalid_value", ""),
        ("[]".into(), "invalid_value", ""),
        ("null".into(), "invalid_value", ""),
        ("\"text\"".into(), "invalid_value", ""),
        ("{}".into(), missing, "model"),
        (format!("{{{messages}}}"), missing, "model"),
        (format!(r#"{{"model":"{MODEL}"}}"#), missing, "messages"),
        (with(r#""messages":"hi""#), "invalid_value", "messages"),
    ]
}

/// Members that are wrong, and the member that the answer names.
fn wrong_members() -> Vec<(String, &'static str)> {
    let many = format!("\"max_tokens\":{}", "9".repeat(500));
    let deep = format!("\"x\":{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let rows = [
        (r#""model":7"#, "model"),
        (r#""model":"twice""#, "model"),
        (r#""stream":"yes""#, "stream"),
        (r#""stream":1"#, "stream"),
        (r#""stream_options":true"#, "stream_options"),
        (r#""max_tokens":0"#, "max_tokens"),
        (r#""max_tokens":-1"#, "max_tokens"),
        (r#""max_tokens":1.5"#, "max_tokens"),
        (r#""max_tokens":1e400"#, "max_tokens"),
        (r#""max_tokens":"9""#, "max_tokens"),
        (&many, "max_tokens"),
        (r#""n":0"#, "n"),
        (r#""n":100000"#, "n"),
        (r#""payment":"BTC""#, "payment"),
        (&deep, ""),
    ];
    let request = |member: &str| with(&format!(r#""messages":[],{member}"#));
    let mut rows: Vec<_> = rows
        .iter()
        .map(|(member, param)| (request(member), *param))
        .collect();
    for model in ["7", "\"\"", "null", "[]"] {
        rows.push((format!(r#"{{"model":{model},"messages":[]}}"#), "model"));
    }
    rows
}

fn with(members: &str) -> String {
    format!(r#"{{"model":"{MODEL}",{members}}}"#)
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_refused_by_name() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let wrong = wrong_members()
        .into_iter()
        .map(|(body, param)| (body, "invalid_value", param));
    for (body, code, param) in shapeless().into_iter().chain(wrong) {
        let shown: String = body.chars().take(80).collect();
        let answer = market.chat(body).send().await;
        assert_eq!(answer.status, 400, "{shown}: {answer:?}");
        assert_eq!(answer.error_code(), code, "{shown}");
        let named = answer.json()["error"]["param"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        assert_eq!(named, param, "{shown}");
    }
    let answer = market
        .chat("")
        .body(&b"{\"model\":\"\xff\xfe\"}"[..])
        .send()
        .await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (400, "invalid_json")
    );
    assert!(!provider.has_request());
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn headers_that_make_no_sense_are_refused_by_name() {
    let market = Market::start().await;
    for (name, value) in [
        ("x-swan-payment", "gold"),
        ("x-swan-allow-fallbacks", "maybe"),
        ("x-swan-provider", "\u{e9}"),
        ("x-swan-receipt", "{}"),
    ] {
        let mut call = market.chat(ask(""));
        call = call.header(name, value);
        let answer = call.send().await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (400, "invalid_header"),
            "{name}"
        );
        assert_eq!(answer.json()["error"]["param"], name);
    }
    let answer = market
        .chat(ask(""))
        .header("content-type", "text/plain")
        .send()
        .await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (415, "unsupported_media_type")
    );
    let answer = market
        .chat(ask(""))
        .header("content-encoding", "gzip")
        .send()
        .await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (415, "unsupported_media_type")
    );
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn a_model_that_does_not_exist_is_404() {
    let market = Market::start().await;
    let long = "x".repeat(5_000);
    for model in ["gpt-9", "a b", "x\\ny", &long] {
        let body = format!(r#"{{"model":"{model}","messages":[]}}"#);
        let answer = market.chat(body).send().await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (404, "model_not_found"),
            "{model}"
        );
        assert_eq!(answer.json()["error"]["param"], "model");
        assert!(answer.body.len() < 1_000);
    }
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn a_model_of_another_kind_is_refused_with_its_endpoint() {
    let market = Market::start().await;
    for (path, model, served) in [
        ("chat/completions", "bge-large", "embeddings"),
        ("completions", "bge-large", "embeddings"),
        ("chat/completions", "sdxl", "images/generations"),
        ("embeddings", "qwen3:8b", "chat/completions"),
        ("images/generations", "qwen3:8b", "chat/completions"),
        ("embeddings", "sdxl", "images/generations"),
    ] {
        let body = format!(r#"{{"model":"{model}","messages":[],"prompt":"x","input":"x"}}"#);
        let answer = market.post(&format!("/v1/{path}"), body).send().await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (400, "unsupported_operation"),
            "{model}"
        );
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(&format!("/v1/{served}")), "{message}");
    }
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn only_a_consumer_key_that_is_good_opens() {
    let market = Market::start().await;
    let provider = market
        .issue(KeyKind::Provider(ProviderId::from_u128(5)), 50)
        .await;
    let admin = market.issue(KeyKind::Admin, 51).await;
    let revoked = market.issue(KeyKind::Consumer(market.account), 52).await;
    let keys = market.hub.keys();
    let id = swan_core::KeyId::from_u128(52);
    keys.revoke(&**market.hub.store(), id, Timestamp::from_millis(1))
        .await
        .unwrap();
    let unknown = format!("sk-swan-{}", "0".repeat(64));
    for (header, status, code) in [
        (
            format!("Bearer {provider}"),
            403,
            "provider_key_not_allowed",
        ),
        (format!("Bearer {admin}"), 403, "admin_key_not_allowed"),
        (format!("Bearer {revoked}"), 401, "invalid_api_key"),
        (format!("Bearer {unknown}"), 401, "invalid_api_key"),
        ("Bearer nonsense".into(), 401, "invalid_api_key"),
        ("Bearer ".into(), 401, "invalid_api_key"),
        ("Basic dXNlcjpwYXNz".into(), 401, "invalid_api_key"),
        (market.key.clone(), 401, "invalid_api_key"),
    ] {
        let answer = market
            .chat(ask(""))
            .header("authorization", &header)
            .send()
            .await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (status, code),
            "{header}"
        );
        // A key never comes back.
        assert!(
            !answer.text().contains(header.trim_start_matches("Bearer ")) || header == "Bearer "
        );
    }
    let answer = market.chat(ask("")).without("authorization").send().await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (401, "invalid_api_key")
    );
    assert_eq!(market.spent("5"), Amount::ZERO);
    // Who has no key does not learn whether the rest of the request was right.
    let answer = market.chat("garbage").without("authorization").send().await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn who_cannot_pay_is_told_what_it_takes() {
    let market = Market::without_free_tier().await;
    let mut provider = market.provider(1).await;
    let poor = swan_core::AccountId::from_u128(78);
    let key = market.issue(KeyKind::Consumer(poor), 60).await;
    let bearer = format!("Bearer {key}");
    let answer = market
        .chat(ask(""))
        .header("authorization", &bearer)
        .send()
        .await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (402, "insufficient_funds")
    );
    assert_eq!(answer.header("retry-after"), "");
    let message = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("0 USD are available"), "{message}");

    // $0.00001 pays for the prompt and some of the answer.
    let grant: Amount = "0.00001".parse().unwrap();
    let books = market.hub.books();
    market.grant_to(poor, Currency::Usd, "0.00001").await;
    let call = |tokens: u64| {
        let body = ask(&format!("\"max_tokens\":{tokens:>4}"));
        market.chat(body).header("authorization", &bearer)
    };
    let answer = call(4_000).send().await;
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (402, "insufficient_funds")
    );
    assert_eq!(answer.json()["error"]["param"], "max_tokens");
    let message = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("0.00001 USD are available"), "{message}");
    let affordable: u64 = message.rsplit(' ').next().unwrap().parse().unwrap();
    assert_eq!(books.available(poor, Currency::Usd), grant);

    let refused = call(affordable + 1).send().await;
    assert_eq!(refused.status, 402, "one more is too many");
    let accepted = call(affordable).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(accepted.await.unwrap().status, 200);
    assert_eq!(market.hub.books().pending_count(), 0);
}

#[tokio::test]
async fn funds_are_never_promised_twice() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let poor = swan_core::AccountId::from_u128(79);
    let bearer = format!("Bearer {}", market.issue(KeyKind::Consumer(poor), 62).await);
    // Enough for the worst case of one request, not of two.
    let worst = market.price(ask("\"max_tokens\":1000").len() as u64 + 128, 1_000);
    market
        .grant_to(poor, Currency::Usd, &worst.to_string())
        .await;
    let call = || {
        market
            .chat(ask("\"max_tokens\":1000"))
            .header("authorization", &bearer)
    };
    let first = call().background();
    let request = provider.request().await;
    assert_eq!(call().send().await.status, 402);
    provider
        .act(request.stream, reply(completion("hello", 7, 2)))
        .await;
    assert_eq!(first.await.unwrap().status, 200);
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_have_the_same_shape() {
    let market = Market::start().await;
    for (method, path, status, code) in [
        ("GET", "/", 404, "unknown_url"),
        ("GET", "/v1/nothing", 404, "unknown_url"),
        ("POST", "/v1/embeddings/x", 404, "unknown_url"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("PUT", "/v1/chat/completions", 405, "method_not_allowed"),
    ] {
        let answer = Call::new(market.address, method, path).send().await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (status, code),
            "{method} {path}"
        );
    }
    let answer = Call::get(market.address, "/v1/chat/completions")
        .send()
        .await;
    assert_eq!(answer.header("allow"), "POST");
}
