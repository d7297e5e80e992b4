//! What goes wrong with collateral: disputes, hubs that end, and what nobody may do.

use serde_json::json;
use swan_core::{Amount, Currency};
use swan_hub::CollateralNews;

use super::collateral::{RETURNED, error, is};
use super::pledge::{DAY, PROVIDER, Pledge};
use super::stub::Fault;

#[tokio::test]
async fn a_dispute_takes_collateral_and_what_is_gone_is_owed() {
    let pledge = Pledge::open().await;
    let (_, payment) = pledge.paid("20").await;
    pledge
        .punish(json!({"offence": "third_failure", "reason": "runs 1 to 3"}))
        .await;
    let dispute = pledge.till.stub.dispute(&payment, 2_000);
    let event = pledge.till.stub.event("charge.dispute.created", &dispute);
    assert_eq!(pledge.till.tell(&event).await, "booked");
    is(&pledge.pockets().await, "0 0 6 0 0 0 14 6");
    assert_eq!(pledge.told(CollateralNews::Reversed), 1);
    // The next deposit makes good what is owed.
    pledge.ordered("grants", json!({"amount": "10"})).await;
    is(&pledge.pockets().await, "4 0 6 0 0 0 20 0");
    pledge.is_booked().await;
    pledge.till.stub.set_dispute(&dispute, "won");
    let event = pledge.till.stub.event("charge.dispute.closed", &dispute);
    assert_eq!(pledge.till.tell(&event).await, "booked");
    is(&pledge.pockets().await, "24 0 6 0 0 0 0 0");
    assert_eq!(
        pledge
            .till
            .market
            .hub
            .books()
            .shortfall(pledge.till.market.account, Currency::Usd),
        Amount::ZERO
    );
    pledge.is_booked().await;
}

/// A cent cannot go back to a card and be taken back, too: the dispute waits until what was on its way has failed.
#[tokio::test]
async fn a_dispute_of_what_is_on_its_way_to_the_card_stops_nothing() {
    let pledge = Pledge::open().await;
    let stub = &pledge.till.stub;
    let (_, payment) = pledge.paid("1").await;
    stub.refunds_are("pending");
    pledge.ask_back(json!({"amount": "0.02"})).await;
    pledge.comes_to(DAY * 7, RETURNED, "pending").await;
    let event = stub.event("charge.dispute.created", &stub.dispute(&payment, 100));
    pledge.till.tell(&event).await;
    is(&pledge.pockets().await, "0.98 0 0 0 0.02 0 0 0");
    let refund = stub.refund_ids().remove(0);
    stub.set_refund(&refund, "failed");
    let event = stub.event("refund.failed", &refund);
    pledge.till.tell(&event).await;
    is(&pledge.pockets().await, "0 0 0 0 0 0 1 0");
    pledge.is_booked().await;
}

/// Whatever the hub was doing when it ended, the next one goes on with it.
#[tokio::test]
async fn it_survives_a_restart_at_every_step() {
    let mut pledge = Pledge::open().await;
    pledge.paid("20").await;
    pledge = pledge.restart().await;
    is(&pledge.pockets().await, "20 0 0 0 0 0 0 0");
    pledge.ask_back(json!({"amount": "20"})).await;
    pledge = pledge.restart().await;
    pledge
        .punish(json!({"offence": "second_failure", "reason": "run 2"}))
        .await;
    pledge = pledge.restart().await;
    pledge.comes_to(DAY * 2, "/slashed", "2").await;
    pledge = pledge.restart().await;
    // The processor does it, and its answer is lost with the hub.
    pledge.till.stub.break_next([Fault::Lies]);
    pledge.comes_to(DAY * 5, "/returned", "18").await;
    pledge = pledge.restart().await;
    pledge.ends_as(RETURNED, "succeeded").await;
    assert_eq!(pledge.till.stub.refunds(), 1);
    pledge = pledge.restart().await;
    is(&pledge.pockets().await, "0 0 0 0 18 2 0 0");
    pledge.is_booked().await;
}

/// What the books would refuse is refused before it is written down, and stands in nobody's way.
#[tokio::test]
async fn an_id_that_the_ledger_knows_stops_nothing() {
    let pledge = Pledge::open().await;
    let taken = format!("{:032x}", 0xb0b);
    let granted = pledge.till.market.hub.books().grant(
        taken.parse().unwrap(),
        pledge.till.market.account,
        Currency::Usd,
        "1".parse().unwrap(),
        "credit",
    );
    let _applied = granted.await.unwrap();
    for id in [taken, "0".repeat(32)] {
        let grant = json!({"amount": "5", "id": id});
        let refused = pledge.ordered("grants", grant).await;
        assert_eq!(error(&refused), (409, "collateral_conflict".into()));
    }
    let absurd = pledge
        .ordered("grants", json!({"amount": "1000000001"}))
        .await;
    assert_eq!(error(&absurd), (400, "invalid_value".into()));
    assert_eq!(
        pledge
            .ordered("grants", json!({"amount": "5"}))
            .await
            .status,
        201
    );
    is(&pledge.pockets().await, "5 0 0 0 0 0 0 0");
    pledge.is_booked().await;
}

#[tokio::test]
async fn who_may_do_what() {
    let pledge = Pledge::open().await;
    let consumer = pledge.till.market.key.clone();
    let own = "/v1/provider/collateral/withdrawals";
    assert_eq!(pledge.post(&consumer, own, json!({})).await.status, 403);
    let ordered = format!("/api/v1/admin/providers/{PROVIDER}/collateral/grants");
    let grant = json!({"amount": "5"});
    assert_eq!(
        pledge
            .post(&pledge.key, &ordered, grant.clone())
            .await
            .status,
        403
    );
    let nobody = "/api/v1/admin/providers/nobody/collateral/grants";
    let nobody = pledge.post(&pledge.till.admin, nobody, grant).await;
    assert_eq!(error(&nobody), (404, "provider_not_found".into()));
    for (what, body, code) in [
        ("grants", json!({}), "missing_field"),
        ("grants", json!({"amount": "-1"}), "invalid_value"),
        (
            "grants",
            json!({"amount": "1", "currency": "eur"}),
            "invalid_value",
        ),
        (
            "penalties",
            json!({"offence": "murder", "reason": "x"}),
            "invalid_value",
        ),
        (
            "penalties",
            json!({"offence": "second_failure", "reason": "x"}),
            "insufficient_collateral",
        ),
        (
            "penalties",
            json!({"offence": "failed_task", "reason": "x"}),
            "not_punished",
        ),
        ("locks", json!({"job": "7", "amount": "1"}), "invalid_value"),
        (
            "locks",
            json!({"job": "018f0000-0000-7000-8000-000000000001", "amount": "1"}),
            "collateral_refused",
        ),
    ] {
        let answer = pledge.ordered(what, body.clone()).await;
        assert_eq!(answer.error_code(), code, "{what} {body}");
    }
    let nothing = pledge.own("withdrawals", json!({})).await;
    assert_eq!(error(&nothing), (409, "insufficient_collateral".into()));
    let none = pledge
        .own(
            &format!("penalties/case-{:032x}/appeal", 1),
            json!({"reason": "x"}),
        )
        .await;
    assert_eq!(error(&none), (404, "penalty_not_found".into()));
}
