//! One identity on several connections.

use serde_json::json;

use super::agent::{Agent, registration};
use super::rig::{MODEL, Rig, job};

#[tokio::test]
async fn the_newest_connection_of_a_node_wins_and_the_older_is_told() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut older = Agent::serving(&rig, &token).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    older.request().await;
    let mut newer = Agent::serving(&rig, &token).await;
    assert!(
        reply.head().await.expect_err("lost").is_retryable(),
        "fails over at once"
    );
    let ack = older.expect("ack").await;
    assert_eq!(ack["payload"]["success"], false);
    while older.recv().await.is_some() {}

    assert_eq!(rig.registry.models()[0].providers, 1);
    let (_slot, _reply) = rig.ask(1, job(true));
    newer.request().await;
}

#[tokio::test]
async fn a_copied_identity_ends_in_one_machine_that_stays() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut incumbent = Agent::serving(&rig, &token).await;
    for _ in 0..3 {
        incumbent = Agent::serving(&rig, &token).await;
    }
    let mut newcomer = Agent::dial(&rig).await;
    newcomer
        .send("register", "reg-1", registration(&token, &[MODEL]))
        .await;
    let notice = newcomer.expect("notice").await;
    assert_eq!(notice["payload"]["event"], "duplicate_node");
    let ack = newcomer.expect("ack").await;
    assert_eq!(ack["payload"]["success"], false);
    assert!(
        ack["payload"]["message"]
            .as_str()
            .expect("words")
            .contains("two machines")
    );
    assert_eq!(
        incumbent.expect("notice").await["payload"]["event"],
        "duplicate_node"
    );
    let (_slot, _reply) = rig.ask(1, job(true));
    incumbent.request().await;
}

#[tokio::test]
async fn several_nodes_may_share_a_key() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut payload = registration(&token, &[MODEL]);
    let _first = Agent::registered(&rig, payload.clone()).await;
    payload["node_id"] = json!("04bb");
    let _second = Agent::registered(&rig, payload).await;
    assert_eq!(rig.registry.models()[0].providers, 2);
}

#[tokio::test]
async fn a_storm_of_reconnects_leaves_one_connection_and_no_place_taken() {
    let rig = Rig::start().await;
    let mut tokens = Vec::new();
    for provider in 0..20 {
        tokens.push(rig.provider_key(provider).await);
    }
    let mut agents = tokio::task::JoinSet::new();
    for round in 0..60 {
        let token = tokens[round % tokens.len()].clone();
        let url = format!("ws://{}/ws", rig.address);
        agents.spawn(async move {
            let (socket, _) = tokio_tungstenite::connect_async(url)
                .await
                .expect("upgrade");
            let mut agent = Agent { socket };
            agent.register(registration(&token, &[MODEL])).await;
            agent
        });
    }
    let agents = agents.join_all().await;
    assert_eq!(rig.registry.models()[0].providers, 20);
    assert_eq!(rig.registry.models()[0].in_flight, 0);
    drop(agents);
    super::rig::until("all are gone", || rig.registry.models().is_empty()).await;
}
