//! What a browser asks and is told before and with a request from a page of another origin (the Fetch standard, 3.2), on every route.

use super::Market;
use super::http::{Answer, Call};

const ORIGIN: &str = "https://app.example";

fn assert_readable(answer: &Answer, what: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{what}");
    let exposed = answer.header("access-control-expose-headers").to_owned();
    for name in [
        "x-request-id",
        "x-swan-cost",
        "retry-after",
        "x-ratelimit-remaining",
    ] {
        assert!(exposed.split(", ").any(|one| one == name), "{what}: {name}");
    }
    assert!(
        !answer
            .headers
            .contains_key("access-control-allow-credentials")
    );
}

#[tokio::test]
async fn a_page_of_another_origin_can_use_every_route() {
    let market = Market::start().await;
    let document = Call::get(market.address, "/openapi.json").send().await;
    let document = document.json();
    let mut routes = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "x");
        for method in item.as_object().unwrap().keys() {
            let (method, what) = (method.to_uppercase(), format!("{method} {path}"));
            let asked = "authorization, content-type, x-stainless-os, idempotency-key";
            let preflight = Call::new(market.address, "OPTIONS", &path)
                .header("origin", ORIGIN)
                .header("access-control-request-method", &method)
                .header("access-control-request-headers", asked)
                .send()
                .await;
            assert_eq!(preflight.status, 204, "{what}");
            assert_readable(&preflight, &what);
            let methods = preflight.header("access-control-allow-methods").to_owned();
            assert!(
                methods.split(", ").any(|one| one == method),
                "{what}: {methods}"
            );
            assert_eq!(
                preflight.header("access-control-allow-headers"),
                asked,
                "{what}"
            );
            let answer = Call::new(market.address, &method, &path)
                .header("origin", ORIGIN)
                .send()
                .await;
            assert_readable(&answer, &what);
            routes += 1;
        }
    }
    assert!(routes > 40, "only {routes} routes");
    let unknown = Call::get(market.address, "/nothing").header("origin", ORIGIN);
    assert_readable(&unknown.send().await, "an unknown path");
}
