//! The feed against servers that lie, hang, flood and talk nonsense, under a clock that the test moves.

mod answers;
mod courses;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::testkit::ManualClock;
use swan_core::{Clock as _, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{FeedSource, PriceFeed, PriceFeedEvent, PriceFeedOptions};
use crate::events::{EventSink, RequestRecord};
use crate::seams::PriceOracle as _;

const NOW: Timestamp = Timestamp::from_millis(1_763_790_000_000);
const SECRET: &str = "hush-0123456789";

/// What a server does with a question.
#[derive(Clone, Debug)]
enum Act {
    Says(Vec<u8>),
    IsSilent,
    FloodsForEver,
    Dribbles,
}

/// A server whose act the test changes.
#[derive(Clone, Debug)]
struct Server {
    act: Arc<Mutex<Act>>,
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/price?key={SECRET}",
            listener.local_addr().unwrap()
        );
        let server = Self {
            act: Arc::new(Mutex::new(Act::IsSilent)),
            asked: Arc::default(),
            url,
        };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(socket));
            }
        });
        server
    }

    async fn serve(self, mut socket: TcpStream) {
        let mut asked = vec![0; 4_096];
        let length = socket.read(&mut asked).await.unwrap_or(0);
        let question = String::from_utf8_lossy(&asked[..length]).into_owned();
        self.asked.lock().push(question);
        let act = self.act.lock().clone();
        match act {
            Act::Says(bytes) => {
                let _ = socket.write_all(&bytes).await;
            }
            Act::IsSilent => std::future::pending().await,
            Act::FloodsForEver => {
                let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\"";
                let _ = socket.write_all(head).await;
                while socket.write_all(&[b'1'; 4_096]).await.is_ok() {}
            }
            Act::Dribbles => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"usd\":";
                let _ = socket.write_all(head).await;
                std::future::pending::<()>().await;
            }
        }
    }

    fn does(&self, act: Act) {
        *self.act.lock() = act;
    }

    fn tells(&self, usd: &str) {
        self.does(http("200 OK", &format!("{{\"usd\":{usd}}}")));
    }
}

fn http(status: &str, body: &str) -> Act {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    Act::Says(format!("{head}{body}").into_bytes())
}

#[derive(Debug, Default)]
struct News(Mutex<Vec<PriceFeedEvent>>);

impl EventSink for News {
    fn on_request(&self, _: &RequestRecord) {}

    fn on_price_feed(&self, event: &PriceFeedEvent) {
        crate::price_feed::write(event);
        self.0.lock().push(event.clone());
    }
}

/// A feed, its servers and what it has said.
#[derive(Debug)]
struct World {
    servers: Vec<Server>,
    feed: PriceFeed,
    clock: ManualClock,
    news: News,
}

/// As most tests have it: one of each source named `a`, `b` and `c`.
async fn options(count: usize) -> (Vec<Server>, PriceFeedOptions) {
    let mut servers = Vec::new();
    let mut sources = Vec::new();
    for name in ["a", "b", "c"].into_iter().take(count) {
        let server = Server::start().await;
        let mut source = FeedSource::new(name, &server.url, "/usd".parse().unwrap());
        source.headers.insert("x-key".into(), SECRET.into());
        sources.push(source);
        servers.push(server);
    }
    let mut options =
        PriceFeedOptions::new(sources, "0.01".parse().unwrap(), "10".parse().unwrap());
    options.answer_within = Duration::from_millis(300);
    options.body_bytes = 10_000;
    (servers, options)
}

impl World {
    async fn of(count: usize) -> Self {
        let (servers, options) = options(count).await;
        Self::with(servers, options)
    }

    fn with(servers: Vec<Server>, options: PriceFeedOptions) -> Self {
        Self {
            servers,
            feed: PriceFeed::new(options, None).unwrap(),
            clock: ManualClock::new(NOW),
            news: News::default(),
        }
    }

    async fn poll(&self) {
        self.feed.poll(&self.clock, &self.news).await;
    }

    /// Polls after half a minute, in which the sources have told this.
    async fn told(&self, prices: &[&str]) -> Option<String> {
        self.clock.advance(Duration::from_secs(30));
        for (server, usd) in self.servers.iter().zip(prices) {
            server.tells(usd);
        }
        self.poll().await;
        self.rate()
    }

    fn rate(&self) -> Option<String> {
        let rate = self.feed.usd_per_swan(self.clock.now())?;
        Some(rate.rate().to_string())
    }

    /// What has happened since the last look.
    fn heard(&self) -> Vec<String> {
        let news = std::mem::take(&mut *self.news.0.lock());
        let word = |event: PriceFeedEvent| match event.source {
            Some(source) => format!("{} {source}", event.news.as_str()),
            None => event.news.as_str().to_owned(),
        };
        news.into_iter().map(word).collect()
    }
}
