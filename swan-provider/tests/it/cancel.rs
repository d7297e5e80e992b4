//! Work that nobody wants any more stops.

use crate::support::{Hub, HubOptions, Mode, ModelServer, Running, builder, eventually};
use std::time::{Duration, Instant};
use swan_core::protocol::Dialect;
use swan_provider::{EchoBackend, Event, HttpBackend};

const MODEL: &str = EchoBackend::MODEL;
const CHAT: &str = r#"{"messages":[{"role":"user","content":"x"}],"stream":true}"#;

async fn stops_within_a_second(server: &ModelServer) {
    let started = Instant::now();
    eventually("the model server stops", || server.active() == 0).await;
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "took {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_cancel_reaches_the_model_server_within_a_second() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let server = ModelServer::start().await;
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let provider = Running::serving(&hub, &server);
        let mut connection = hub.next().await;
        connection.registered().await;
        server.set(Mode::Endless);
        let stream = connection.dispatch(MODEL, true, CHAT).await;
        connection.first_piece(stream).await;
        assert_eq!(server.active(), 1);
        connection.cancel(stream).await;
        stops_within_a_second(&server).await;
        provider
            .events
            .wait(|e| matches!(e, Event::RequestEnded { status: 499, .. }).then_some(()))
            .await;
        // The place is free again, and the connection goes on.
        server.set(Mode::Echo);
        assert_eq!(connection.ask(MODEL, false, CHAT).await.final_status(), 200);
    }
}

#[tokio::test]
async fn the_place_of_a_cancelled_request_is_free_for_the_one_right_behind_it() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let server = ModelServer::start().await;
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let provider = builder(&hub).with_backend(HttpBackend::new(&server.url).unwrap());
        let _provider = Running::start(provider.with_concurrency(1));
        let mut connection = hub.next().await;
        connection.registered().await;
        server.set(Mode::Endless);
        let mut stream = connection.dispatch(MODEL, true, CHAT).await;
        for _ in 0..50 {
            connection.first_piece(stream).await;
            connection.cancel(stream).await;
            stream = connection.dispatch(MODEL, true, CHAT).await;
        }
        connection.first_piece(stream).await;
    }
}

#[tokio::test]
async fn a_cancel_before_the_first_byte_stops_it_too() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    server.set(Mode::Hangs);
    let stream = connection.dispatch(MODEL, false, CHAT).await;
    eventually("the model server works", || server.active() == 1).await;
    connection.cancel(stream).await;
    stops_within_a_second(&server).await;
}

#[tokio::test]
async fn a_hub_that_is_lost_mid_stream_stops_all_work_and_is_dialled_again() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let server = ModelServer::start().await;
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let _provider = Running::serving(&hub, &server);
        let mut connection = hub.next().await;
        connection.registered().await;
        server.set(Mode::Endless);
        for _ in 0..3 {
            let stream = connection.dispatch(MODEL, true, CHAT).await;
            connection.first_piece(stream).await;
        }
        assert_eq!(server.active(), 3);
        connection.cut().await;
        stops_within_a_second(&server).await;
        server.set(Mode::Echo);
        let mut again = hub.next().await;
        assert_eq!(again.registered().await.models, [MODEL]);
        assert_eq!(again.ask(MODEL, true, CHAT).await.final_status(), 200);
    }
}
