//! Penalties from the accusation to where the money went, as their provider, an administrator, the command line and strangers see
//! them.

use serde_json::{Value, json};
use swan_core::{AccountId, ProviderId};
use swan_hub::ledger::{Explainer, Subject};
use swan_hub::store::KeyKind;

use super::pledge::{DAY, Pledge};
use crate::gateway::http::{Answer, Call};

const JOB: &str = "018f0000-0000-7000-8000-000000000001";

pub(super) async fn get(pledge: &Pledge, key: &str, path: &str) -> Answer {
    let call = Call::get(pledge.till.market.address, path);
    let call = call.header("authorization", &format!("Bearer {key}"));
    call.send().await
}

/// What everybody who may know is told of it, the same for all of them.
pub(super) async fn told(pledge: &Pledge, id: &str) -> Value {
    let (own, any) = ("/v1/provider/explain", "/v1/explain");
    let by_owner = get(pledge, &pledge.key, &format!("{own}/{id}")).await;
    assert_eq!(by_owner.status, 200, "{id}: {by_owner:?}");
    let by_owner = by_owner.json();
    for path in [own, any] {
        let path = format!("{path}/{id}");
        let by_admin = get(pledge, &pledge.till.admin, &path).await;
        assert_eq!(by_admin.json(), by_owner, "{path}");
    }
    let other = KeyKind::Provider(ProviderId::from_u128(8));
    let other = pledge.till.market.issue(other, 72).await;
    let stranger = KeyKind::Consumer(AccountId::from_u128(5));
    let stranger = pledge.till.market.issue(stranger, 71).await;
    for (key, path) in [
        (&other, own),
        (&stranger, any),
        (&pledge.till.market.key, any),
    ] {
        let answer = get(pledge, key, &format!("{path}/{id}")).await;
        assert_eq!(answer.status, 404, "{path}/{id}: {answer:?}");
        assert_eq!(answer.error_code(), "nothing_known");
    }
    pledge.till.market.hub.books().flush().await.unwrap();
    let subject: Subject = id.parse().unwrap();
    let store = pledge.till.market.hub.store().clone();
    let by_command = Explainer::new(store).explain(subject).await;
    let by_command = serde_json::to_value(by_command.unwrap().unwrap()).unwrap();
    assert_eq!(by_command, by_owner, "{id} by command");
    by_owner
}

pub(super) fn all<'a>(of: &'a Value, list: &str, field: &str) -> Vec<&'a str> {
    let rows = of[list].as_array().unwrap().iter();
    rows.map(|row| row[field].as_str().unwrap()).collect()
}

/// What is known of a penalty that can still be appealed.
fn is_open(open: &Value, case: &str) {
    assert_eq!(
        (&open["id"], &open["kind"]),
        (&json!(case), &json!("penalty"))
    );
    let summary = open["summary"].as_str().unwrap();
    assert!(
        summary.contains("24 USD of the collateral of prov-"),
        "{summary}"
    );
    assert!(summary.contains("can be appealed until"), "{summary}");
    let notes = open["notes"].to_string();
    for expected in [
        "the offence: fraud, with what was locked for job",
        "the rule: Seed 003",
        "it was taken from 12 that was bound to a job, 12 that was free",
    ] {
        assert!(notes.contains(expected), "{expected}: {notes}");
    }
    let accused = &open["said"][0];
    assert_eq!(accused["says"], "proof 3");
    assert!(
        accused["by"]
            .as_str()
            .unwrap()
            .starts_with("administrator key-")
    );
    assert_eq!(accused["policy"], open["steps"][0]["policy"]);
    assert!(accused["policy_hash"].is_string());
}

#[tokio::test]
async fn a_penalty_is_told_from_the_accusation_to_where_the_money_went() {
    for (how, ending, rules, said) in [
        (
            None,
            "went to be burnt, since nobody appealed in time",
            ["collateral_impound", "collateral_slash"],
            &["accused", "lapsed"][..],
        ),
        (
            Some("denied"),
            "went to be burnt, since the appeal was denied",
            ["collateral_impound", "collateral_slash"],
            &["accused", "appealed", "decided"],
        ),
        (
            Some("upheld"),
            "lifted, since the appeal was upheld",
            ["collateral_impound", "collateral_restore"],
            &["accused", "appealed", "decided"],
        ),
    ] {
        let pledge = Pledge::open().await;
        pledge.paid("100").await;
        let locked = json!({"job": JOB, "amount": "12"});
        assert_eq!(pledge.ordered("locks", locked).await.status, 201);
        let fraud = json!({"offence": "fraud", "job": JOB, "reason": "proof 3"});
        let case = pledge.punish(fraud).await;
        is_open(&told(&pledge, &case).await, &case);
        match how {
            None => drop(pledge.comes_to(DAY * 2, "/slashed", "24").await),
            Some(how) => {
                let appeal = format!("penalties/{case}/appeal");
                let words = json!({"reason": "the hub was away"});
                assert_eq!(pledge.own(&appeal, words).await.status, 200);
                let decision = format!("penalties/{case}/decision");
                let words = json!({"decision": how, "reason": "looked at it"});
                assert_eq!(pledge.ordered(&decision, words).await.status, 200);
            }
        }
        let closed = told(&pledge, &case).await;
        assert!(
            closed["summary"].as_str().unwrap().ends_with(ending),
            "{closed}"
        );
        assert_eq!(all(&closed, "steps", "rule"), rules);
        assert_eq!(all(&closed, "said", "what"), said);
        // Each transfer leads to the same.
        for step in closed["steps"].as_array().unwrap() {
            for id in all(step, "transfers", "id") {
                let by_transfer = told(&pledge, id).await;
                assert_eq!(by_transfer["id"], id);
                for same in ["kind", "summary", "said", "steps", "notes"] {
                    assert_eq!(by_transfer[same], closed[same], "{id} {same}");
                }
            }
        }
        pledge.is_booked().await;
    }
}

#[tokio::test]
async fn a_case_that_is_not_there_is_known_to_nobody() {
    let pledge = Pledge::open().await;
    for id in [format!("case-{:032x}", 5), "case-5".to_owned()] {
        for (key, path) in [
            (&pledge.key, "/v1/provider/explain"),
            (&pledge.till.admin, "/v1/explain"),
        ] {
            let answer = get(&pledge, key, &format!("{path}/{id}")).await;
            assert_eq!(answer.status, 404, "{id}: {answer:?}");
        }
    }
}
