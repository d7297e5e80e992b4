//! Consumers who hang up, wherever their stream stands and whoever serves it: the model server hears of it, and nothing stays taken.

use std::sync::Arc;
use std::time::Duration;

use swan_core::protocol::{Capacity, ModelDeclaration, StreamEnd, StreamId};
use swan_core::{Amount, KeyId, ProviderId};
use swan_hub::store::KeyKind;
use swan_hub::{ExternalConfig, QueueRules};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::http::Call;
use super::provider::{Act, Provider};
use super::{DONE, MODEL, Market, STOP, ask, delta, until, usage, within};

const STREAM: &str = "\"stream\":true";
const PING: &str = ": ping\n\n";
const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";

/// Who serves.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    V1,
    V2,
    Endpoint,
}

/// Where a stream stands when its consumer hangs up.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stand {
    /// It waits for a place.
    Waiting,
    /// It waits for a place, and has been told that it lives.
    WaitingLong,
    Asked,
    /// The answer has begun without a word in it.
    Preamble,
    /// Nothing has come but heartbeats.
    Beating,
    Flowing,
}

/// A server that takes one request at a time.
enum Server {
    Provider(Provider),
    Endpoint(TcpListener),
}

/// A request that it has.
enum Has {
    Stream(StreamId),
    Socket(TcpStream),
}

impl Server {
    async fn request(&mut self) -> Has {
        match self {
            Self::Provider(provider) => Has::Stream(provider.request().await.stream),
            Self::Endpoint(listener) => loop {
                let (mut socket, _) = within(listener.accept()).await.unwrap();
                if read_request(&mut socket).await.starts_with("POST ") {
                    return Has::Socket(socket);
                }
            },
        }
    }

    async fn begin(&self, request: &mut Has, events: &str) {
        match (self, request) {
            (Self::Provider(provider), Has::Stream(stream)) => {
                let head = Act::Head(200, "text/event-stream");
                provider
                    .act(*stream, [head, Act::Body(events.into())])
                    .await;
            }
            (_, Has::Socket(socket)) => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
                socket.write_all(head.as_bytes()).await.unwrap();
                socket.write_all(events.as_bytes()).await.unwrap();
            }
            _ => unreachable!(),
        }
    }

    async fn serve(&self, mut request: Has) {
        let all = [delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat();
        self.begin(&mut request, &all).await;
        if let (Self::Provider(provider), Has::Stream(stream)) = (self, request) {
            provider
                .act(stream, [Act::Finish(StreamEnd::default())])
                .await;
        }
    }

    /// Waits until it is told that nobody wants the answer any more.
    async fn cancelled(&mut self, request: Has) {
        match (self, request) {
            (Self::Provider(provider), Has::Stream(stream)) => {
                provider.cancelled(stream).await;
            }
            (_, Has::Socket(mut socket)) => {
                let read = within(socket.read(&mut [0; 1])).await;
                assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
            }
            _ => unreachable!(),
        }
    }
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        within(socket.read_buf(&mut read)).await.unwrap();
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then_some(value)
        });
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return text;
        }
    }
}

/// A market with one server, which has one place.
async fn market(way: Way, heartbeat: Duration) -> (Market, Server) {
    let mut queue = QueueRules::default();
    queue.wait = Duration::from_secs(60);
    let mut limits = swan_hub::Limits::default();
    limits.heartbeat = heartbeat;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let market = Market::with(|builder| {
        let builder = builder.with_queue(queue).with_limits(limits);
        match way {
            Way::Endpoint => builder.with_external(
                ExternalConfig::new("backup", format!("http://{address}"))
                    .with_model(MODEL, "upstream")
                    .with_capacity(1),
            ),
            Way::V1 | Way::V2 => builder,
        }
    })
    .await;
    if way == Way::Endpoint {
        return (market, Server::Endpoint(listener));
    }
    let key = market.issue(KeyKind::Provider(ProviderId::from_u128(1)), 1_001);
    let declaration = ModelDeclaration {
        model_id: MODEL.to_owned(),
        capacity: vec![Capacity::concurrency(1)],
        ..ModelDeclaration::default()
    };
    let (key, v2) = (key.await, way == Way::V2);
    let provider = Provider::declaring(
        market.address,
        &key,
        "node-1",
        v2,
        &[MODEL],
        vec![declaration],
    );
    let provider = Box::pin(provider).await;
    (market, Server::Provider(provider))
}

/// Every figure that tells of what is taken, other than zero.
async fn still_taken(market: &Market) -> Vec<String> {
    let settings = market.hub.settings().with_public_metrics(true);
    market.hub.reload(settings).unwrap();
    let figures = Call::get(market.address, "/metrics").send().await;
    let gauges = [
        "swan_in_flight ",
        "swan_holds ",
        "swan_streams ",
        "swan_queue_waiting ",
        "swan_slots_in_use{",
        "swan_breakers_open{",
    ];
    let is_gauge = |line: &&str| gauges.iter().any(|gauge| line.starts_with(gauge));
    let lines: Vec<_> = figures.text().lines().filter(is_gauge).collect();
    assert!(lines.len() >= 4, "{lines:?}");
    let taken = lines.into_iter().filter(|line| !line.ends_with(" 0"));
    taken.map(str::to_owned).collect()
}

/// Brings a stream to where it stands, and hangs up there.
async fn hang_up(market: &Market, server: &mut Server, stand: Stand, call: Call) {
    let opening = tokio::spawn(call.open());
    if matches!(stand, Stand::Waiting | Stand::WaitingLong) {
        until(|| market.hub.queue().waiting == 1).await;
        if stand == Stand::WaitingLong {
            let mut open = opening.await.unwrap();
            open.read_until(&PING.repeat(2)).await;
            open.hang_up().await;
        } else {
            opening.abort();
        }
        return until(|| market.hub.queue().waiting == 0).await;
    }
    let mut request = server.request().await;
    match stand {
        Stand::Preamble => {
            server.begin(&mut request, ROLE).await;
            opening.abort();
        }
        Stand::Beating => {
            let mut open = opening.await.unwrap();
            open.read_until(PING).await;
            open.hang_up().await;
        }
        Stand::Flowing => {
            server.begin(&mut request, &delta("hello")).await;
            let mut open = opening.await.unwrap();
            open.read_until("hello").await;
            open.hang_up().await;
        }
        _ => opening.abort(),
    }
    server.cancelled(request).await;
}

async fn nothing_stays_taken(way: Way, stand: Stand) {
    let beats = matches!(stand, Stand::Beating | Stand::WaitingLong);
    let heartbeat = Duration::from_millis(if beats { 50 } else { 60_000 });
    let (market, mut server) = market(way, heartbeat).await;
    let key = market
        .limited(9, |limits| limits.concurrency = Some(1))
        .await;
    let own = market.hub.keys().get(KeyId::from_u128(9)).unwrap();
    let own = Arc::clone(own.access().key().unwrap());
    let is_queued = matches!(stand, Stand::Waiting | Stand::WaitingLong);
    let mut first = None;
    if is_queued {
        let running = market.chat(ask(STREAM)).background();
        first = Some((running, server.request().await));
    }
    hang_up(
        &market,
        &mut server,
        stand,
        market.with_key(&key, ask(STREAM)),
    )
    .await;
    until(|| own.running() == 0).await;
    if let Some((running, request)) = first {
        server.serve(request).await;
        assert_eq!(running.await.unwrap().status, 200, "{way:?} {stand:?}");
    }
    market.settled().await;
    assert_eq!(
        still_taken(&market).await,
        Vec::<String>::new(),
        "{way:?} {stand:?}"
    );
    let spent = market.spent("5");
    assert_eq!(
        spent > Amount::ZERO,
        is_queued || stand == Stand::Flowing,
        "{way:?} {stand:?}"
    );
    // The one place is free, of the key and at the server.
    let again = market.with_key(&key, ask(STREAM)).background();
    let request = server.request().await;
    server.serve(request).await;
    assert_eq!(again.await.unwrap().status, 200, "{way:?} {stand:?}");
}

async fn at_every_stand(way: Way) {
    use Stand::{Asked, Beating, Flowing, Preamble, Waiting, WaitingLong};
    for stand in [Waiting, WaitingLong, Asked, Preamble, Beating, Flowing] {
        nothing_stays_taken(way, stand).await;
    }
}

#[tokio::test]
async fn a_hang_up_gives_everything_back_over_v1() {
    at_every_stand(Way::V1).await;
}

#[tokio::test]
async fn a_hang_up_gives_everything_back_over_v2() {
    at_every_stand(Way::V2).await;
}

#[tokio::test]
async fn a_hang_up_gives_everything_back_at_an_endpoint() {
    at_every_stand(Way::Endpoint).await;
}
