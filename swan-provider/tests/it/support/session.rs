//! What the hub of the tests does with one socket.

use super::{
    SOON,
    hub::{Command, Connection, HubOptions},
};
use futures::{SinkExt, StreamExt};
use std::{
    collections::{HashMap, VecDeque},
    sync::atomic::{AtomicBool, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};
use swan_core::{
    Timestamp,
    protocol::{
        Accepted, CancelReason, Dialect, Frame, HubEvent, HubSession, HubSessionConfig,
        Registration, Transmit,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

pub(super) async fn welcome(
    mut socket: TcpStream,
    options: HubOptions,
    connections: mpsc::Sender<Connection>,
) {
    let mut start = [0; 32];
    let _ = socket.peek(&mut start).await;
    if start.starts_with(b"GET /api/v1/provider/status") {
        let mut request = vec![0; 8 * 1024];
        let _ = socket.read(&mut request).await;
        let answer = match &options.status {
            Some(body) => format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ),
            None => {
                "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into()
            }
        };
        let _ = socket.write_all(answer.as_bytes()).await;
        return;
    }
    let (dialect, offered) = (options.dialect, AtomicBool::new(false));
    #[expect(
        clippy::result_large_err,
        reason = "the WebSocket library asks for this type"
    )]
    let choose = |request: &http::Request<()>, mut response: http::Response<()>| {
        let found = request.headers().contains_key("sec-websocket-protocol");
        offered.store(found, Ordering::SeqCst);
        if dialect == Dialect::V2 && offered.load(Ordering::SeqCst) {
            let chosen = "swan.v2".parse().unwrap();
            response
                .headers_mut()
                .insert("sec-websocket-protocol", chosen);
        }
        Ok(response)
    };
    let upgraded = tokio_tungstenite::accept_hdr_async(socket, choose).await;
    // A client that offered what this hub does not speak hangs up and comes again.
    let Ok(stream) = upgraded else { return };
    if dialect == Dialect::V1 && offered.load(Ordering::SeqCst) {
        return;
    }
    let (commands, received) = mpsc::channel(64);
    let (sender, events) = mpsc::channel(65_536);
    let connection = Connection {
        commands,
        events,
        kept: HashMap::new(),
        registrations: VecDeque::new(),
        next_request: 0,
    };
    if connections.send(connection).await.is_ok() {
        let dialect = if offered.load(Ordering::SeqCst) {
            dialect
        } else {
            Dialect::V1
        };
        // As many as a real hub sends.
        let config = HubSessionConfig {
            max_streams: 1_024,
            ..HubSessionConfig::default()
        };
        drive(
            stream,
            HubSession::new(dialect, config, now()),
            options,
            received,
            sender,
        )
        .await;
    }
}

async fn drive(
    mut socket: WebSocketStream<TcpStream>,
    mut session: HubSession,
    options: HubOptions,
    mut commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<HubEvent>,
) {
    loop {
        while let Some(event) = session.poll_event() {
            match &event {
                HubEvent::Register(registration) => match &options.reject {
                    Some(reason) => session.reject(now(), reason),
                    None => session.accept(now(), &accepted(registration)),
                },
                HubEvent::Body { stream, piece } if options.takes => {
                    session.credit(now(), *stream, piece.len());
                }
                _ => {}
            }
            let lost = matches!(event, HubEvent::Lost { .. });
            if events.send(event).await.is_err() || lost {
                return;
            }
        }
        while let Some(transmit) = session.poll_transmit() {
            let sent = match transmit {
                Transmit::Frame(Frame::Text(text)) => {
                    socket.feed(Message::Text(text.try_into().unwrap())).await
                }
                Transmit::Frame(Frame::Binary(bytes)) => socket.feed(Message::Binary(bytes)).await,
                Transmit::Close { .. } => socket.close(None).await,
            };
            if sent.is_err() {
                break;
            }
        }
        let _ = socket.flush().await;
        let due = session.poll_timeout().map_or(SOON, |at| at.since(now()));
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => session.handle_frame(now(), Frame::Text(text.into())),
                Some(Ok(Message::Binary(bytes))) => session.handle_frame(now(), Frame::Binary(bytes)),
                Some(Ok(Message::Close(_))) | None => session.handle_disconnect(now(), "closed"),
                Some(Ok(_)) => {}
                Some(Err(error)) => session.handle_disconnect(now(), &error.to_string()),
            },
            Some(command) = commands.recv() => match command {
                Command::Dispatch(dispatch, answer) => {
                    let _ = answer.send(session.dispatch(now(), *dispatch));
                }
                Command::Cancel(stream) => {
                    session.cancel(now(), stream, &CancelReason::ConsumerDisconnected);
                }
                Command::Credit(stream, bytes) => session.credit(now(), stream, bytes),
                Command::Cut => return,
            },
            () = time::sleep(due) => session.handle_timeout(now()),
        }
    }
}

fn accepted(registration: &Registration) -> Accepted {
    Accepted {
        provider_id: Some("prov-test".to_owned()),
        registered_models: registration.models.clone(),
        ..Accepted::default()
    }
}

fn now() -> Timestamp {
    Timestamp::EPOCH.after(SystemTime::now().duration_since(UNIX_EPOCH).unwrap())
}
