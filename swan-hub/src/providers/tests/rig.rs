//! A provider side that listens, with keys to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::HeaderValue;
use swan_core::protocol::{HubSessionConfig, Operation};
use swan_core::testkit::{ManualClock, swan_2_0};
use swan_core::{AccountId, Clock, KeyId, ModelId, ProviderId, RequestId, Timestamp};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::super::{Job, Registry, Reply, Sessions, SessionsConfig, Slot, routes};
use crate::store::{KeyKind, KeyRecord, KeyRing, MemoryStore, Secret, Store};

/// A model of the catalogue.
pub(super) const MODEL: &str = "Qwen/Qwen3-32B";

/// No test waits longer for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Rig {
    pub(super) registry: Registry,
    pub(super) sessions: Arc<Sessions>,
    pub(super) keys: KeyRing,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: ManualClock,
    pub(super) address: SocketAddr,
}

/// Limits that let a test see their end.
pub(super) fn quick() -> SessionsConfig {
    SessionsConfig {
        session: HubSessionConfig {
            reject_delay: Duration::from_millis(300),
            end_grace: Duration::from_millis(100),
            ..SessionsConfig::default().session
        },
        ..SessionsConfig::default()
    }
}

impl Rig {
    pub(super) async fn start() -> Self {
        Self::with(quick(), |router| router).await
    }

    pub(super) async fn with(config: SessionsConfig, mount: impl FnOnce(Router) -> Router) -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(1_000_000));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let keys = KeyRing::load(&*store).await.expect("memory serves");
        let registry = Registry::new(Arc::clone(&shared), Arc::new(*swan_2_0().health()));
        let sessions = Arc::new(Sessions::new(
            registry.clone(),
            (keys.clone(), Arc::clone(&store)),
            Arc::new(swan_2_0().clone()),
            shared,
            config,
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = mount(routes().with_state(Arc::clone(&sessions)).into_router());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            registry,
            sessions,
            keys,
            store,
            clock,
            address,
        }
    }

    pub(super) async fn key(&self, id: u128, kind: KeyKind) -> String {
        let secret = Secret::generate(kind).expect("entropy");
        let record = KeyRecord {
            id: KeyId::from_u128(id),
            kind,
            name: format!("key {id}"),
            created: self.clock.now(),
            revoked: None,
            limits: crate::admission::KeyLimits::default(),
        };
        self.keys
            .insert(&*self.store, &secret, record)
            .await
            .expect("memory serves");
        secret.expose().to_owned()
    }

    pub(super) async fn provider_key(&self, id: u128) -> String {
        self.key(id, KeyKind::Provider(ProviderId::from_u128(id)))
            .await
    }

    pub(super) async fn consumer_key(&self) -> String {
        self.key(999, KeyKind::Consumer(AccountId::from_u128(999)))
            .await
    }

    /// A slot at the provider with this number.
    pub(super) fn slot(&self, provider: u128) -> Option<Slot> {
        self.registry
            .connect(ProviderId::from_u128(provider), &model())
    }

    /// The reply to a request which that provider must take.
    pub(super) fn ask(&self, provider: u128, job: Job) -> (Slot, Reply) {
        let slot = self.slot(provider).expect("the provider has room");
        let reply = slot.dispatch(job).expect("the connection is there");
        (slot, reply)
    }
}

pub(super) fn model() -> ModelId {
    swan_2_0()
        .model(MODEL)
        .expect("in the catalogue")
        .id
        .clone()
}

/// A request that no other has the id of.
pub(super) fn job(streaming: bool) -> Job {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let body = format!(r#"{{"model":"{MODEL}","messages":[],"stream":{streaming}}}"#);
    Job {
        request: RequestId::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into()),
        attempt: 0,
        operation: Operation::ChatCompletions,
        streaming,
        content_type: HeaderValue::from_static("application/json"),
        body: vec![Bytes::from(body)],
        deadline: Instant::now() + PATIENCE,
        content_by: None,
        idle: PATIENCE,
        sign: None,
        #[cfg(feature = "otel")]
        trace: None,
    }
}

/// Waits for `done`, which another task brings about and announces to nobody.
pub(super) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
