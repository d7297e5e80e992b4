//! The WebSocket: the only file that touches it.

use crate::{http_client, hub_url::HubUrl};
use bytes::Bytes;
use futures::{Sink, Stream, StreamExt};
use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use swan_core::protocol::{Dialect, Frame, SUBPROTOCOL_V2, Transmit};
use tokio::{net::TcpStream, time};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        error::{ProtocolError, SubProtocolError},
        http::HeaderValue,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

/// For the connection, TLS and the upgrade together (public-swan.md 1.1).
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest message taken (public-swan.md 1.6); the session bounds what it may hold.
const MESSAGE_MAX: usize = 64 * 1024 * 1024;
/// How much may wait to be written before the session is no longer asked for more.
const OUTBOX_MAX: usize = 1024 * 1024;
/// What is read at once: the library clears as much before each read, and most requests fit into a fraction of its 128 kB.
const READ_BUFFER: usize = 8 * 1024;

/// Why there is no socket.
#[derive(Debug)]
pub(crate) enum DialError {
    /// Nobody there, or not a hub: the next try may succeed.
    Unreachable(String),
    /// The hub asks to wait.
    Busy {
        message: String,
        retry_after: Option<Duration>,
    },
}

/// What a step of the socket brought.
#[derive(Debug)]
pub(crate) enum Step {
    /// The hub said something.
    Frame(Frame),
    /// What was too much is written, and there is room again.
    Room,
    /// The connection has ended.
    Closed(String),
}

/// An open connection to a hub.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    dialect: Dialect,
    outbox: VecDeque<Message>,
    waiting: usize,
    /// The session was not asked for more, and may be again when everything is written.
    full: bool,
    unflushed: bool,
    /// What went wrong with a write that nobody waited for.
    broken: Option<String>,
}

impl Socket {
    /// Dials, offering v2; a hub that does not know it is dialled again without.
    pub(crate) async fn dial(hub: &HubUrl, offer_v2: bool) -> Result<Self, DialError> {
        http_client::install_tls_default();
        match time::timeout(DIAL_TIMEOUT, connect(&hub.socket, offer_v2)).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(tungstenite::Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
                SubProtocolError::NoSubProtocol,
            )))) if offer_v2 => Box::pin(Self::dial(hub, false)).await,
            Ok(Err(error)) => Err(dial_error(error)),
            Err(_) => Err(DialError::Unreachable(format!(
                "no answer within {} s",
                DIAL_TIMEOUT.as_secs()
            ))),
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the session may be asked for more to send.
    pub(crate) const fn has_room(&self) -> bool {
        self.waiting < OUTBOX_MAX
    }

    /// Queues what the session wants done; a later [`step`](Self::step) does it.
    pub(crate) fn queue(&mut self, transmit: Transmit) {
        let message = match transmit {
            Transmit::Frame(Frame::Binary(bytes)) => Message::Binary(bytes),
            Transmit::Frame(Frame::Text(bytes)) => match bytes.try_into() {
                Ok(text) => Message::Text(text),
                // Cannot happen: the session makes its text frames from strings.
                Err(_) => return,
            },
            Transmit::Close { code, reason } => Message::Close(Some(CloseFrame {
                code: code.into(),
                reason: reason.into(),
            })),
        };
        self.waiting = self.waiting.saturating_add(message.len());
        self.full |= !self.has_room();
        self.outbox.push_back(message);
    }

    /// Writes what is queued and waits for what comes, both at once, so that neither side can wait for the other.
    ///
    /// All that is queued goes into one write where it fits, and nothing waits for company. Cancel-safe.
    pub(crate) async fn step(&mut self) -> Step {
        poll_fn(|cx| self.poll_step(cx)).await
    }

    /// Writes what is queued, as far as that can be done at once; the next [`step`](Self::step) does the rest, and meets what went wrong.
    pub(crate) async fn write_ready(&mut self) {
        poll_fn(|cx| {
            if let Poll::Ready(Err(error)) = self.poll_write(cx) {
                self.broken.get_or_insert(error.to_string());
            }
            Poll::Ready(())
        })
        .await;
    }

    /// A frame that has already arrived.
    pub(crate) fn try_frame(&mut self) -> Option<Frame> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        // Registering no waker is sound here, since the caller goes on to `step`, which registers the real one.
        match self.poll_frame(&mut cx) {
            Poll::Ready(Step::Frame(frame)) => Some(frame),
            _ => None,
        }
    }

    /// Writes what is queued, says goodbye, and waits for the hub's, all within `limit`.
    ///
    /// A socket that is dropped with something unread resets the connection and may take the last answer with it.
    pub(crate) async fn finish(mut self, limit: Duration) {
        let goodbye = async {
            let written = poll_fn(|cx| self.poll_write(cx)).await;
            if written.is_ok() {
                let _ = self.stream.close(None).await;
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        let _ = time::timeout(limit, goodbye).await;
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Some(why) = self.broken.take() {
            return Poll::Ready(Step::Closed(why));
        }
        match self.poll_write(cx) {
            Poll::Ready(Err(error)) => return Poll::Ready(Step::Closed(error.to_string())),
            Poll::Ready(Ok(())) if std::mem::take(&mut self.full) => {
                return Poll::Ready(Step::Room);
            }
            _ => {}
        }
        self.poll_frame(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), tungstenite::Error>> {
        while !self.outbox.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_ready(cx))?;
            if let Some(message) = self.outbox.pop_front() {
                self.waiting = self.waiting.saturating_sub(message.len());
                self.unflushed = true;
                Pin::new(&mut self.stream).start_send(message)?;
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            let step = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                None => Step::Closed("the hub closed the connection".to_owned()),
                Some(Err(error)) => Step::Closed(error.to_string()),
                Some(Ok(Message::Text(text))) => Step::Frame(Frame::Text(Bytes::from(text))),
                Some(Ok(Message::Binary(bytes))) => Step::Frame(Frame::Binary(bytes)),
                Some(Ok(Message::Close(frame))) => Step::Closed(goodbye(frame)),
                // Pings are answered by the library with the next read or write.
                Some(Ok(_)) => continue,
            };
            return Poll::Ready(step);
        }
    }
}

async fn connect(url: &str, offer_v2: bool) -> Result<Socket, tungstenite::Error> {
    let mut request = url.into_client_request()?;
    if offer_v2 {
        let offer = HeaderValue::from_static(SUBPROTOCOL_V2);
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offer);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let (stream, response) = connect_async_with_config(request, Some(config), true).await?;
    let chosen = response
        .headers()
        .get("sec-websocket-protocol")
        .and_then(|v| v.to_str().ok());
    let dialect = Dialect::from_subprotocol(chosen);
    Ok(Socket {
        stream,
        dialect,
        outbox: VecDeque::new(),
        waiting: 0,
        full: false,
        unflushed: false,
        broken: None,
    })
}

fn dial_error(error: tungstenite::Error) -> DialError {
    let tungstenite::Error::Http(response) = error else {
        return DialError::Unreachable(error.to_string());
    };
    let status = response.status();
    let message = format!("the hub answers {status} instead of opening a socket");
    match status.as_u16() {
        429 | 503 => {
            let after = response
                .headers()
                .get("retry-after")
                .and_then(|v| v.to_str().ok());
            let retry_after = after.and_then(|v| v.parse().ok()).map(Duration::from_secs);
            DialError::Busy {
                message,
                retry_after,
            }
        }
        404 => DialError::Unreachable(format!("{message}; is this the address of a hub?")),
        _ => DialError::Unreachable(message),
    }
}

fn goodbye(frame: Option<CloseFrame>) -> String {
    match frame {
        Some(frame) if !frame.reason.is_empty() => {
            let reason: String = frame.reason.chars().filter(|c| !c.is_control()).collect();
            format!("the hub closed the connection: {reason}")
        }
        _ => "the hub closed the connection".to_owned(),
    }
}
