//! The provider of this family at the hub of this family, in one process.

use std::sync::Arc;

use parking_lot::Mutex;
use swan_core::ProviderId;
use swan_core::protocol::Severity;
use swan_hub::store::KeyKind;
use swan_provider::{EchoBackend, Event, Observer, Provider};

use super::{MODEL, Market, until, within};

/// Keeps what the provider tells its operator.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<Event>>);

impl Observer for Log {
    fn on_event(&self, event: &Event) {
        self.0.lock().push(event.clone());
    }
}

impl Log {
    pub(super) fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.0.lock().iter().any(wanted)
    }
}

#[tokio::test]
async fn a_hub_that_drains_is_no_trouble_to_its_providers() {
    for v2 in [true, false] {
        let mut market = Market::start().await;
        let kind = KeyKind::Provider(ProviderId::from_u128(1));
        let key = market.issue(kind, 1_001).await;
        let log = Arc::new(Log::default());
        let mut builder = Provider::builder(&format!("ws://{}", market.address), &key)
            .with_backend(EchoBackend::new().with_model(MODEL))
            .with_observer(log.clone());
        if !v2 {
            builder = builder.with_v1_only();
        }
        let provider = builder.build().unwrap();
        let provider = tokio::spawn(provider.run(std::future::pending::<()>()));
        let registered = |event: &Event| matches!(event, Event::Registered { accepted: Some(models), .. } if !models.is_empty());
        until(|| log.has(registered)).await;
        market.begin_shutdown();
        until(|| log.has(|event| matches!(event, Event::Disconnected { .. }))).await;
        within(market.stopped()).await.unwrap();
        provider.abort();
        let said: Vec<_> = log.0.lock().clone();
        let drain = said.iter().position(|event| {
            matches!(event, Event::HubDraining)
                || matches!(event, Event::Notice(notice) if notice.event == "hub_draining")
        });
        assert!(drain.is_some(), "{said:#?}");
        for event in &said {
            let is_end = matches!(event, Event::Disconnected { .. });
            assert!(
                is_end || event.severity() == Severity::Info,
                "v2 {v2}: {event} in {said:#?}"
            );
        }
    }
}
