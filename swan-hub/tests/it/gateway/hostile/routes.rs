//! Every route that the document lists, asked by strangers, with keys of every kind, and with what no route expects.

use swan_core::ProviderId;
use swan_hub::store::KeyKind;

use super::super::Market;
use super::super::http::Call;
use super::left_nothing;

/// The routes, with something hostile in the place of their parameters.
async fn routes(market: &Market, filling: &str) -> Vec<(String, String)> {
    let document = Call::get(market.address, "/openapi.json")
        .send()
        .await
        .json();
    let paths = document["paths"].as_object().unwrap();
    let mut routes = Vec::new();
    for (path, item) in paths {
        let mut filled = String::new();
        for (number, part) in path.split(['{', '}']).enumerate() {
            filled.push_str(if number % 2 == 0 { part } else { filling });
        }
        for method in item.as_object().unwrap().keys() {
            if path != "/ws" {
                routes.push((method.to_uppercase(), filled.clone()));
            }
        }
    }
    assert!(routes.len() > 30, "{routes:?}");
    routes
}

#[tokio::test]
async fn no_route_breaks_over_what_it_is_asked() {
    let market = Market::start().await;
    let provider = market
        .issue(KeyKind::Provider(ProviderId::from_u128(5)), 50)
        .await;
    let admin = market.issue(KeyKind::Admin, 51).await;
    let stranger = format!("st-swan-{}", "0".repeat(64));
    let long = "x".repeat(3_000);
    let keys = [
        "",
        &market.key,
        &provider,
        &admin,
        &stranger,
        "sk-swan-x",
        &long,
    ];
    let queries = [
        "",
        "?id=x&page=-1&page_size=0&limit=1e9&before=%00&account=%ff&hours=99999999999999999999&operation=../..",
        "?%ff=%ff&=&&&a=b=c&id=%0d%0ax&operation=%0d%0a&page=%2B1",
    ];
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "\u{feff}{}",
        r#"{"email":7,"password":{},"name":null,"model":[]}"#,
    ];
    for filling in ["%00%0d%0a", "..%2f%ff%fe"] {
        for (method, path) in routes(&market, filling).await {
            for (number, key) in keys.iter().enumerate() {
                let query = queries[number % queries.len()];
                let body = bodies[number % bodies.len()];
                let mut call = Call::new(market.address, &method, &format!("{path}{query}"));
                if !key.is_empty() {
                    call = call.header("authorization", &format!("Bearer {key}"));
                }
                let call = call.header("content-type", "application/json");
                let answer = call.body(body.to_owned()).send().await;
                let shown = format!("{method} {path}{query} {number}: {}", answer.status);
                let is_right = answer.status < 500 || path == "/readyz";
                assert!(
                    is_right && answer.status >= 200,
                    "{shown} {}",
                    answer.text()
                );
                let text = answer.text();
                // Secrets never come back, however wrong they are.
                let tells = !key.is_empty() && *key != "x" && text.contains(*key);
                assert!(!tells, "{shown} {text}");
                for value in answer.headers.values() {
                    assert!(value.to_str().is_ok(), "{shown}");
                }
                if answer.status >= 400 {
                    let json = answer.json();
                    // The status of a provider is told in the words of the public agent.
                    let code = [&json["error"]["code"], &json["code"], &json["step_label"]];
                    assert!(code.iter().any(|code| code.is_string()), "{shown} {text}");
                    assert!(text.len() < 2_000, "{shown}");
                }
            }
        }
    }
    left_nothing(&market).await;
}

#[tokio::test]
async fn routes_for_accounts_know_nothing_of_strangers_and_of_other_kinds() {
    let market = Market::start().await;
    let provider = market
        .issue(KeyKind::Provider(ProviderId::from_u128(5)), 50)
        .await;
    let admin = market.issue(KeyKind::Admin, 51).await;
    for (method, path, good) in [
        ("GET", "/api/v1/user/me", "consumer"),
        ("GET", "/api/v1/user/me/keys", ""),
        ("POST", "/api/v1/user/me/keys", ""),
        ("DELETE", "/api/v1/user/me/keys/x", ""),
        ("POST", "/api/v1/user/me/provider-keys", ""),
        ("POST", "/api/v1/user/logout", ""),
        ("POST", "/api/v1/user/upgrade-to-provider", ""),
        ("POST", "/api/v1/provider/request-approval", "provider"),
        ("GET", "/v1/generation?id=x", "consumer admin"),
        ("GET", "/v1/generations", "consumer admin"),
        ("GET", "/v1/explain/x", "consumer admin"),
        ("POST", "/v1/quote", "consumer"),
        ("POST", "/v1/chat/completions", "consumer"),
        ("POST", "/v1/embeddings", "consumer"),
        ("POST", "/v1/images/generations", "consumer"),
    ] {
        for (kind, key) in [
            ("nobody", "sk-swan-nobody"),
            ("consumer", &market.key),
            ("provider", &provider),
            ("admin", &admin),
        ] {
            let call = Call::new(market.address, method, path);
            let call = call.header("authorization", &format!("Bearer {key}"));
            let answer = call.body("{}").send().await;
            let is_let_in = ![401, 403].contains(&answer.status);
            assert_eq!(
                is_let_in,
                good.contains(kind),
                "{method} {path} {kind}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn what_belongs_to_somebody_else_looks_like_nothing() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(super::super::ask("")).background();
    provider
        .serve(super::super::provider::reply(super::super::completion(
            "hello", 7, 2,
        )))
        .await;
    let id = answer.await.unwrap().header("x-request-id").to_owned();
    let other = market
        .issue(KeyKind::Consumer(swan_core::AccountId::from_u128(78)), 70)
        .await;
    let get = |path: &str, key: &str| {
        let call = Call::get(market.address, path);
        call.header("authorization", &format!("Bearer {key}"))
    };
    let path = format!("/v1/generation?id={id}");
    assert_eq!(get(&path, &market.key).send().await.status, 200);
    let theirs = get(&path, &other).send().await;
    let nothing = id.replace(id.get(..4).unwrap(), "0000");
    let none = get(&format!("/v1/generation?id={nothing}"), &other)
        .send()
        .await;
    assert_eq!((theirs.status, none.status), (404, 404));
    assert_eq!(theirs.error_code(), none.error_code());
    // A parameter that only administrators have does not widen what a consumer sees.
    let account = market.account;
    let listed = get(&format!("/v1/generations?account={account}"), &other)
        .send()
        .await;
    assert_eq!(listed.json()["data"].as_array().unwrap().len(), 0);
}
