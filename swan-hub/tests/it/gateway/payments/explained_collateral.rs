//! What moved a provider's collateral and was no penalty: orders by card, jobs and withdrawals, as their provider, an administrator,
//! the command line and strangers see them.

use serde_json::{Value, json};

use super::collateral::RETURNED;
use super::explained_penalty::{all, get, told};
use super::placed;
use super::pledge::{DAY, PROVIDER, Pledge};

const JOB: &str = "018f0000-0000-7000-8000-000000000001";

/// That each transfer of it leads to the same.
async fn leads_back(pledge: &Pledge, of: &Value) {
    for step in of["steps"].as_array().unwrap() {
        for id in all(step, "transfers", "id") {
            let by_transfer = told(pledge, id).await;
            assert_eq!(by_transfer["id"], id);
            for same in ["kind", "summary", "said", "steps", "notes"] {
                assert_eq!(by_transfer[same], of[same], "{id} {same}");
            }
        }
    }
}

fn summary(of: &Value) -> &str {
    of["summary"].as_str().unwrap()
}

#[tokio::test]
async fn a_deposit_by_card_leads_to_its_order_and_the_order_to_what_it_moved() {
    let pledge = Pledge::open().await;
    let open = pledge.own("deposits", json!({"amount": "25"})).await;
    let (open, _) = placed(&open.json());
    let open = told(&pledge, &open).await;
    assert_eq!(
        summary(&open),
        format!("25 USD ordered as collateral of {PROVIDER}: open")
    );

    let (order, payment) = pledge.paid("40").await;
    let by_order = told(&pledge, &order).await;
    assert_eq!(by_order["kind"], "topup");
    assert_eq!(
        summary(&by_order),
        format!("40 USD ordered as collateral of {PROVIDER}: paid")
    );
    assert_eq!(all(&by_order, "steps", "rule"), ["collateral_deposit"]);
    assert!(by_order["notes"].to_string().contains(&payment));
    let bond = pledge.bond().await;
    let deposit = bond["deposits"][0]["id"].as_str().unwrap();
    let by_deposit = told(&pledge, deposit).await;
    assert_eq!(by_deposit["steps"], by_order["steps"]);
    leads_back(&pledge, &by_order).await;

    // What goes back to the card is of the order, too.
    let withdrawal = pledge.ask_back(json!({"amount": "15.5"})).await;
    let waits = told(&pledge, &withdrawal).await;
    assert_eq!(waits["kind"], "collateral");
    assert_eq!(
        summary(&waits),
        format!("15.5 USD of the collateral of {PROVIDER} asked back: it waits")
    );
    pledge.comes_to(DAY * 7, RETURNED, "succeeded").await;
    let back = told(&pledge, &withdrawal).await;
    assert!(summary(&back).ends_with("it went back where it came from"));
    assert_eq!(all(&back, "said", "what"), ["requested", "returned"]);
    let rules = ["collateral_withdrawal", "collateral_return"];
    assert_eq!(all(&back, "steps", "rule"), rules);
    let by_order = told(&pledge, &order).await;
    assert_eq!(
        summary(&by_order),
        format!("40 USD ordered as collateral of {PROVIDER}: paid, and 15.5 of it has gone back")
    );
    let rules = ["collateral_deposit", "collateral_return"];
    assert_eq!(all(&by_order, "steps", "rule"), rules);
    leads_back(&pledge, &by_order).await;
    pledge.is_booked().await;
}

#[tokio::test]
async fn what_is_bound_to_a_job_is_told_by_the_job_and_by_its_transfers() {
    let pledge = Pledge::open().await;
    pledge.paid("40").await;
    let locked = json!({"job": JOB, "amount": "12"});
    assert_eq!(pledge.ordered("locks", locked).await.status, 201);
    let bound = told(&pledge, JOB).await;
    assert_eq!(bound["kind"], "collateral");
    assert_eq!(
        summary(&bound),
        format!("12 USD of the collateral of {PROVIDER} bound to the job {JOB}")
    );
    assert_eq!(all(&bound, "steps", "rule"), ["collateral_lock"]);
    let by = bound["said"][0]["by"].as_str().unwrap();
    assert!(by.starts_with("administrator key-"), "{by}");
    leads_back(&pledge, &bound).await;
    let let_go = pledge.ordered("unlocks", json!({"job": JOB})).await;
    assert_eq!(let_go.status, 200, "{let_go:?}");
    let over = told(&pledge, JOB).await;
    assert!(summary(&over).ends_with(", and let go again"));
    let rules = ["collateral_lock", "collateral_unlock"];
    assert_eq!(all(&over, "steps", "rule"), rules);
    leads_back(&pledge, &over).await;
}

#[tokio::test]
async fn a_grant_and_a_withdrawal_that_was_taken_back_are_told_with_who_did_it() {
    let pledge = Pledge::open().await;
    let id = format!("{:032x}", 9);
    let grant = json!({"amount": "30", "note": "bank transfer 9", "id": id});
    assert_eq!(pledge.ordered("grants", grant).await.status, 201);
    let bond = pledge.bond().await;
    let granted = told(&pledge, bond["deposits"][0]["id"].as_str().unwrap()).await;
    assert_eq!(
        summary(&granted),
        format!("30 USD became collateral of {PROVIDER}, by an administrator's word")
    );
    assert_eq!(granted["said"][0]["says"], "bank transfer 9");
    leads_back(&pledge, &granted).await;

    let withdrawal = pledge.ask_back(json!({"amount": "5"})).await;
    let path = format!("withdrawals/{withdrawal}/cancel");
    assert_eq!(pledge.own(&path, json!({})).await.status, 200);
    let cancelled = told(&pledge, &withdrawal).await;
    assert!(summary(&cancelled).ends_with("asked back: taken back by its provider"));
    assert_eq!(all(&cancelled, "said", "what"), ["requested", "cancelled"]);
    let rules = ["collateral_withdrawal", "collateral_stay"];
    assert_eq!(all(&cancelled, "steps", "rule"), rules);
    leads_back(&pledge, &cancelled).await;
}

#[tokio::test]
async fn accounts_of_the_hub_itself_are_told_to_administrators_alone() {
    let pledge = Pledge::open().await;
    let (consumer, any) = (&pledge.till.market.key, "/v1/explain");
    for name in ["grants", "growth-fund", "treasury", "exchange", "burn"] {
        let told = get(&pledge, &pledge.till.admin, &format!("{any}/{name}")).await;
        assert_eq!(told.status, 200, "{told:?}");
        let told = told.json();
        assert_eq!(
            (&told["id"], &told["kind"]),
            (&json!(name), &json!("account"))
        );
        let refused = get(&pledge, consumer, &format!("{any}/{name}")).await;
        assert_eq!(refused.error_code(), "nothing_known");
    }
    let told = get(&pledge, &pledge.till.admin, &format!("{any}/grants")).await;
    let told = told.json();
    assert_eq!(told["balances"][0]["balance"], "-5", "{told}");
}
