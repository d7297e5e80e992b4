//! The exchange from the command line, on a real file, beside a hub that follows it and without one.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::admin::{consumer, open_store, refused, run};
use crate::ledger::audit;

async fn stock(folder: &Path) -> Value {
    let shown = run(folder, "exchange show --json").await.json();
    json!([shown[0]["stock"], shown[1]["stock"]])
}

#[tokio::test]
async fn the_exchange_is_funded_shown_and_emptied() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    consumer(folder).await;
    assert_eq!(stock(folder).await, json!(["0", "0"]));
    let shown = run(
        folder,
        "exchange fund 1000 --currency swan --note stock --json",
    );
    let shown = shown.await.json();
    assert_eq!(
        (
            &shown[1]["currency"],
            &shown[1]["stock"],
            &shown[1]["funded"]
        ),
        (&json!("SWAN"), &json!("1000"), &json!("1000"))
    );
    run(folder, "exchange empty 400 --currency swan --to treasury").await;
    run(folder, "exchange empty 100 --currency swan").await;
    run(folder, "exchange fund 50 --currency swan --from treasury").await;
    assert_eq!(stock(folder).await, json!(["0", "550"]));
    let table = run(folder, "exchange show").await.out;
    assert!(table.contains("STOCK") && table.contains("550"), "{table}");
    for (line, why) in [
        ("exchange empty 551 --currency swan", "550"),
        ("exchange fund 351 --currency swan --from treasury", "350"),
        ("exchange fund 0 --currency usd", "above zero"),
    ] {
        let said = refused(folder, line).await;
        assert!(said.contains(why), "{line}: {said}");
    }
    let report = audit(&*open_store(folder).await).await;
    assert_eq!(report.breaches, []);
}

#[tokio::test]
async fn what_a_provider_prefers_is_said_and_shown() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    run(folder, "key create provider --name rig").await;
    let providers = run(folder, "provider list --json").await.json();
    let provider = providers[0]["id"].as_str().unwrap();
    for (said, shown) in [
        ("", "none"),
        (" swan", "SWAN"),
        (" usd", "USD"),
        (" none", "none"),
    ] {
        let out = run(folder, &format!("provider payment {provider}{said}"))
            .await
            .out;
        assert_eq!(out.trim(), shown);
    }
    run(folder, &format!("provider payment {provider} swan")).await;
    let shown = run(folder, &format!("provider payment {provider} --json")).await;
    assert_eq!(
        shown.json(),
        json!({"provider": provider, "currency": "SWAN"})
    );
    let line = "provider payment prov-00000000000000000000000000000009 swan";
    assert!(refused(folder, line).await.contains("there is no prov-"));
}
