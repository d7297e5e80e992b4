//! Consumers who read slowly, as the model server feels it: over v2 and at an endpoint of the hub it has to wait, over v1, which
//! has no flow control, the answer ends at a bound, and with it nothing else.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::post;
use futures::{Stream, StreamExt as _, stream};
use http::Request;
use http_body_util::BodyExt as _;
use swan_core::protocol::INITIAL_CREDIT;
use swan_core::{Amount, ProviderId};
use swan_hub::ExternalConfig;
use swan_hub::store::KeyKind;
use swan_provider::{Backend, BackendError, Call, Discovery, EchoBackend, Event, Provider, Reply};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tower::Service as _;

use super::provider_crate::Log;
use super::{DONE, MODEL, Market, STOP, ask, delta, until, within};

/// What may lie in the sockets between two processes, each way: several MiB at the kernel's default limits.
const SOCKETS: usize = 20 << 20;
/// What of an answer may wait in the hub over v1, and at the provider for its socket.
const MAILBOX: usize = (16 << 20) + (1 << 20);

/// A model server that writes for ever when it is told to `pour`, stops half way when it is told to `pause`, and otherwise echoes.
#[derive(Debug)]
struct Faucet {
    echo: EchoBackend,
    flow: Arc<Flow>,
}

/// How far it has come.
#[derive(Debug, Default)]
struct Flow {
    written: AtomicUsize,
    is_over: AtomicBool,
    goes_on: Notify,
}

/// While it pours.
struct Pouring(Arc<Flow>);

impl Drop for Pouring {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

impl Flow {
    fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// How far it has come when it comes no further.
    async fn stalled(&self) -> usize {
        let wait = async {
            loop {
                let before = self.written();
                tokio::time::sleep(Duration::from_millis(300)).await;
                if before > 0 && before == self.written() {
                    return before;
                }
            }
        };
        within(wait).await
    }
}

/// Events without end, of which most is what the hub does not look at.
fn pour(flow: &Arc<Flow>) -> impl Stream<Item = Bytes> + use<> {
    let padding = "x".repeat(16 << 10);
    let event = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"a\"}}}}],\"padding\":\"{padding}\"}}\n\n"
    );
    let pouring = Pouring(Arc::clone(flow));
    stream::unfold((pouring, Bytes::from(event)), |(pouring, event)| async {
        tokio::task::yield_now().await;
        pouring.0.written.fetch_add(event.len(), Ordering::Relaxed);
        Some((event.clone(), (pouring, event)))
    })
}

fn pause(flow: &Arc<Flow>) -> impl Stream<Item = Bytes> + use<> {
    let flow = Arc::clone(flow);
    let begin = stream::iter([Bytes::from(delta("one"))]);
    begin.chain(stream::once(async move {
        flow.goes_on.notified().await;
        Bytes::from([&*delta("two"), STOP, DONE].concat())
    }))
}

#[async_trait]
impl Backend for Faucet {
    fn label(&self) -> &'static str {
        "faucet"
    }

    async fn discover(&self) -> Result<Discovery, BackendError> {
        self.echo.discover().await
    }

    async fn execute(&self, call: Call) -> Result<Reply, BackendError> {
        let told = |word: &str| memchr::memmem::find(&call.body, word.as_bytes()).is_some();
        if told("\"pour\"") {
            return Ok(Reply::events(pour(&self.flow).map(Ok)));
        }
        if told("\"pause\"") {
            return Ok(Reply::events(pause(&self.flow).map(Ok)));
        }
        self.echo.execute(call).await
    }
}

/// Runs the provider of this family on a faucet.
async fn provider(market: &Market, v2: bool) -> (Arc<Flow>, JoinHandle<()>) {
    let kind = KeyKind::Provider(ProviderId::from_u128(1));
    let key = market.issue(kind, 1_001).await;
    let (flow, log) = (Arc::new(Flow::default()), Arc::new(Log::default()));
    let faucet = Faucet {
        echo: EchoBackend::new().with_model(MODEL),
        flow: Arc::clone(&flow),
    };
    let mut builder = Provider::builder(&format!("ws://{}", market.address), &key)
        .with_backend(faucet)
        .with_observer(log.clone());
    if !v2 {
        builder = builder.with_v1_only();
    }
    let provider = builder.build().unwrap();
    let running = tokio::spawn(async move {
        let _ = provider.run(std::future::pending::<()>()).await;
    });
    let registered = |event: &Event| matches!(event, Event::Registered { accepted: Some(models), .. } if !models.is_empty());
    until(|| log.has(registered)).await;
    (flow, running)
}

fn told(word: &str) -> String {
    ask("\"stream\":true").replace("\"hi\"", &format!("\"{word}\""))
}

/// The body of a stream that has begun, from the router itself: no socket in between reads on its own.
async fn opened(market: &Market) -> Body {
    let request = Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {}", market.key))
        .body(Body::from(told("pour")))
        .unwrap();
    let mut body = within(market.hub.router().call(request))
        .await
        .unwrap()
        .into_body();
    take(&mut body).await;
    body
}

async fn take(body: &mut Body) -> usize {
    let frame = within(body.frame()).await.unwrap().unwrap();
    frame.into_data().unwrap().len()
}

/// A consumer who stops holds the model server back at this bound; one who goes on lets it go on, and one who leaves stops it.
async fn holds_back(market: &Market, flow: &Flow, bound: usize) {
    let mut body = opened(market).await;
    let stalled = flow.stalled().await;
    assert!(stalled <= bound, "{stalled} bytes were written");
    while flow.written() < stalled + (4 << 20) {
        take(&mut body).await;
    }
    let again = flow.stalled().await;
    assert!(again - stalled <= bound + (4 << 20), "{again} {stalled}");
    assert!(!flow.is_over());
    drop(body);
    until(|| flow.is_over()).await;
    market.settled().await;
    assert!(market.spent("5") > Amount::ZERO);
}

#[tokio::test]
async fn over_v2_the_model_server_waits_for_the_consumer() {
    let market = Market::start().await;
    let (flow, provider) = provider(&market, true).await;
    // The credit of the stream, and what the provider keeps ready to be sent.
    let bound = INITIAL_CREDIT as usize + (1 << 20) + (256 << 10);
    holds_back(&market, &flow, bound).await;
    assert!(market.earned(1) > Amount::ZERO);
    provider.abort();
}

#[tokio::test]
async fn an_endpoint_of_the_hub_waits_for_the_consumer() {
    let flow = Arc::new(Flow::default());
    let own = Arc::clone(&flow);
    let answer = move || {
        let events = pour(&own).map(Ok::<_, Infallible>);
        async {
            let kind = [("content-type", "text/event-stream")];
            (kind, Body::from_stream(events))
        }
    };
    let app = Router::new().route("/v1/chat/completions", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let endpoint =
        ExternalConfig::new("backup", format!("http://{address}")).with_model(MODEL, "upstream");
    let market = Market::with(|builder| builder.with_external(endpoint)).await;
    holds_back(&market, &flow, SOCKETS).await;
}

#[tokio::test]
async fn over_v1_an_answer_that_nobody_reads_ends_at_a_bound_and_no_other_does() {
    let market = Market::start().await;
    let (flow, provider) = provider(&market, false).await;
    let mut beside = market.chat(told("pause")).open().await;
    beside.read_until("one").await;
    let body = opened(&market).await;
    until(|| flow.is_over()).await;
    let written = flow.written();
    assert!(written <= MAILBOX + SOCKETS, "{written} bytes were written");

    // The other answer on the same connection goes on, and so do new ones.
    flow.goes_on.notify_one();
    let beside = beside.whole().await;
    assert!(beside.text().contains("two") && beside.text().ends_with(DONE));
    let after = market.chat(ask("")).send().await;
    assert_eq!(after.status, 200, "{after:?}");

    let rest = within(body.collect()).await.unwrap().to_bytes();
    assert!(rest.len() <= MAILBOX, "{} bytes waited", rest.len());
    let end = String::from_utf8_lossy(&rest[rest.len().saturating_sub(500)..]);
    assert!(end.contains("\"answer_cut_off\""), "{end}");
    assert!(!end.contains("[DONE]"), "{end}");
    market.settled().await;
    assert!(market.spent("5") > Amount::ZERO && market.earned(1) > Amount::ZERO);
    provider.abort();
}
