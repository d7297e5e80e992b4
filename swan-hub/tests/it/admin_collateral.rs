//! `swan-hub collateral`, where no hub runs: what it writes down is booked by the hub that starts next.

use std::sync::Arc;

use swan_core::ledger::Account;
use swan_core::{Currency, ProviderId};
use swan_hub::Hub;
use swan_hub::store::Store;
use tempfile::TempDir;

use crate::admin::{open_store, refused, run};
use crate::ledger::{audit, clock};

const PROVIDER: ProviderId = ProviderId::from_u128(0xc0);
const JOB: &str = "018f0000-0000-7000-8000-000000000001";

/// What an account has, once a hub has booked everything.
async fn booked(store: &Arc<dyn Store>, account: Account) -> String {
    let hub = Hub::builder().with_store(Arc::clone(store));
    let hub = hub.with_clock(Arc::new(clock())).build().await.unwrap();
    let key = account.in_currency(Currency::Usd);
    for _ in 0..2_000 {
        hub.books().flush().await.unwrap();
        let report = audit(&**store).await;
        assert_eq!(report.breaches, []);
        let has = report.ledger.balance(&key).posted();
        if !has.is_zero() {
            return has.to_string();
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("{key} has nothing");
}

#[tokio::test]
async fn what_the_command_line_writes_down_the_next_hub_books() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    run(folder, "key create admin --name ops").await;
    let empty = run(folder, "collateral list").await;
    assert_eq!(empty.out, "no collateral\n");
    let whose = format!("--provider {PROVIDER}");
    let granted = run(
        folder,
        &format!("collateral grant 20 --note transfer {whose}"),
    )
    .await;
    assert!(
        granted.out.contains("20 USD free") && granted.err.contains("noted"),
        "{granted:?}"
    );
    let locked = run(folder, &format!("collateral lock {JOB} 4 {whose} --json")).await;
    assert_eq!(
        (&locked.json()["free"], &locked.json()["locked"]),
        (&"16".into(), &"4".into())
    );
    let fraud = format!("collateral slash fraud --reason proof --job {JOB} {whose} --json");
    let slashed = run(folder, &fraud).await.json();
    assert_eq!(
        (
            &slashed["impounded"],
            &slashed["penalties"][0]["destination"]
        ),
        (&"8".into(), &"burn".into())
    );
    let case = slashed["penalties"][0]["id"].as_str().unwrap().to_owned();
    let early = format!("collateral decide {case} upheld --reason so {whose}");
    assert!(
        refused(folder, &early)
            .await
            .contains("nobody has appealed")
    );
    let task = format!("collateral slash failed-task --reason x {whose}");
    assert!(
        refused(folder, &task)
            .await
            .contains("takes no collateral for that")
    );
    let over = format!("collateral lock {JOB} 5 {whose}");
    assert!(!refused(folder, &over).await.is_empty());
    let listed = run(folder, "collateral list --json").await.json();
    assert_eq!(listed[0]["free"], "12");

    let store = open_store(folder).await;
    assert_eq!(
        booked(&store, Account::CollateralImpounded(PROVIDER)).await,
        "8"
    );
    assert_eq!(booked(&store, Account::Collateral(PROVIDER)).await, "12");
}
