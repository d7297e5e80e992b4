//! The OpenAPI document against the router that it was made with.

use std::path::Path;

use serde_json::Value;

use super::Market;
use super::http::Call;

/// A path of the document with something in the place of its parameters.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    for (number, part) in path.split(['{', '}']).enumerate() {
        filled.push_str(if number % 2 == 0 { part } else { "x" });
    }
    filled
}

#[tokio::test]
async fn every_route_of_the_document_is_there() {
    let market = Market::start().await;
    let document = Call::get(market.address, "/openapi.json").send().await;
    assert_eq!(document.status, 200);
    assert_eq!(document.headers["content-type"], "application/json");
    let document = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/v1/chat/completions"));
    assert!(paths.contains_key("/openapi.json"));
    for (path, item) in paths {
        let path = filled(path);
        for method in item.as_object().unwrap().keys() {
            let call = Call::new(market.address, &method.to_uppercase(), &path);
            let answer = call.send().await;
            assert_ne!(answer.status, 405, "{method} {path}");
            if answer.status == 404 {
                assert_ne!(answer.json()["error"]["code"], "unknown_url", "{path}");
            }
        }
        let unknown = Call::new(market.address, "TRACE", &path).send().await;
        assert_eq!(unknown.status, 405, "TRACE {path}");
    }
}

/// Only the table makes routes, so the document cannot miss one.
#[test]
fn no_route_is_made_beside_the_table() {
    let table = Path::new("openapi/routes.rs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.strip_prefix(&root).unwrap() != table {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains(".route("), "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn what_the_document_refers_to_is_in_it() {
    let market = Market::start().await;
    let answer = Call::get(market.address, "/openapi.json").send().await;
    let document = answer.json();
    let mut open = vec![&document];
    let mut found = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(place)) = members.get("$ref") {
                    let pointer = place.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{place}");
                    found += 1;
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(found > 10, "only {found} references");
}
