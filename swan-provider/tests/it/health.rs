//! A model is offered only while it answers.

use crate::support::{Hub, HubOptions, Mode, ModelServer, Running, builder, eventually};
use std::{sync::atomic::Ordering, time::Duration};
use swan_core::protocol::Dialect;
use swan_provider::{EchoBackend, Event, HttpBackend};

const MODEL: &str = EchoBackend::MODEL;

fn quick(hub: &Hub, url: &str) -> swan_provider::ProviderBuilder {
    builder(hub)
        .with_backend(HttpBackend::new(url).unwrap())
        .with_health_interval(Duration::from_millis(50))
}

#[tokio::test]
async fn a_model_that_is_listed_but_fails_is_not_offered_until_it_answers() {
    let server = ModelServer::start().await;
    server.set(Mode::Fixed(
        500,
        "application/json",
        r#"{"error":"out of memory"}"#.to_owned(),
    ));
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::start(quick(&hub, &server.url));
    let why = provider.events.wait(|event| match event {
        Event::ModelDown { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert!(why.await.contains("out of memory"));
    let mut connection = hub.next().await;
    assert!(connection.registered_when(|_| true).await.models.is_empty());
    server.set(Mode::Echo);
    assert_eq!(
        connection.registered().await.models,
        [MODEL],
        "on the same connection"
    );
}

#[tokio::test]
async fn a_model_goes_down_after_three_failures_and_comes_back_on_the_same_connection() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V1)).await;
    let provider = Running::start(quick(&hub, &server.url));
    let mut connection = hub.next().await;
    connection.registered().await;
    let before = server.state.probes.load(Ordering::SeqCst);
    server.set(Mode::Fixed(503, "text/plain", "down".to_owned()));
    connection.registered_when(|r| r.models.is_empty()).await;
    assert!(server.state.probes.load(Ordering::SeqCst) >= before + 3);
    assert_eq!(connection.ask(MODEL, false, "{}").await.final_status(), 503);
    server.set(Mode::Echo);
    connection.registered().await;
    let downs = provider
        .events
        .count(|e| matches!(e, Event::ModelDown { .. }));
    let ups = provider
        .events
        .count(|e| matches!(e, Event::ModelUp { .. }));
    assert_eq!((downs, ups), (1, 2));
}

#[tokio::test]
async fn a_dead_backend_is_noticed_by_the_requests_that_it_fails() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    // Probes alone would take half a minute to notice.
    let _provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    drop(server);
    let mut statuses = Vec::new();
    loop {
        let status = match connection.try_dispatch(MODEL, false, "{}").await {
            Ok(stream) => connection.answer(stream).await.final_status(),
            // The hub's session has heard already that the model is gone.
            Err(_) => 503,
        };
        statuses.push(status);
        if status == 503 {
            break;
        }
        assert_eq!(status, 502);
        assert!(statuses.len() < 10, "{statuses:?}");
    }
    connection.registered_when(|r| r.models.is_empty()).await;
}

#[tokio::test]
async fn models_that_appear_and_vanish_are_announced() {
    let server = ModelServer::start().await;
    server.set_models(&[]);
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::start(quick(&hub, &server.url));
    let mut connection = hub.next().await;
    assert!(connection.registered_when(|_| true).await.models.is_empty());
    server.set_models(&["a", "b"]);
    connection.registered_when(|r| r.models == ["a", "b"]).await;
    server.set_models(&["b"]);
    connection.registered_when(|r| r.models == ["b"]).await;
}

#[tokio::test]
async fn two_backends_with_one_model_share_its_requests() {
    let (one, two) = (ModelServer::start().await, ModelServer::start().await);
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::start(
        quick(&hub, &one.url)
            .with_backend(HttpBackend::new(&two.url).unwrap())
            .with_concurrency(2),
    );
    let mut connection = hub.next().await;
    connection
        .registered_when(|r| r.capacity(MODEL) == Some(4))
        .await;
    one.set(Mode::Endless);
    two.set(Mode::Endless);
    for _ in 0..4 {
        connection.dispatch(MODEL, true, r#"{"stream":true}"#).await;
    }
    eventually("both work", || one.active() == 2 && two.active() == 2).await;
    drop(two);
    connection
        .registered_when(|r| r.capacity(MODEL) == Some(2))
        .await;
}

#[tokio::test]
async fn a_backend_that_is_not_there_yet_is_found_when_it_comes() {
    let place = ModelServer::start().await;
    let url = place.url.clone();
    drop(place);
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::start(quick(&hub, &url));
    let silent = provider.events.wait(|event| match event {
        Event::BackendSilent { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert!(silent.await.contains("cannot be reached"));
    let mut connection = hub.next().await;
    let _server = ModelServer::on(url.trim_start_matches("http://")).await;
    connection.registered().await;
}

#[tokio::test]
async fn a_server_that_loads_on_demand_proves_each_model_once_and_one_at_a_time() {
    let server = ModelServer::start().await;
    server.set_owner("library");
    server.set_models(&["a", "b", "c"]);
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::start(quick(&hub, &server.url));
    let mut connection = hub.next().await;
    let registration = connection.registered_when(|r| r.models.len() == 3).await;
    assert_eq!(registration.model_declarations[0].engine, "ollama");
    let lists = server.state.lists.load(Ordering::SeqCst);
    eventually("it is asked again and again what it has", || {
        server.state.lists.load(Ordering::SeqCst) > lists + 5
    })
    .await;
    assert_eq!(server.state.probes.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_model_that_always_fails_neither_starves_the_others_nor_is_asked_in_a_hurry() {
    let server = ModelServer::start().await;
    server.set_owner("library");
    server.set_models(&["a-embedding", "b", "c"]);
    server.set_failing("a-embedding");
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::start(quick(&hub, &server.url));
    let mut connection = hub.next().await;
    connection.registered_when(|r| r.models == ["b", "c"]).await;
    let lists = server.state.lists.load(Ordering::SeqCst);
    eventually("it is asked again and again what it has", || {
        server.state.lists.load(Ordering::SeqCst) > lists + 8
    })
    .await;
    let probes = server.state.probes.load(Ordering::SeqCst);
    assert!(
        probes <= 8,
        "{probes} probes of three models, one of which fails"
    );
}
