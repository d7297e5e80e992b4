//! The shape of the public interface.

use std::fmt::Debug;
use swan_core::protocol::Operation;
use swan_provider::{
    Backend, BackendError, BackendModel, Call, DiscoveredServer, Discovery, EchoBackend, Engine,
    Event, HttpBackend, HttpBackendBuilder, Observer, Provider, ProviderBuilder, ProviderError,
    Reply, TracingObserver,
};

fn shared<T: Debug + Send + Sync + 'static>() {}
fn value<T: Clone + Debug + PartialEq + Send + Sync + 'static>() {}

#[test]
fn public_types_can_be_shared_printed_and_compared() {
    value::<BackendError>();
    value::<BackendModel>();
    value::<Discovery>();
    value::<Engine>();
    value::<ProviderError>();
    shared::<Call>();
    shared::<DiscoveredServer>();
    shared::<EchoBackend>();
    shared::<Event>();
    shared::<HttpBackend>();
    shared::<HttpBackendBuilder>();
    shared::<Provider>();
    shared::<ProviderBuilder>();
    shared::<TracingObserver>();
    shared::<Box<dyn Backend>>();
    shared::<Box<dyn Observer>>();
    fn sent<T: Debug + Send + 'static>() {}
    sent::<Reply>();
}

#[tokio::test]
async fn futures_can_be_spawned() {
    fn spawnable<F: Future + Send>(_: F) {}
    let echo = EchoBackend::new();
    spawnable(echo.discover());
    spawnable(echo.execute(Call::new(Operation::ChatCompletions, "echo", "{}")));
    let provider = Provider::builder("ws://h", "sk-prov-1").with_backend(echo);
    spawnable(provider.build().unwrap().run(async {}));
    spawnable(Reply::json(200, "{}").read(10));
}

#[test]
fn no_secret_is_printed() {
    let backend = HttpBackend::builder("http://h").with_api_key("topsecret");
    let provider = Provider::builder("ws://h", "sk-prov-topsecret")
        .with_backend(backend.clone().build().unwrap());
    assert!(!format!("{backend:?} {:?}", backend.clone().build()).contains("topsecret"));
    assert!(!format!("{provider:?}").contains("topsecret"));
}

#[test]
fn a_wrong_setting_is_named() {
    let echo = || Provider::builder("ws://h", "sk-prov-1").with_backend(EchoBackend::new());
    for (builder, named) in [
        (
            Provider::builder("h:1", "sk-prov-1").with_backend(EchoBackend::new()),
            "hub",
        ),
        (
            Provider::builder("ws://h", "sk-swan-1").with_backend(EchoBackend::new()),
            "consumer key",
        ),
        (
            Provider::builder("ws://h", "sk-admin-1").with_backend(EchoBackend::new()),
            "administrator",
        ),
        (
            Provider::builder("ws://h", "").with_backend(EchoBackend::new()),
            "sk-prov-",
        ),
        (
            Provider::builder("ws://h", "sk-prov-1"),
            "no model to serve",
        ),
        (echo().with_concurrency(0), "concurrency"),
        (echo().with_max_in_flight(1_000_000), "max in flight"),
        (echo().with_node_id("short"), "node id"),
        (echo().with_hub_http("nonsense"), "hub"),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}
