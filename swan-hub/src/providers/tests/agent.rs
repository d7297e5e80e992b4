//! An agent of the public network, scripted frame by frame (public-swan.md, chapter 1).

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::rig::{MODEL, PATIENCE, Rig};

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) struct Agent {
    pub(super) socket: Socket,
}

/// The registration of a new agent (0.5.x).
pub(super) fn registration(token: &str, models: &[&str]) -> Value {
    json!({
        "node_id": "04aa", "provider_id": "04aa", "node_name": "gpu-box", "worker_addr": "04aa",
        "owner_addr": "", "token": token, "models": models, "model_hashes": null,
        "capabilities": ["inference", "verification"], "cp_version": "0.5.5", "commit": "3c7c90f",
    })
}

/// The registration of a legacy agent (0.3.0).
pub(super) fn legacy_registration(token: &str) -> Value {
    let mut payload = registration(token, &[MODEL]);
    let fields = payload.as_object_mut().expect("an object");
    fields.remove("cp_version");
    fields.remove("commit");
    payload
}

impl Agent {
    pub(super) async fn dial(rig: &Rig) -> Self {
        let (socket, _) = connect_async(format!("ws://{}/ws", rig.address))
            .await
            .expect("upgrade");
        Self { socket }
    }

    /// An agent that serves [`MODEL`].
    pub(super) async fn serving(rig: &Rig, token: &str) -> Self {
        Self::registered(rig, registration(token, &[MODEL])).await
    }

    pub(super) async fn registered(rig: &Rig, payload: Value) -> Self {
        let mut agent = Self::dial(rig).await;
        let ack = agent.register(payload).await;
        assert_eq!(ack["payload"]["success"], true, "{ack}");
        agent
    }

    pub(super) async fn send(&mut self, kind: &str, id: &str, payload: Value) {
        let frame = json!({ "type": kind, "request_id": id, "payload": payload });
        self.send_raw(Message::text(frame.to_string())).await;
    }

    pub(super) async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.expect("the hub reads");
    }

    pub(super) async fn register(&mut self, payload: Value) -> Value {
        self.send("register", "reg-1", payload).await;
        self.expect("ack").await
    }

    /// The next text frame; `None` when the hub has closed.
    pub(super) async fn recv(&mut self) -> Option<Value> {
        loop {
            match timeout(PATIENCE, self.socket.next())
                .await
                .expect("the hub says something")
            {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next text frame, which must be of this type.
    pub(super) async fn expect(&mut self, kind: &str) -> Value {
        let frame = self.recv().await.expect("the connection is open");
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// The id of the next request.
    pub(super) async fn request(&mut self) -> String {
        let frame = self.expect("inference").await;
        frame["request_id"].as_str().expect("an id").to_owned()
    }

    pub(super) async fn chunk(&mut self, id: &str, text: &str) {
        let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": text } }] });
        let payload = json!({ "request_id": id, "chunk": chunk, "done": false });
        self.send("stream_chunk", id, payload).await;
    }

    pub(super) async fn end(&mut self, id: &str) {
        let done = json!({ "request_id": id, "chunk": null, "done": true });
        self.send("stream_chunk", id, done).await;
        let end = json!({
            "request_id": id, "latency_ms": 12, "tokens_input": 5, "tokens_output": 2, "status_code": 200,
        });
        self.send("stream_end", id, end).await;
    }
}

/// Dials with a sub-protocol; answers the socket and the one that was chosen.
pub(super) async fn dial_with(rig: &Rig, protocols: &str) -> (Socket, Option<String>) {
    let mut request = format!("ws://{}/ws", rig.address)
        .into_client_request()
        .expect("a URL");
    let value = protocols.parse().expect("a header");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", value);
    let (socket, response) = connect_async(request).await.expect("upgrade");
    let chosen = response.headers().get("sec-websocket-protocol");
    (
        socket,
        chosen.map(|value| value.to_str().expect("text").to_owned()),
    )
}
