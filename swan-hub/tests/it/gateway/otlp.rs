//! A receiver of traces for tests: real HTTP, and OTLP's JSON taken apart.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::Value;
use swan_hub::TelemetryOptions;
use tokio::net::TcpListener;

use super::otlp_structure::assert_export;

/// A receiver of OTLP over HTTP that answers with whatever status it is told.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) status: Arc<AtomicU16>,
    pub(crate) got: Arc<Mutex<Vec<(u16, HeaderMap, String)>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) status: u64,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let (status, got) = (Arc::new(AtomicU16::new(200)), Arc::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            status,
            got,
        };
        let here = receiver.clone();
        let take = move |headers: HeaderMap, body: Bytes| {
            let status = here.status.load(SeqCst);
            let text = String::from_utf8(body.to_vec()).unwrap();
            here.got.lock().push((status, headers, text));
            async move { (StatusCode::from_u16(status).unwrap(), "{}") }
        };
        let app = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    pub(crate) fn options(&self) -> TelemetryOptions {
        let options = TelemetryOptions::new(&format!("http://{}", self.address)).unwrap();
        options.with_header("x-api-key", "receiver-secret").unwrap()
    }

    pub(crate) fn calls(&self) -> usize {
        self.got.lock().len()
    }

    /// What was received and taken.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let got = self.got.lock();
        let taken = got.iter().filter(|(status, ..)| *status == 200);
        taken
            .flat_map(|(_, headers, text)| decoded(headers, text))
            .collect()
    }
}

fn decoded(headers: &HeaderMap, text: &str) -> Vec<Span> {
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-api-key"], "receiver-secret");
    let body: Value = serde_json::from_str(text).unwrap();
    assert_export(&body);
    let resource = &body["resourceSpans"][0];
    let service = attributes(&resource["resource"]);
    assert_eq!(service["service.name"], "swan-hub");
    let scope = &resource["scopeSpans"][0];
    assert_eq!(scope["scope"]["name"], "swan-hub");
    scope["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(span)
        .collect()
}

fn span(span: &Value) -> Span {
    let text = |name: &str| span[name].as_str().unwrap().to_owned();
    let nanos = |name: &str| text(name).parse().unwrap();
    Span {
        trace: text("traceId"),
        id: text("spanId"),
        parent: span
            .get("parentSpanId")
            .map(|id| id.as_str().unwrap().to_owned()),
        name: text("name"),
        kind: span["kind"].as_u64().unwrap(),
        start: nanos("startTimeUnixNano"),
        end: nanos("endTimeUnixNano"),
        status: span["status"]["code"].as_u64().unwrap(),
        attributes: attributes(span),
    }
}

/// Each by its name; a number of 64 bits is a string in OTLP's JSON.
fn attributes(of: &Value) -> BTreeMap<String, String> {
    let list = of["attributes"].as_array().unwrap();
    let pairs = list.iter().map(|one| {
        let value = &one["value"];
        let text = value["stringValue"].as_str().or(value["intValue"].as_str());
        let flag = || value["boolValue"].as_bool().unwrap().to_string();
        let key = one["key"].as_str().unwrap().to_owned();
        (key, text.map_or_else(flag, ToOwned::to_owned))
    });
    let pairs: Vec<_> = pairs.collect();
    let all: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(all.len(), pairs.len(), "each attribute once: {pairs:?}");
    all
}

impl Span {
    #[track_caller]
    pub(crate) fn has(&self, expected: &[(&str, &str)]) {
        for (key, value) in expected {
            let found = self.attributes.get(*key).map(String::as_str);
            assert_eq!(found, Some(*value), "{key} of {self:?}");
        }
    }
}
