//! Where the policy insists on collateral, nobody registers or serves without.

use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use swan_core::Policy;
use swan_core::protocol::{
    Dialect, Frame, ProviderEvent, ProviderSession, ProviderSessionConfig, Registration, Transmit,
};
use swan_hub::store::MemoryStore;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::pledge::{DAY, Pledge};
use super::stub::Stub;
use crate::gateway::{MODEL, now, within};

/// A provider as far as being let in goes.
struct Agent {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: ProviderSession,
}

impl Agent {
    /// Registers; answers why it is refused, if it is.
    async fn dial(pledge: &Pledge, node: &str) -> Result<Self, String> {
        let url = format!("ws://{}/ws", pledge.till.market.address);
        let (socket, _) = Box::pin(within(connect_async(url))).await.unwrap();
        let config = ProviderSessionConfig::default();
        let mut session = ProviderSession::new(Dialect::V1, config, now());
        let registration = Registration {
            token: pledge.key.clone(),
            node_id: node.to_owned(),
            node_name: node.to_owned(),
            models: vec![MODEL.to_owned()],
            cp_version: Some("9.9.9".to_owned()),
            ..Registration::default()
        };
        session.register(now(), registration);
        let mut agent = Self { socket, session };
        loop {
            match agent.next().await {
                Some(ProviderEvent::Registered(_)) => return Ok(agent),
                Some(ProviderEvent::Rejected { message }) => return Err(message),
                Some(_) => {}
                None => return Err("the hub has closed".to_owned()),
            }
        }
    }

    /// What the hub says next; `None` once it has closed.
    async fn next(&mut self) -> Option<ProviderEvent> {
        loop {
            while let Some(transmit) = self.session.poll_transmit() {
                if let Transmit::Frame(Frame::Text(text)) = transmit {
                    let text = String::from_utf8(text.to_vec()).unwrap();
                    let _ = self.socket.send(Message::text(text)).await;
                }
            }
            if let Some(event) = self.session.poll_event() {
                return Some(event);
            }
            match within(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let frame = Frame::Text(Bytes::from(text));
                    self.session.handle_frame(now(), frame);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Why the hub closes.
    async fn closed(mut self) -> String {
        let mut why = String::new();
        while let Some(event) = self.next().await {
            if let ProviderEvent::Notice(notice) = event {
                why = notice.message;
            }
        }
        why
    }
}

/// Seed 001: "Providers must deposit collateral to become active on the network."
#[tokio::test]
async fn where_it_is_required_nobody_registers_or_serves_without() {
    let text = Policy::SWAN_2_0_TOML.replacen(
        "withdrawal_days = 7",
        "required = true\nwithdrawal_days = 7",
        1,
    );
    let strict = Policy::from_toml(&text).unwrap();
    let stub = Stub::start().await;
    let store = Arc::new(MemoryStore::new());
    let pledge = Pledge::over(store, stub, |builder| builder.with_policy(strict)).await;
    let refused = Agent::dial(&pledge, "one").await.err().unwrap();
    assert!(
        refused.contains("missing: 20 USD, or 35000 SWAN"),
        "{refused}"
    );
    pledge.paid("20").await;
    let agent = Agent::dial(&pledge, "one").await.unwrap();
    // A penalty leaves 48 hours to make it good.
    let penalty = json!({"offence": "second_failure", "reason": "run 1"});
    pledge.punish(penalty).await;
    let other = Agent::dial(&pledge, "two").await.unwrap();
    pledge.till.clock.advance(DAY * 3);
    assert!(agent.closed().await.contains("missing: 2 USD"));
    drop(other);
    let granted = pledge.ordered("grants", json!({"amount": "2"})).await;
    assert_eq!(granted.status, 201);
    let agent = Agent::dial(&pledge, "three").await.unwrap();
    pledge.ask_back(json!({"amount": "0.5"})).await;
    let why = agent.closed().await;
    assert!(why.contains("collateral"), "{why}");
}
