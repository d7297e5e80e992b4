//! A hub and a model server to test against, over real sockets.

mod hub;
mod model_server;
mod session;
mod tls_front;

pub use hub::{Hub, HubOptions};
pub use model_server::{Mode, ModelServer};
pub use tls_front::TlsFront;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use swan_provider::{Event, HttpBackend, Observer, Provider, ProviderBuilder, ProviderError};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
    time,
};

/// For anything that should happen soon; only a failing test waits this long.
pub const SOON: Duration = Duration::from_secs(20);

pub const KEY: &str = "sk-prov-0000000000000000000000000000000000000000000000000000000000000000";

/// A provider that runs in the background of a test.
pub struct Running {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ProviderError>>,
    pub events: Arc<Recorder>,
}

impl Running {
    /// A provider for `hub` that serves what `server` has.
    pub fn serving(hub: &Hub, server: &ModelServer) -> Self {
        Self::start(builder(hub).with_backend(HttpBackend::new(&server.url).unwrap()))
    }

    pub fn start(builder: ProviderBuilder) -> Self {
        let events = Arc::new(Recorder::default());
        let provider = builder.with_observer(events.clone()).build().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(provider.run(async {
            let _ = stopped.await;
        }));
        Self {
            stop: Some(stop),
            task,
            events,
        }
    }

    /// Asks it to stop; it may have things to finish.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub async fn ended(&mut self) -> Result<(), ProviderError> {
        time::timeout(SOON, &mut self.task)
            .await
            .expect("ends soon")
            .expect("does not panic")
    }

    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Quick enough for a test in everything that is a matter of patience.
pub fn builder(hub: &Hub) -> ProviderBuilder {
    Provider::builder(&hub.url, KEY).with_name("test node")
}

/// Keeps what happened.
#[derive(Debug, Default)]
pub struct Recorder {
    events: Mutex<Vec<Event>>,
    news: Notify,
}

impl Observer for Recorder {
    fn on_event(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
        self.news.notify_waiters();
    }
}

impl Recorder {
    /// Waits for the first event that `wanted` recognises.
    pub async fn wait<T>(&self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let look = async {
            loop {
                let news = self.news.notified();
                if let Some(found) = self.events.lock().unwrap().iter().find_map(&wanted) {
                    return found;
                }
                news.await;
            }
        };
        match time::timeout(SOON, look).await {
            Ok(found) => found,
            Err(_) => panic!("not among {:#?}", self.events.lock().unwrap()),
        }
    }

    pub fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events
            .lock()
            .unwrap()
            .iter()
            .filter(|event| wanted(event))
            .count()
    }
}

/// Waits for a condition that nothing announces.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let look = async {
        while !holds() {
            time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(time::timeout(SOON, look).await.is_ok(), "not soon: {what}");
}
