//! The provider of a development market, in this process and over a real WebSocket.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use swan_core::protocol::Severity;
use swan_provider::{Event, Observer, Provider, ProviderError, TracingObserver};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time;

use super::backends::Backends;
use super::credentials::Credentials;
use super::say;
use crate::cli::CliError;

/// How long its goodbye may take once the hub is gone.
const GOODBYE_MAX: Duration = Duration::from_secs(5);
/// Words that nobody has read yet; more are dropped, since each is only for the terminal.
const WORDS_MAX: usize = 64;

/// A provider that runs beside the hub.
#[derive(Debug)]
pub(super) struct LocalProvider {
    words: mpsc::Receiver<Word>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ProviderError>>,
}

/// What the person at the terminal should know.
#[derive(Debug)]
enum Word {
    Offered(Vec<String>),
    Trouble(String),
}

impl LocalProvider {
    pub(super) fn start(
        socket: SocketAddr,
        credentials: &Credentials,
        backends: &Backends,
        folder: &Path,
    ) -> Result<Self, CliError> {
        let (tell, words) = mpsc::channel(WORDS_MAX);
        let mut builder = Provider::builder(&format!("ws://{socket}"), &credentials.provider)
            .with_name("this machine")
            .with_data_dir(folder.join("provider"))
            .with_observer(Arc::new(Terminal { tell }));
        for backend in &backends.served {
            builder = builder.with_shared_backend(Arc::clone(backend));
        }
        let provider = builder.build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(provider.run(async {
            // A dropped sender means the same: the command is over.
            let _ = stopped.await;
        }));
        Ok(Self {
            words,
            stop,
            running,
        })
    }

    /// The first models that the hub routes to this provider, by the hub's names, `wanted` among them where that is said. Trouble
    /// on the way is said.
    pub(super) async fn first_models(
        &mut self,
        wanted: Option<&str>,
    ) -> Result<Vec<String>, CliError> {
        let is_wanted = |model: &String| wanted.is_none_or(|wanted| wanted == model);
        loop {
            match self.word().await? {
                Word::Offered(models) if models.iter().any(is_wanted) => return Ok(models),
                Word::Offered(_) => {}
                Word::Trouble(what) => say(&what),
            }
        }
    }

    /// Says what goes wrong, for as long as the provider runs.
    pub(super) async fn watch(&mut self) -> Result<(), CliError> {
        loop {
            if let Word::Trouble(what) = self.word().await? {
                say(&what);
            }
        }
    }

    /// Ends it; its requests are over when this is called.
    pub(super) async fn stop(mut self) {
        let _ = self.stop.send(());
        let _ = time::timeout(GOODBYE_MAX, &mut self.running).await;
    }

    async fn word(&mut self) -> Result<Word, CliError> {
        if let Some(word) = self.words.recv().await {
            return Ok(word);
        }
        match (&mut self.running).await {
            Ok(Ok(())) => Err(CliError::ProviderEnded),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(CliError::ProviderEnded),
        }
    }
}

#[derive(Debug)]
struct Terminal {
    tell: mpsc::Sender<Word>,
}

impl Observer for Terminal {
    fn on_event(&self, event: &Event) {
        let word = match event {
            Event::Registered {
                offered, accepted, ..
            } => Word::Offered(accepted.as_ref().unwrap_or(offered).clone()),
            Event::ModelDown {
                model,
                backend,
                reason,
            } => Word::Trouble(format!("{model} at {backend} is not offered: {reason}")),
            Event::BackendSilent { backend, reason } => {
                Word::Trouble(format!("{backend} does not list its models: {reason}"))
            }
            Event::Notice(notice) if notice.severity > Severity::Info => {
                Word::Trouble(notice.message.clone())
            }
            Event::Refused { message } | Event::HubComplaint { message } => {
                Word::Trouble(message.clone())
            }
            Event::Disconnected { reason, retry_in } => Word::Trouble(format!(
                "the provider lost the hub ({reason}) and dials again in {:.1} s",
                retry_in.as_secs_f32()
            )),
            _ => return TracingObserver.on_event(event),
        };
        // The terminal is no reason to keep the provider waiting.
        let _ = self.tell.try_send(word);
    }
}
