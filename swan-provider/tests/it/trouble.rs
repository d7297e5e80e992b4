//! Backends of strangers: what they do wrong must not take the provider with it.

use crate::support::{Hub, HubOptions, Running, builder};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use swan_core::protocol::Dialect;
use swan_provider::{
    Backend, BackendError, BackendModel, Call, Discovery, EchoBackend, Engine, Reply,
};

/// Answers its first probe and panics with everything after.
#[derive(Debug, Default)]
struct Panics {
    answered: AtomicBool,
    echo: EchoBackend,
}

#[async_trait]
impl Backend for Panics {
    fn label(&self) -> &'static str {
        "panics"
    }

    async fn discover(&self) -> Result<Discovery, BackendError> {
        Ok(Discovery::new(
            Engine::Unknown,
            vec![BackendModel::new(EchoBackend::MODEL)],
        ))
    }

    async fn execute(&self, call: Call) -> Result<Reply, BackendError> {
        assert!(!self.answered.swap(true, Ordering::SeqCst), "as it does");
        self.echo.execute(call).await
    }
}

#[tokio::test]
async fn a_backend_that_panics_fails_its_request_only() {
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let good = EchoBackend::new().with_model("good");
    let _provider = Running::start(
        builder(&hub)
            .with_backend(Panics::default())
            .with_backend(good),
    );
    let mut connection = hub.next().await;
    connection.registered_when(|r| r.models.len() == 2).await;
    let body = r#"{"messages":[{"role":"user","content":"x"}]}"#;
    let answer = connection.ask(EchoBackend::MODEL, false, body).await;
    assert_eq!(answer.failure.map(|f| f.status), Some(502));
    assert_eq!(
        connection.ask("good", false, body).await.final_status(),
        200
    );
}

/// Never says what it has.
#[derive(Debug)]
struct Mute;

#[async_trait]
impl Backend for Mute {
    fn label(&self) -> &'static str {
        "mute"
    }

    async fn discover(&self) -> Result<Discovery, BackendError> {
        std::future::pending().await
    }

    async fn execute(&self, _: Call) -> Result<Reply, BackendError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_backend_that_is_mute_does_not_hold_up_the_others() {
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::start(
        builder(&hub)
            .with_backend(Mute)
            .with_backend(EchoBackend::new()),
    );
    let mut connection = hub.next().await;
    assert_eq!(connection.registered().await.models, [EchoBackend::MODEL]);
}
