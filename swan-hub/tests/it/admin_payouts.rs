//! Payouts from the command line, on a real file, with and without a hub that keeps the books.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use swan_core::ledger::ChargeRecord;
use swan_core::testkit::ManualClock;
use swan_core::{Amount, ProviderId, Timestamp};
use swan_hub::Hub;
use swan_hub::ledger::HoldRequest;
use tempfile::TempDir;

use crate::admin::{consumer, open_store, refused, run};
use crate::ledger::{audit, charge, request};

/// A hub on the store of this folder; it keeps the books until it is dropped.
async fn hub(folder: &Path) -> (Hub, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(2_000)));
    let store = open_store(folder).await;
    let builder = Hub::builder().with_store(store);
    let hub = builder.with_clock(Arc::clone(&clock) as _).build().await;
    (hub.unwrap(), clock)
}

/// A provider that has earned $47.50, which the command line has named.
async fn earned(folder: &Path) -> ProviderId {
    let (_, account) = consumer(folder).await;
    run(folder, &format!("account grant {account} 45")).await;
    run(folder, "key create provider --name rig").await;
    let providers = run(folder, "provider list --json").await.json();
    let provider = providers[0]["id"].as_str().unwrap().parse().unwrap();
    let (hub, _) = hub(folder).await;
    let gross: Amount = "50".parse().unwrap();
    let asked = HoldRequest {
        account,
        amount: gross,
        expires: Timestamp::MAX,
        ..request(7, 1)
    };
    let record = ChargeRecord {
        provider: Some(provider),
        ..charge(gross.pico())
    };
    let settled = hub.books().hold(asked).unwrap().settle(record).unwrap();
    settled.durable().await.unwrap();
    hub.books().close().await.unwrap();
    provider
}

fn text(of: &Value, field: &str) -> String {
    of[field].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_payout_is_asked_for_and_paid_on_a_hub_that_runs() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let provider = earned(folder).await;
    let (hub, clock) = hub(folder).await;
    for (amount, why) in [
        ("9.99", "9.99 USD is less than the minimum of 10"),
        ("48", "there is 47.5 to be paid out, and 48 was asked for"),
    ] {
        let refused = refused(folder, &format!("payout request {provider} {amount}")).await;
        assert!(refused.contains(why), "{refused}");
    }
    let line = format!("payout request {provider} 20 --destination=0xabc --json");
    let asked = run(folder, &line).await.json();
    assert_eq!(
        ["state", "amount", "fee", "pays", "destination", "currency"].map(|of| text(&asked, of)),
        ["requested", "20", "1", "19", "0xabc", "USD"]
    );
    let id = text(&asked, "id");
    let waits = refused(folder, &format!("payout request {provider} 10")).await;
    assert!(waits.contains(&format!("payout {id} waits")), "{waits}");

    let paid = run(folder, &format!("payout paid {id} --reference 0x77")).await;
    assert!(paid.out.contains("paid") && paid.out.contains("0x77"));
    // The same end twice is one, by what was said first.
    run(folder, &format!("payout paid {id} --reference 0x88")).await;
    let shown = run(folder, &format!("payout show {id} --json"))
        .await
        .json();
    assert_eq!(text(&shown, "reference"), "0x77");
    let over = refused(folder, &format!("payout failed {id} --reason late")).await;
    assert!(over.contains("the payout is paid already"), "{over}");
    let soon = refused(folder, &format!("payout request {provider} 10")).await;
    assert!(soon.contains("less than 60 minutes ago"), "{soon}");

    clock.advance(Duration::from_secs(3_600));
    let second = run(folder, &format!("payout request {provider} 10 --json")).await;
    let second = text(&second.json(), "id");
    let cancelled = run(folder, &format!("payout cancel {second}")).await.out;
    assert!(cancelled.contains("cancelled"), "{cancelled}");
    let all = run(folder, "payout list --json").await.json();
    let states: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "state"))
        .collect();
    assert_eq!(states, ["cancelled", "paid"]);
    let table = run(
        folder,
        &format!("payout list --provider {provider} --state paid"),
    )
    .await
    .out;
    assert!(table.contains(&id) && !table.contains(&second), "{table}");
    let told = run(folder, &format!("explain {id}")).await.out;
    assert!(told.contains("asked for by the command line"), "{told}");
    assert_eq!(hub.books().audit(), []);
    assert_eq!(audit(&**hub.store()).await.breaches, []);
}

#[tokio::test]
async fn without_a_hub_what_waits_is_ended_and_what_needs_rules_waits_for_one() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let provider = earned(folder).await;
    let queued = run(folder, &format!("payout request {provider} 20 --json"))
        .await
        .json();
    assert_eq!(queued["done"], false);
    let id = text(&queued, "id");
    assert_eq!(run(folder, "payout list").await.out.trim(), "no payouts");
    // What waits for a hub is in nobody's way.
    let (_, account) = consumer(folder).await;
    let granted = run(folder, &format!("account grant {account} 1")).await.err;
    assert!(granted.contains("granted 1 USD"), "{granted}");

    let (hub, _) = hub(folder).await;
    let asked = async || {
        run(folder, "payout list --json --state requested")
            .await
            .json()
    };
    while asked().await[0]["id"] != id.as_str() {
        tokio::task::yield_now().await;
    }
    hub.books().close().await.unwrap();
    drop(hub);
    let failed = run(
        folder,
        &format!("payout failed {id} --reason nobody-home --json"),
    )
    .await;
    assert_eq!(text(&failed.json(), "state"), "failed");
    let over = refused(folder, &format!("payout paid {id} --reference x")).await;
    assert!(over.contains("the payout is failed already"), "{over}");
    let statement = run(folder, &format!("statement {provider} --json"))
        .await
        .json();
    assert_eq!(text(&statement, "closing"), "47.5");
    let unknown = "0".repeat(32);
    for (line, why) in [
        (
            format!("payout paid {unknown} --reference x"),
            "there is no payout",
        ),
        (format!("payout show {unknown}"), "there is no payout"),
        (
            "payout request prov-00000000000000000000000000000009 20".into(),
            "there is no prov-",
        ),
    ] {
        let said = refused(folder, &line).await;
        assert!(said.contains(why), "{line}: {said}");
    }
}
