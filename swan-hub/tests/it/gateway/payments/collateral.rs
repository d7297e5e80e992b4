//! Collateral from the card to the card: in, bound, punished, asked back, returned, and everything that goes wrong.

use std::time::Duration;

use serde_json::{Value, json};
use swan_core::ledger::Account;
use swan_hub::CollateralNews;

use super::pledge::{DAY, PROVIDER, Pledge};

pub(super) const RETURNED: &str = "/withdrawals/0/parts/0/state";

pub(super) fn is(pockets: &[String; 8], expected: &str) {
    assert_eq!(pockets.join(" "), expected);
}

pub(super) fn error(answer: &crate::gateway::http::Answer) -> (u16, String) {
    (answer.status, answer.error_code())
}

#[tokio::test]
async fn a_card_pays_collateral_and_no_credit() {
    let pledge = Pledge::open().await;
    let bond = pledge.bond().await;
    assert_eq!(
        (&bond["state"], &bond["requirement"]["missing"]),
        (&json!("empty"), &json!("20"))
    );
    let (id, payment) = pledge.paid("20.00").await;
    let bond = pledge.bond().await;
    assert_eq!(
        (&bond["state"], &bond["free"]),
        (&json!("open"), &json!("20"))
    );
    assert_eq!(bond["requirement"]["missing"], Value::Null);
    let deposit = &bond["deposits"][0];
    assert_eq!(
        (&deposit["topup"], &deposit["reference"]),
        (&json!(id), &json!(payment))
    );
    // Nobody's credit has changed, and the order is nobody's in the list of consumers.
    assert_eq!(pledge.till.funds().0, "5");
    assert_eq!(pledge.till.market.hub.books().audit(), []);
    assert_eq!(pledge.told(CollateralNews::Deposited), 1);
    let refund = pledge.till.refund(&id, json!({})).await;
    assert_eq!(error(&refund), (409, "refund_of_collateral".into()));
    pledge.is_booked().await;
}

#[tokio::test]
async fn it_goes_back_to_its_card_after_seven_days() {
    let pledge = Pledge::open().await;
    let (id, _) = pledge.paid("20").await;
    let withdrawal = pledge.ask_back(json!({})).await;
    is(&pledge.pockets().await, "0 0 0 20 0 0 0 0");
    let again = pledge.own("withdrawals", json!({"amount": "1"})).await;
    assert_eq!(error(&again), (409, "collateral_refused".into()));
    pledge.till.clock.advance(DAY * 7 - Duration::from_secs(1));
    pledge.is_looked_at().await;
    is(&pledge.pockets().await, "0 0 0 20 0 0 0 0");
    let bond = pledge
        .comes_to(Duration::from_secs(1), RETURNED, "succeeded")
        .await;
    assert_eq!(
        (&bond["state"], &bond["returned"]),
        (&json!("refunded"), &json!("20"))
    );
    assert_eq!(pledge.till.stub.refunds(), 1);
    let order = pledge.till.refund(&id, json!({})).await;
    assert_eq!(order.status, 409);
    let late = format!("withdrawals/{withdrawal}/cancel");
    assert_eq!(
        error(&pledge.own(&late, json!({})).await),
        (409, "collateral_refused".into())
    );
    assert_eq!(pledge.balance(Account::Card).await, "0");
    pledge.is_booked().await;
}

#[tokio::test]
async fn a_withdrawal_is_taken_back_while_it_waits() {
    let pledge = Pledge::open().await;
    pledge.paid("20").await;
    let withdrawal = pledge.ask_back(json!({"amount": "5.5"})).await;
    let cancelled = pledge
        .own(&format!("withdrawals/{withdrawal}/cancel"), json!({}))
        .await;
    assert_eq!(cancelled.status, 200);
    let unknown = pledge
        .own(&format!("withdrawals/{:032x}/cancel", 5), json!({}))
        .await;
    assert_eq!(error(&unknown), (404, "withdrawal_not_found".into()));
    is(&pledge.pockets().await, "20 0 0 0 0 0 0 0");
    let more = pledge.own("withdrawals", json!({"amount": "20.01"})).await;
    assert_eq!(error(&more), (409, "insufficient_collateral".into()));
    pledge.is_booked().await;
}

/// $20, of which 10 % are taken while the withdrawal waits, so that $18 go back.
#[tokio::test]
async fn a_slash_during_the_wait_lowers_the_refund() {
    let pledge = Pledge::open().await;
    pledge.paid("20").await;
    pledge.ask_back(json!({})).await;
    let case = pledge
        .punish(json!({"offence": "second_failure", "reason": "run 17"}))
        .await;
    is(&pledge.pockets().await, "0 0 2 18 0 0 0 0");
    let bond = pledge
        .comes_to(DAY * 2, "/penalties/0/state", "carried_out")
        .await;
    assert_eq!(bond["penalties"][0]["id"], json!(case));
    assert_eq!(bond["penalties"][0]["why"], "lapsed");
    let transfer = bond["penalties"][0]["transfer"].as_str().unwrap();
    let hub = &pledge.till.market.hub;
    let told = hub
        .explain(transfer.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let (says, rule) = (&told.steps[0].says, told.steps[0].rule);
    assert_eq!(rule, "collateral_impound");
    assert!(
        says.contains(&case) && says.contains("10% of the collateral; run 17; by administrator"),
        "{says}"
    );
    assert_eq!(pledge.balance(Account::Treasury).await, "2");
    pledge.comes_to(DAY * 5, RETURNED, "succeeded").await;
    is(&pledge.pockets().await, "0 0 0 0 18 2 0 0");
    assert_eq!(pledge.told(CollateralNews::Penalised), 1);
    pledge.is_booked().await;
}

#[tokio::test]
async fn the_ladder_takes_thirty_percent_and_fraud_twice_the_stake_which_is_burnt() {
    let pledge = Pledge::open().await;
    pledge.paid("100").await;
    let job = "018f0000-0000-7000-8000-000000000001";
    let locked = json!({"job": job, "amount": "12"});
    for _ in 0..2 {
        assert_eq!(pledge.ordered("locks", locked.clone()).await.status, 201);
    }
    is(&pledge.pockets().await, "88 12 0 0 0 0 0 0");
    let nothing = json!({"offence": "fraud", "reason": "no proof"});
    assert_eq!(
        error(&pledge.ordered("penalties", nothing).await),
        (400, "invalid_value".into())
    );
    pledge
        .punish(json!({"offence": "fraud", "job": job, "reason": "proof 3"}))
        .await;
    // What was locked goes first.
    is(&pledge.pockets().await, "76 0 24 0 0 0 0 0");
    let bond = pledge.comes_to(DAY * 2, "/slashed", "24").await;
    assert_eq!(bond["penalties"][0]["destination"], "burn");
    assert_eq!(pledge.balance(Account::Burn).await, "24");
    pledge
        .punish(json!({"offence": "third_failure", "reason": "runs 4 to 6"}))
        .await;
    is(&pledge.pockets().await, "53.2 0 22.8 0 0 24 0 0");
    assert_eq!(
        pledge.ordered("unlocks", json!({"job": job})).await.status,
        200
    );
    pledge.is_booked().await;
}

#[tokio::test]
async fn an_appeal_that_is_upheld_gives_everything_back_and_one_denied_does_not() {
    let pledge = Pledge::open().await;
    pledge.paid("20").await;
    let decide = async |case: &str, how: &str| {
        let decision = format!("penalties/{case}/decision");
        pledge
            .ordered(
                &decision,
                json!({"decision": how, "reason": "looked at it"}),
            )
            .await
    };
    for (how, pockets) in [
        ("upheld", "20 0 0 0 0 0 0 0"),
        ("denied", "18 0 0 0 0 2 0 0"),
    ] {
        let case = pledge
            .punish(json!({"offence": "second_failure", "reason": "run 1"}))
            .await;
        let early = decide(&case, how).await;
        assert_eq!(error(&early), (409, "penalty_closed".into()));
        let appeal = format!("penalties/{case}/appeal");
        let said = pledge
            .own(&appeal, json!({"reason": "the hub was away"}))
            .await;
        assert_eq!(said.status, 200, "{}", said.text());
        // It waits beyond the 48 hours in which it could be appealed.
        pledge.till.clock.advance(DAY * 3);
        pledge.is_looked_at().await;
        is(&pledge.pockets().await, "18 0 2 0 0 0 0 0");
        assert_eq!(decide(&case, how).await.status, 200);
        is(&pledge.pockets().await, pockets);
        assert_eq!(decide(&case, how).await.status, 200);
    }
    assert_eq!(pledge.told(CollateralNews::Appealed), 2);
    pledge.is_booked().await;
}

#[tokio::test]
async fn a_refund_that_fails_is_collateral_again_and_then_paid_by_hand() {
    let pledge = Pledge::open().await;
    pledge.paid("20").await;
    pledge.till.stub.refunds_are("pending");
    pledge.ask_back(json!({})).await;
    pledge.comes_to(DAY * 7, RETURNED, "pending").await;
    is(&pledge.pockets().await, "0 0 0 0 20 0 0 0");
    let refund = pledge.till.stub.refund_ids().remove(0);
    pledge.till.stub.set_refund(&refund, "failed");
    let event = pledge.till.stub.event("refund.failed", &refund);
    assert_eq!(pledge.till.tell(&event).await, "booked");
    let bond = pledge.bond().await;
    assert_eq!(
        (&bond["state"], &bond["free"]),
        (&json!("open"), &json!("20"))
    );
    assert!(
        bond["withdrawals"][0]["problem"]
            .as_str()
            .unwrap()
            .contains("did not reach the card")
    );
    assert_eq!(pledge.told(CollateralNews::ReturnFailed), 1);
    pledge.is_booked().await;

    pledge.ask_back(json!({})).await;
    let bond = pledge
        .comes_to(DAY * 7, "/withdrawals/0/state", "returned")
        .await;
    assert_eq!(bond["withdrawals"][0]["parts"][0]["way"], "payout");
    let payouts = paid_out(&pledge).await;
    assert_eq!(
        (&payouts["amount"], &payouts["fee"]),
        (&json!("20"), &json!("0"))
    );
    assert_eq!(pledge.balance(Account::PayingOut(PROVIDER)).await, "20");
    let id = payouts["id"].as_str().unwrap();
    let path = format!("/api/v1/admin/payouts/{id}/paid");
    let done = pledge
        .post(&pledge.till.admin, &path, json!({"reference": "tx 1"}))
        .await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(pledge.bond().await.pointer(RETURNED), Some(&json!("paid")));
    assert_eq!(pledge.balance(Account::Payouts).await, "20");
    pledge.is_booked().await;
}

/// The one payout of collateral that there is.
async fn paid_out(pledge: &Pledge) -> Value {
    for _ in 0..2_000 {
        let call =
            crate::gateway::http::Call::get(pledge.till.market.address, "/v1/provider/payouts");
        let call = call.header("authorization", &format!("Bearer {}", pledge.key));
        let all = call.send().await.json();
        if let Some(one) = all["data"].as_array().and_then(|all| all.first()) {
            assert!(one["withdrawal"].is_string());
            return one.clone();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("there is no payout");
}

/// What a grant put in is paid out by hand; a payout that fails makes it collateral again, and holds the next one up as long as it waits.
#[tokio::test]
async fn what_was_granted_is_paid_out_by_hand() {
    let pledge = Pledge::open().await;
    let grant = json!({"amount": "30", "note": "bank transfer 9", "id": format!("{:032x}", 9)});
    for _ in 0..2 {
        let granted = pledge.ordered("grants", grant.clone()).await;
        assert_eq!(granted.status, 201, "{}", granted.text());
    }
    let other = json!({"amount": "31", "id": format!("{:032x}", 9)});
    assert_eq!(
        error(&pledge.ordered("grants", other).await),
        (409, "collateral_conflict".into())
    );
    pledge.paid("20").await;
    pledge.ask_back(json!({"amount": "35"})).await;
    let bond = pledge.comes_to(DAY * 7, RETURNED, "succeeded").await;
    let parts = bond["withdrawals"][0]["parts"].as_array().unwrap();
    let ways: Vec<_> = parts
        .iter()
        .map(|part| (&part["way"], &part["amount"]))
        .collect();
    assert_eq!(
        ways,
        [
            (&json!("card"), &json!("20")),
            (&json!("payout"), &json!("15"))
        ]
    );
    let id = paid_out(&pledge).await["id"].as_str().unwrap().to_owned();
    pledge.ask_back(json!({})).await;
    pledge.till.clock.advance(DAY * 8);
    pledge.is_looked_at().await;
    is(&pledge.pockets().await, "0 0 0 15 35 0 0 0");
    let path = format!("/api/v1/admin/payouts/{id}/failed");
    let failed = pledge
        .post(
            &pledge.till.admin,
            &path,
            json!({"reason": "no such wallet"}),
        )
        .await;
    assert_eq!(failed.status, 200, "{}", failed.text());
    // The withdrawal that waited for it goes on.
    pledge
        .comes_to(Duration::ZERO, "/withdrawals/0/state", "returned")
        .await;
    is(&pledge.pockets().await, "15 0 0 0 35 0 0 0");
    assert_eq!(pledge.balance(Account::Grants).await, "-35");
    pledge.is_booked().await;
}
