//! `swan-hub topup` on a real file, beside a hub that takes payments.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::pledge::PROVIDER;
use super::stub::Stub;
use super::{Till, placed};
use crate::admin::{open_store, refused, run};
use crate::gateway::http::Call;
use swan_hub::store::KeyKind;

fn column<'a>(rows: &'a Value, field: &str) -> Vec<&'a str> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[field].as_str().unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn orders_are_listed_shown_and_refunded_from_the_command_line() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let store = open_store(folder).await;
    assert_eq!(run(folder, "topup list").await.out, "no top-ups\n");
    assert_eq!(run(folder, "topup list --json").await.json(), json!([]));
    let till = Till::over(store, Stub::start().await, |builder| builder).await;
    let account = till.market.account;
    let (open, _) = till.order("3").await;
    till.clock.advance(std::time::Duration::from_secs(1));
    let (paid, payment) = till.paid("20").await;

    let rows = run(folder, "topup list --json").await.json();
    assert_eq!(column(&rows, "id"), [&paid, &open], "the youngest first");
    assert_eq!(column(&rows, "state"), ["paid", "open"]);
    assert_eq!(rows[0]["refundable"], "20");
    let one = run(folder, "topup list --limit 1 --json").await.json();
    assert_eq!(column(&one, "id"), [&paid]);
    let of = format!("topup list --account {account} --json");
    assert_eq!(run(folder, &of).await.json(), rows);
    let other = format!("topup list --account acc-{:032x}", 99);
    assert_eq!(run(folder, &other).await.out, "no top-ups\n");
    let table = run(folder, "topup list").await.out;
    for words in ["GONE BACK", &paid, &open, &account.to_string()] {
        assert!(table.contains(words), "{words}: {table}");
    }

    // The hub that runs does it, since only it has the key.
    let said = run(folder, &format!("topup refund {paid} --amount 5.5")).await;
    assert!(
        said.err.contains("of 5.5 is on its way to the card"),
        "{said:?}"
    );
    assert_eq!(till.stub.refunds(), 1);
    let shown = run(folder, &format!("topup show {paid}")).await.out;
    for words in [
        format!("{paid}  {account}  20 USD, paid"),
        format!("payment {payment}, 14.5 can be refunded"),
        "of 5.5 by the command line, ".to_owned(),
        "refund ".to_owned(),
    ] {
        assert!(shown.contains(&words), "{words}: {shown}");
    }
    let shown = run(folder, &format!("topup show {paid} --json")).await;
    assert_eq!(column(&shown.json()["moved"], "rule"), ["topup", "refund"]);
    assert_eq!(till.funds().0, "19.5");
    // All that is left.
    let rest = run(folder, &format!("topup refund {paid} --json")).await;
    assert_eq!(rest.json()["refund"]["amount"], "14.5");
    assert_eq!(till.funds().0, "5");
    are_refused(folder, &paid, &open).await;
    assert_eq!(till.stub.refunds(), 2);
    assert_eq!(till.market.hub.books().audit(), []);
}

async fn are_refused(folder: &std::path::Path, paid: &str, open: &str) {
    let unknown = format!("top-{:032x}", 9);
    for (line, why) in [
        (format!("topup refund {paid}"), "nothing"),
        (format!("topup refund {paid} --amount 0.01"), "0 USD"),
        (format!("topup refund {paid} --amount 0"), "whole cents"),
        (format!("topup refund {paid} --amount 1.005"), "whole cents"),
        (format!("topup refund {open} --amount 1"), "was not paid"),
        (format!("topup refund {unknown}"), "there is no top-"),
        (format!("topup show {unknown}"), "there is no top-"),
    ] {
        let said = refused(folder, &line).await;
        assert!(said.contains(why), "{line}: {said}");
    }
}

/// An order for collateral is of a provider, and goes back by a withdrawal alone.
#[tokio::test]
async fn an_order_for_collateral_is_shown_with_its_provider() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let store = open_store(folder).await;
    let till = Till::over(store, Stub::start().await, |builder| builder).await;
    let key = till.market.issue(KeyKind::Provider(PROVIDER), 901).await;
    let answer = Call::post(till.market.address, "/v1/provider/collateral/deposits")
        .header("authorization", &format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(json!({"amount": "40"}).to_string())
        .send()
        .await;
    let (order, session) = placed(&answer.json());
    let payment = till.stub.pay(&session);
    let event = till.stub.event("payment_intent.succeeded", &payment);
    assert_eq!(till.tell(&event).await, "booked");
    let table = run(folder, "topup list").await.out;
    assert!(table.contains(&PROVIDER.to_string()), "{table}");
    assert!(!table.contains("acc-"), "{table}");
    let rows = run(folder, "topup list --json").await.json();
    assert_eq!(column(&rows, "provider"), [PROVIDER.to_string()]);
    assert_eq!(rows[0]["account"], Value::Null);
    let shown = run(folder, &format!("topup show {order}")).await.out;
    let words = format!("{order}  {PROVIDER}  40 USD, paid");
    assert!(shown.contains(&words), "{shown}");
    let said = refused(folder, &format!("topup refund {order}")).await;
    assert!(said.contains("collateral"), "{said}");
}
