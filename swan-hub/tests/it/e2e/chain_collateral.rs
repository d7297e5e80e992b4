//! Collateral on a real EVM node: from a provider's wallet to its pledge, through forks, the death of the hub and what nobody sent.

use serde_json::{Value, json};

use super::chain_till::{CONFIRMATIONS, Till};
use super::part::until;
use super::wire;

/// What a provider sees of its collateral.
async fn told(till: &Till, key: &str) -> Value {
    let shown = wire::get(&till.hub.url(), "/v1/provider/collateral", Some(key)).await;
    assert_eq!(shown.status, 200);
    shown.json().await
}

/// Waits until a pocket in US dollars is so.
async fn comes_to(till: &Till, key: &str, pocket: &str, expected: &str) -> Value {
    until(&format!("{pocket} is {expected}"), || async {
        let shown = told(till, key).await;
        (shown["accounts"][0][pocket] == expected).then_some(shown)
    })
    .await
}

#[tokio::test]
async fn a_provider_pledges_from_its_wallet_once_through_forks_and_the_death_of_the_hub() {
    let mut till = Till::open().await;
    let key = till.hub.provider_key("rig").await;
    let shown = told(&till, &key).await;
    let (how, provider) = (&shown["by_chain"], shown["provider"].as_str().unwrap());
    assert_eq!(how["contract"], till.contract.as_str(), "{how}");
    let reference = how["reference"].as_str().unwrap().to_owned();
    assert_ne!(reference, till.reference);
    let path = "/api/v1/provider/collateral/contract";
    let envelope = wire::get(&till.hub.url(), path, None).await.json().await;
    let chains = envelope["data"]["chains"].as_array().unwrap();
    let named = chains
        .iter()
        .map(|one| (&one["token_symbol"], &one["min_collateral"]));
    let expected = [("USDC", "20"), ("USDT", "20"), ("SWAN", "35000")];
    let expected = expected.map(|(token, least)| (json!(token), json!(least)));
    let named: Vec<_> = named
        .map(|(token, least)| (token.clone(), least.clone()))
        .collect();
    assert_eq!(named, expected, "{envelope}");

    let usdc = till.deposit_for(&reference, 0, 20_000_000).await;
    let _ = until("it is on its way", || async {
        let shown = told(&till, &key).await;
        let one = shown["on_chain"][0].clone();
        (one["state"] == "confirming" && one["transaction"] == usdc).then_some(one)
    })
    .await;
    till.hub.kill().await;
    till.node.mine(CONFIRMATIONS - 1).await;
    till.hub.restart().await;
    let shown = comes_to(&till, &key, "free", "20").await;
    assert_eq!(shown["is_enough"], true, "{shown}");
    let deposit = &shown["accounts"][0]["deposits"][0];
    assert_eq!(
        (&deposit["source"], &deposit["from"]),
        (&json!("chain"), &json!(till.node.payer)),
        "{deposit}"
    );
    // Nobody's credit, and by its id told to its provider and to nobody else.
    assert_eq!(till.has().await, ["1", "0"]);
    let id = deposit["chain_deposit"].as_str().unwrap();
    let transfer = deposit["id"].as_str().unwrap();
    for subject in [id, transfer] {
        let path = format!("/v1/provider/explain/{subject}");
        let told = wire::get(&till.hub.url(), &path, Some(&key))
            .await
            .json()
            .await;
        assert_eq!(
            (&told["kind"], &told["steps"][0]["rule"]),
            (&json!("deposit"), &json!("collateral_deposit")),
            "{told}"
        );
        let told = till.hub.admin(&["explain", subject]).await;
        assert!(told.contains("collateral_deposit"), "{told}");
        let path = format!("/v1/explain/{subject}");
        let stranger = wire::get(&till.hub.url(), &path, Some(&till.alice.key)).await;
        assert_eq!(stranger.status, 404);
    }
    let listed = till.hub.admin(&["collateral", "show", provider]).await;
    assert!(
        listed.contains(id) && listed.contains(&till.node.payer),
        "{listed}"
    );

    // Deeper than anybody waits.
    till.node.replace(CONFIRMATIONS + 3).await;
    till.node.mine(CONFIRMATIONS + 3).await;
    let shown = comes_to(&till, &key, "free", "0").await;
    assert_eq!(shown["accounts"][0]["taken_back"], "20", "{shown}");
    let told = till.hub.admin(&["explain", id]).await;
    assert!(told.contains("collateral_reversal"), "{told}");
    till.hub.audit().await;
}

#[tokio::test]
async fn an_administrator_gives_what_is_nobodys_to_a_provider_or_to_nobody() {
    let till = Till::open().await;
    let key = till.hub.provider_key("rig").await;
    let shown = told(&till, &key).await;
    let provider = shown["provider"].as_str().unwrap().to_owned();
    let nobody = format!("0x{}", "07".repeat(32));
    let _ = till.deposit_for(&nobody, 0, 5_000_000).await;
    let _ = till.deposit_for(&nobody, 1, 6_000_000).await;
    let _ = till.deposit_for(&nobody, 3, 7).await;
    till.node.mine(CONFIRMATIONS).await;
    let unmatched = until("all are told", || async {
        let list = till.hub.json(&["chain", "unmatched", "--json"]).await;
        let list = list.as_array().unwrap().clone();
        (list.len() == 3).then_some(list)
    })
    .await;
    let of = |token: Value| {
        let one = unmatched.iter().find(|one| one["token"] == token);
        one.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (usdc, usdt, foreign) = (of(json!("USDC")), of(json!("USDT")), of(Value::Null));
    let admin = ["key", "create", "admin", "--name", "ops"];
    let admin = till.hub.admin(&admin).await;
    until("the hub knows a new key", || async {
        let list = wire::get(&till.hub.url(), "/api/v1/admin/deposits", Some(&admin)).await;
        (list.status == 200).then_some(())
    })
    .await;
    let post = async |id: &str, what: &str, body: Value| {
        let path = format!("/api/v1/admin/deposits/{id}/{what}");
        let answer = wire::post(&till.hub.url(), &path, &admin, &body).await;
        (answer.status.as_u16(), answer.json().await)
    };
    let hers = json!({"provider": provider, "reason": "mail of 3 May"});
    let stranger = json!({"provider": format!("prov-{:032x}", 5)});
    let both = json!({"provider": provider, "account": format!("acc-{:032x}", 5)});
    for (id, what, body, status, code) in [
        (&usdc, "assign", &stranger, 404, "provider_not_found"),
        (&usdc, "assign", &both, 400, "invalid_value"),
        (&foreign, "assign", &hers, 409, "deposit_token_unknown"),
        (&usdt, "refuse", &json!({}), 400, "missing_field"),
    ] {
        let (found, answer) = post(id, what, body.clone()).await;
        assert_eq!(found, status, "{what} {body}: {answer}");
        assert_eq!(answer["error"]["code"], code, "{what} {body}");
    }
    assert_eq!(post(&usdc, "assign", hers.clone()).await.0, 200);
    let shown = comes_to(&till, &key, "free", "5").await;
    assert_eq!(shown["on_chain"][0]["reason"], "mail of 3 May", "{shown}");
    let told = till.hub.admin(&["explain", &usdc]).await;
    assert!(told.contains(": mail of 3 May"), "{told}");

    let why = ["--reason", "sent back from the treasury"];
    let refuse = [&["chain", "refuse", usdt.as_str()][..], &why].concat();
    let _ = till.hub.admin(&refuse).await;
    let (status, answer) = post(&usdt, "assign", hers.clone()).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (409, &json!("deposit_not_unmatched"))
    );
    let again = json!({"reason": "again"});
    let (status, answer) = post(&usdt, "refuse", again).await;
    assert_eq!(
        (status, &answer["state"]),
        (200, &json!("refused")),
        "{answer}"
    );
    assert_eq!(answer["reason"], "sent back from the treasury");
    till.hub.audit().await;
}
