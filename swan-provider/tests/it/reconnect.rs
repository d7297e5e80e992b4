//! Finding the hub, being refused by it, losing it, finding it again.

use crate::support::{Hub, HubOptions, ModelServer, Running, builder, eventually};
use std::time::Duration;
use swan_core::protocol::{Dialect, HubEvent};
use swan_provider::{EchoBackend, Event, ProviderError};

fn echo(hub: &Hub) -> swan_provider::ProviderBuilder {
    builder(hub).with_backend(EchoBackend::new())
}

fn dialect_of(event: &Event) -> Option<Dialect> {
    match event {
        Event::Connected { dialect, .. } => Some(*dialect),
        _ => None,
    }
}

#[tokio::test]
async fn the_better_dialect_is_spoken_where_the_hub_knows_it() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut hub = Hub::start(HubOptions::speaking(dialect)).await;
        let provider = Running::start(echo(&hub));
        hub.next().await.registered().await;
        assert_eq!(provider.events.wait(dialect_of).await, dialect);
    }
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::start(echo(&hub).with_v1_only());
    hub.next().await.registered().await;
    assert_eq!(provider.events.wait(dialect_of).await, Dialect::V1);
}

#[tokio::test]
async fn a_hub_that_restarts_is_found_again_with_all_models() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::serving(&hub, &server);
    drop(hub.next().await);
    let address = hub.close().await;
    provider
        .events
        .wait(|e| matches!(e, Event::Disconnected { .. }).then_some(()))
        .await;
    let mut hub = Hub::on(&address, HubOptions::speaking(Dialect::V2)).await;
    let registration = hub.next().await.registered().await;
    assert_eq!(registration.models, [EchoBackend::MODEL]);
}

#[tokio::test]
async fn health_is_told_again_on_each_connection() {
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V1)).await;
    let _provider = Running::start(echo(&hub));
    for _ in 0..2 {
        let mut connection = hub.next().await;
        connection.registered().await;
        let told = loop {
            if let HubEvent::Health(health) = connection.event().await {
                break health;
            }
        };
        assert_eq!(told[0].1.as_str(), "healthy");
        connection.cut().await;
    }
}

#[tokio::test]
async fn a_refused_key_is_an_error_with_the_hubs_words() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let reject = Some("this key was revoked".to_owned());
        let hub = Hub::start(HubOptions {
            reject,
            ..HubOptions::speaking(dialect)
        })
        .await;
        let mut provider = Running::start(echo(&hub));
        let error = provider.ended().await.unwrap_err();
        assert!(error.is_refused(), "{error}");
        assert!(
            error.to_string().contains("this key was revoked"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_status_that_says_no_keeps_the_socket_closed() {
    let status = r#"{"api_key_valid":true,"can_connect":false,"message":"suspended","next_steps":["write to us"]}"#;
    let status = Some(status.to_owned());
    let hub = Hub::start(HubOptions {
        status,
        ..HubOptions::speaking(Dialect::V2)
    })
    .await;
    let mut provider = Running::start(echo(&hub));
    let error = provider.ended().await.unwrap_err();
    assert_eq!(
        error,
        ProviderError::Refused {
            message: "suspended; write to us".to_owned()
        }
    );
    assert_eq!(
        provider
            .events
            .count(|e| matches!(e, Event::Connected { .. })),
        0
    );
}

#[tokio::test]
async fn a_status_that_is_an_error_is_no_refusal() {
    for status in [r#"{"error":{"message":"database down"}}"#, "<html>", ""] {
        let status = Some(status.to_owned());
        let mut hub = Hub::start(HubOptions {
            status,
            ..HubOptions::speaking(Dialect::V2)
        })
        .await;
        let _provider = Running::start(echo(&hub));
        hub.next().await.registered().await;
    }
}

#[tokio::test]
async fn a_refusal_after_an_acceptance_does_not_end_the_provider() {
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::start(echo(&hub));
    hub.next().await.registered().await;
    provider
        .events
        .wait(|e| matches!(e, Event::Registered { .. }).then_some(()))
        .await;
    let address = hub.close().await;
    let reject = Some("not now".to_owned());
    let _hub = Hub::on(
        &address,
        HubOptions {
            reject,
            ..HubOptions::speaking(Dialect::V2)
        },
    )
    .await;
    let message = provider.events.wait(|event| match event {
        Event::Refused { message } => Some(message.clone()),
        _ => None,
    });
    assert_eq!(message.await, "not now");
    assert!(provider.is_running());
}

#[tokio::test]
async fn a_hub_that_accepts_and_closes_is_not_hammered() {
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::start(echo(&hub));
    for _ in 0..3 {
        hub.next().await.cut().await;
    }
    // Each failure doubles the ceiling, since no connection lasted: 1, 2, 4 s.
    let waits = |e: &Event| matches!(e, Event::Disconnected { retry_in, .. } if *retry_in <= Duration::from_secs(4));
    eventually("three waits", || provider.events.count(waits) >= 3).await;
}

#[tokio::test]
async fn a_hub_that_is_not_there_is_tried_until_it_is() {
    let gone = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::start(echo(&gone));
    let address = gone.close().await;
    let reason = provider.events.wait(|event| match event {
        Event::Disconnected { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert!(reason.await.contains("refused"));
    let mut hub = Hub::on(&address, HubOptions::speaking(Dialect::V2)).await;
    hub.next().await.registered().await;
}
