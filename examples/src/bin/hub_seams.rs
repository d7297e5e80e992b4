//! A hub with a store, a routing strategy and an event sink of one's own.
//!
//! ```console
//! $ cargo run -p swan-examples --bin hub_seams
//! ```
//!
//! Two providers serve; the strategy sends everything to the one that joined first while it has room, the sink puts records
//! into a channel that a task of the product empties, and the store counts what is written to the journal.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use swan_client::Client;
use swan_client::openai::{ChatRequest, Message};
use swan_core::routing::{Pool, RoutingStrategy};
use swan_core::{AccountId, Currency, ProviderId, Rng, TransferId};
use swan_examples::counting_store::CountingStore;
use swan_examples::keys::issue;
use swan_hub::store::{KeyKind, MemoryStore};
use swan_hub::{EventSink, Hub, RequestRecord};
use swan_provider::{EchoBackend, Provider};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const MODEL: &str = "swan/echo";

/// The provider with the lowest id that has room: it decides on numbers it is shown, takes no lock and allocates nothing.
#[derive(Debug)]
struct ElderFirst;

impl RoutingStrategy for ElderFirst {
    fn choose(&self, pool: &Pool<'_>, _: &mut dyn Rng) -> Option<usize> {
        let elder = pool
            .usable()
            .min_by_key(|(_, candidate)| candidate.provider);
        elder.map(|(position, _)| position)
    }

    fn name(&self) -> &'static str {
        "elder_first"
    }
}

/// Hands records to a task. It is called on the request's own way, so it never waits: when the task is behind, it counts.
#[derive(Debug)]
struct Records {
    channel: mpsc::Sender<RequestRecord>,
    lost: AtomicU64,
}

impl EventSink for Records {
    fn on_request(&self, record: &RequestRecord) {
        if self.channel.try_send(record.clone()).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = Arc::new(CountingStore::new(MemoryStore::new()));
    let (channel, mut records) = mpsc::channel(1_024);
    let lost = AtomicU64::new(0);
    let sink = Arc::new(Records { channel, lost });
    let hub = Hub::builder()
        .with_store(Arc::clone(&store) as Arc<dyn swan_hub::store::Store>)
        .with_routing(Arc::new(ElderFirst))
        .with_event_sink(Arc::clone(&sink) as Arc<dyn EventSink>)
        .build()
        .await?;
    let account = AccountId::from_u128(1);
    let consumer = issue(&hub, KeyKind::Consumer(account), "app", 1).await?;
    let (once, five) = (TransferId::from_u128(1), "5".parse()?);
    hub.books()
        .grant(once, account, Currency::Usd, five, "welcome")
        .await
        .map(drop)?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = hub.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    for number in 1..=2 {
        let kind = KeyKind::Provider(ProviderId::from_u128(number));
        let key = issue(&hub, kind, "echo", 10 + number).await?;
        let provider = Provider::builder(&format!("ws://{address}"), key.expose())
            .with_backend(EchoBackend::new())
            .with_name(format!("echo-{number}"))
            .build()?;
        tokio::spawn(Box::pin(provider.run(std::future::pending())));
    }
    while hub.providers_online(MODEL) < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let client = Client::builder(format!("http://{address}/v1"), consumer.expose()).build()?;
    let request = ChatRequest::new(MODEL, vec![Message::user("hello")]);
    for _ in 0..3 {
        let reply = client.chat().with_trace().create(&request).await?;
        println!(
            "routed: {}",
            reply.metadata().trace.as_deref().unwrap_or("?")
        );
        let record = records.recv().await.ok_or("the hub has gone")?;
        println!(
            "record: {} by {:?} for {} {}, {:?} of it the hub's own time",
            record.outcome.as_str(),
            record.chosen().map(|attempt| &*attempt.name),
            record.charge,
            record.currency.code(),
            record.overhead(),
        );
    }
    hub.drain(Duration::from_secs(5)).await?;
    println!("journal records: {}", store.appended());
    println!("records lost: {}", sink.lost.load(Ordering::Relaxed));
    Ok(())
}
