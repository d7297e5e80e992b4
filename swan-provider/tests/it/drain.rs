//! Stopping well.

use crate::support::{Hub, HubOptions, Mode, ModelServer, Running, builder, eventually};
use std::time::Duration;
use swan_core::protocol::{Dialect, HubEvent};
use swan_provider::{EchoBackend, Event, HttpBackend};

const MODEL: &str = EchoBackend::MODEL;

#[tokio::test]
async fn what_runs_is_finished_and_nothing_new_is_taken() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let slow = EchoBackend::new().with_delay(Duration::from_millis(20));
        let mut provider = Running::start(builder(&hub).with_backend(slow));
        let mut connection = hub.next().await;
        connection.registered().await;
        let body =
            r#"{"messages":[{"role":"user","content":"one two three four five"}],"stream":true}"#;
        let stream = connection.dispatch(MODEL, true, body).await;
        connection.first_piece(stream).await;
        provider.stop();
        let answer = connection.answer(stream).await;
        assert_eq!(answer.failure, None, "{dialect:?}");
        assert!(
            answer.text().contains("five"),
            "{dialect:?}: the whole answer arrives"
        );
        provider.ended().await.unwrap();
        connection.gone().await;
        assert_eq!(
            provider
                .events
                .count(|e| matches!(e, Event::Draining { in_flight: 1 })),
            1
        );
        assert_eq!(provider.events.count(|e| matches!(e, Event::Stopped)), 1);
    }
}

#[tokio::test]
async fn the_hub_hears_of_it_at_once() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let mut provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    server.set(Mode::Endless);
    let stream = connection.dispatch(MODEL, true, r#"{"stream":true}"#).await;
    connection.first_piece(stream).await;
    provider.stop();
    while !matches!(connection.event().await, HubEvent::Draining) {}
    assert!(connection.try_dispatch(MODEL, true, "{}").await.is_err());
    assert!(provider.is_running());
    connection.cancel(stream).await;
    provider.ended().await.unwrap();
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_given_up() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let mut provider = Running::start(
        builder(&hub)
            .with_backend(HttpBackend::new(&server.url).unwrap())
            .with_drain_timeout(Duration::from_millis(100)),
    );
    let mut connection = hub.next().await;
    connection.registered().await;
    server.set(Mode::Endless);
    let stream = connection.dispatch(MODEL, true, r#"{"stream":true}"#).await;
    connection.first_piece(stream).await;
    provider.stop();
    provider.ended().await.unwrap();
    assert!(
        connection.answer(stream).await.failure.is_some(),
        "the hub knows that it is not whole"
    );
    eventually("the model server stops", || server.active() == 0).await;
}

#[tokio::test]
async fn without_a_hub_it_stops_at_once() {
    let gone = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let mut provider = Running::start(builder(&gone).with_backend(EchoBackend::new()));
    drop(gone);
    provider
        .events
        .wait(|e| matches!(e, Event::Disconnected { .. }).then_some(()))
        .await;
    provider.stop();
    provider.ended().await.unwrap();
}

#[tokio::test]
async fn a_time_beyond_every_clock_means_never() {
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let mut provider = Running::start(
        builder(&hub)
            .with_backend(EchoBackend::new())
            .with_health_interval(Duration::MAX)
            .with_probe_timeout(Duration::MAX)
            .with_idle_timeout(Duration::MAX)
            .with_drain_timeout(Duration::MAX),
    );
    let mut connection = hub.next().await;
    connection.registered().await;
    let stream = connection
        .dispatch(MODEL, false, r#"{"messages":[]}"#)
        .await;
    assert_eq!(connection.answer(stream).await.failure, None);
    provider.stop();
    provider.ended().await.unwrap();
}
