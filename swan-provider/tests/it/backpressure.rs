//! A hub that does not take holds the model server back.

use crate::support::{Hub, HubOptions, Mode, ModelServer, Running, eventually};
use std::{sync::atomic::Ordering, time::Duration};
use swan_core::protocol::Dialect;
use swan_provider::EchoBackend;

const MODEL: &str = EchoBackend::MODEL;
const CHAT: &str = r#"{"messages":[{"role":"user","content":"x"}],"stream":true}"#;

/// What credit, the provider's queues and the kernel's buffers on two sockets can hold together.
const BOUND: u64 = 24 * 1024 * 1024;

#[tokio::test]
async fn a_stream_that_nobody_takes_stands_still_and_the_others_go_on() {
    let server = ModelServer::start().await;
    let options = HubOptions {
        takes: false,
        ..HubOptions::speaking(Dialect::V2)
    };
    let mut hub = Hub::start(options).await;
    let _provider = Running::serving(&hub, &server);
    let mut connection = hub.next().await;
    connection.registered().await;
    server.set(Mode::Flood);
    let flood = connection.dispatch(MODEL, true, CHAT).await;
    connection.first_piece(flood).await;
    let flooded = || server.state.flooded.load(Ordering::SeqCst);
    // It stands still when it has not moved for a while; an unbounded reader would pass the bound long before.
    let mut seen = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = flooded();
        assert!(now < BOUND, "{now} bytes were read without being taken");
        if std::mem::replace(&mut seen, now) == now {
            break;
        }
    }
    server.set(Mode::Echo);
    let other = connection.ask(MODEL, true, CHAT).await;
    assert_eq!(
        other.final_status(),
        200,
        "another stream on the same connection is not held up"
    );
    // Taking makes it go on, once there is room in the kernel's buffers on the way.
    while flooded() == seen {
        let piece = connection.first_piece(flood).await;
        connection.credit(flood, piece.len()).await;
    }
    connection.cancel(flood).await;
    eventually("the flood stops", || server.active() == 0).await;
}
