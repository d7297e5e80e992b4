//! A model server whose behaviour a test chooses: the echo over HTTP, or trouble.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{StreamExt, stream};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use swan_provider::{Backend, Call, EchoBackend};
use tokio::{net::TcpListener, task::JoinHandle};

#[derive(Clone, Debug)]
pub enum Mode {
    /// The echo.
    Echo,
    /// This status, content type and body.
    Fixed(u16, &'static str, String),
    /// This status and content type, and a `Retry-After` of 30 seconds.
    Busy(u16, &'static str),
    /// A stream that never ends, as fast as it is read.
    Flood,
    /// A stream with one event every few milliseconds, for ever.
    Endless,
    /// Some of a stream, then a broken connection.
    Breaks,
    /// No answer.
    Hangs,
    /// A stream that is silent after its first event.
    Stalls,
}

#[derive(Debug)]
pub struct ModelServer {
    pub url: String,
    pub state: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
pub struct Shared {
    mode: Mutex<Mode>,
    models: Mutex<Vec<String>>,
    owner: Mutex<&'static str>,
    failing: Mutex<Option<String>>,
    /// How often the list of models was asked for.
    pub lists: AtomicU64,
    /// Bodies of the requests other than probes.
    pub bodies: Mutex<Vec<Bytes>>,
    pub authorizations: Mutex<Vec<Option<String>>>,
    pub probes: AtomicU64,
    /// Answers that are being made.
    pub active: AtomicU64,
    /// Bytes of floods that were handed to the network.
    pub flooded: AtomicU64,
}

impl ModelServer {
    pub async fn start() -> Self {
        Self::on("127.0.0.1:0").await
    }

    pub async fn on(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Shared {
            mode: Mutex::new(Mode::Echo),
            models: Mutex::new(vec![EchoBackend::MODEL.to_owned()]),
            owner: Mutex::new("vllm"),
            failing: Mutex::default(),
            lists: AtomicU64::new(0),
            bodies: Mutex::default(),
            authorizations: Mutex::default(),
            probes: AtomicU64::new(0),
            active: AtomicU64::new(0),
            flooded: AtomicU64::new(0),
        });
        let app = Router::new()
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(chat))
            .with_state(Arc::clone(&state));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, state, task }
    }

    /// From now on, for everything but probes.
    pub fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
    }

    pub fn set_models(&self, models: &[&str]) {
        *self.state.models.lock().unwrap() = models.iter().map(|m| (*m).to_owned()).collect();
    }

    /// This model refuses to chat.
    pub fn set_failing(&self, model: &str) {
        *self.state.failing.lock().unwrap() = Some(format!("\"model\":\"{model}\""));
    }

    /// What stands in `owned_by`, by which engines are told.
    pub fn set_owner(&self, owner: &'static str) {
        *self.state.owner.lock().unwrap() = owner;
    }

    pub fn active(&self) -> u64 {
        self.state.active.load(Ordering::SeqCst)
    }

    pub fn last_body(&self) -> Bytes {
        self.state
            .bodies
            .lock()
            .unwrap()
            .last()
            .cloned()
            .expect("a request")
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn models(State(state): State<Arc<Shared>>) -> Response {
    state.lists.fetch_add(1, Ordering::SeqCst);
    let owner = *state.owner.lock().unwrap();
    let data: Vec<_> = state
        .models
        .lock()
        .unwrap()
        .iter()
        .map(|id| serde_json::json!({"id": id, "object": "model", "owned_by": owner, "max_model_len": 4096}))
        .collect();
    json(&serde_json::json!({"object": "list", "data": data}).to_string())
}

fn json(body: &str) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.to_owned()).into_response()
}

async fn chat(State(state): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    let key = request
        .headers()
        .get("authorization")
        .map(|v| v.to_str().unwrap().to_owned());
    state.authorizations.lock().unwrap().push(key);
    let body = axum::body::to_bytes(request.into_body(), usize::MAX)
        .await
        .unwrap();
    let is_probe = body.windows(22).any(|w| w == b"Reply with the word OK");
    let mode = state.mode.lock().unwrap().clone();
    if is_probe {
        state.probes.fetch_add(1, Ordering::SeqCst);
        let failing = state.failing.lock().unwrap().clone();
        let text = String::from_utf8_lossy(&body);
        if failing.is_some_and(|model| text.contains(&model)) {
            return fixed(
                400,
                "application/json",
                r#"{"error":"cannot chat"}"#.to_owned(),
            );
        }
        // A server in trouble fails its probes too, except where a test needs the model to stay.
        return match mode {
            Mode::Fixed(status @ 500.., kind, body) => fixed(status, kind, body),
            _ => echo(body).await,
        };
    }
    state.bodies.lock().unwrap().push(body.clone());
    let active = Active::new(&state);
    match mode {
        Mode::Echo => echo(body).await,
        Mode::Fixed(status, kind, body) => fixed(status, kind, body),
        Mode::Busy(status, kind) => {
            let mut busy = fixed(status, kind, r#"{"error":"slow down"}"#.to_owned());
            busy.headers_mut()
                .insert("retry-after", HeaderValue::from_static("30"));
            busy
        }
        Mode::Flood => events(flood(Arc::clone(&state), active)),
        Mode::Endless => events(ticking(active)),
        Mode::Breaks => events(breaking(active)),
        Mode::Hangs => {
            let _active = active;
            std::future::pending().await
        }
        Mode::Stalls => events(stream::once(async { Ok(event("one")) }).chain(stream::pending())),
    }
}

async fn echo(body: Bytes) -> Response {
    let model = serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|body| Some(body.get("model")?.as_str()?.to_owned()));
    let echo = EchoBackend::new().with_model(model.clone().unwrap_or_default());
    let Ok(call) = Call::chat(model.unwrap_or_default(), body) else {
        return fixed(
            400,
            "application/json",
            r#"{"error":{"message":"bad"}}"#.to_owned(),
        );
    };
    let reply = echo.execute(call).await.unwrap();
    let mut response = Response::new(Body::from_stream(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    let kind = reply.content_type.unwrap().parse().unwrap();
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn fixed(status: u16, kind: &'static str, body: String) -> Response {
    (
        StatusCode::from_u16(status).unwrap(),
        [(CONTENT_TYPE, kind)],
        body,
    )
        .into_response()
}

fn events<S>(events: S) -> Response
where
    S: futures::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
{
    (
        [(CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(events),
    )
        .into_response()
}

fn event(text: &str) -> Bytes {
    let chunk = serde_json::json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {chunk}\n\n").into()
}

type Events = stream::BoxStream<'static, Result<Bytes, std::io::Error>>;

fn flood(state: Arc<Shared>, active: Active) -> Events {
    let piece = event(&"x".repeat(16 * 1024));
    stream::unfold(active, move |active| {
        state
            .flooded
            .fetch_add(piece.len() as u64, Ordering::SeqCst);
        let piece = piece.clone();
        async move { Some((Ok(piece), active)) }
    })
    .boxed()
}

fn ticking(active: Active) -> Events {
    stream::unfold(active, |active| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Ok(event("tick ")), active))
    })
    .boxed()
}

fn breaking(active: Active) -> Events {
    let some = stream::iter([Ok(event("a")), Ok(event("b"))]);
    let broken = stream::once(async move {
        let _active = active;
        // The first events leave before the connection breaks.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(std::io::Error::other("broken"))
    });
    some.chain(broken).boxed()
}

struct Active(Arc<Shared>);

impl Active {
    fn new(state: &Arc<Shared>) -> Self {
        state.active.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(state))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}
