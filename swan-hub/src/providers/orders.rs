//! What handlers ask of a connection, carried out by its task.

use std::task::Context;

use swan_core::Timestamp;
use swan_core::protocol::{Dispatch, LostReason, Notice, Severity};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::connection::Connection;
use super::failure::refused;
use super::line::{Closing, Command, Order};

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Does everything that was asked since the last time; `false` when there was nothing.
    pub(super) fn take_commands(&mut self, cx: &Context<'_>, now: Timestamp) -> bool {
        let Some(line) = &self.line else { return false };
        let mut commands = std::mem::take(&mut self.commands);
        let busy = line.poll_commands(cx, &mut commands).is_ready();
        for command in commands.drain(..) {
            self.obey(now, command);
        }
        self.commands = commands;
        busy
    }

    fn obey(&mut self, now: Timestamp, command: Command) {
        match command {
            Command::Dispatch(order) => self.dispatch(now, *order),
            Command::Cancel(mailbox, reason) => {
                if let Some(stream) = mailbox.stream()
                    && self.outlets.close(stream)
                {
                    self.session.cancel(now, stream, &reason);
                }
            }
            Command::Credit(mailbox) => {
                let bytes = mailbox.take_credit();
                if let Some(stream) = mailbox.stream() {
                    self.session.credit(now, stream, bytes);
                }
            }
            Command::Notice {
                event,
                severity,
                message,
            } => {
                self.notice(now, event, severity, message);
            }
            Command::Drain => {
                // Only words as yet: requests that the hub has admitted may still have to be dispatched here.
                let message = "the hub is shutting down; connect again in a moment".to_owned();
                self.notice(now, "hub_draining", Severity::Info, message);
            }
            // The evicted agent would dial again at once and evict in its turn: it is held for a while.
            Command::Close(Closing::Replaced) => {
                let reason = "another connection of this node has taken its place";
                self.session.reject(now, reason);
                self.part(reason);
            }
            Command::Close(Closing::Revoked) => {
                let message = "the provider key has been revoked".to_owned();
                self.notice(now, "key_revoked", Severity::Critical, message);
                self.session.close(now, LostReason::Rejected);
            }
            Command::Close(Closing::Unpledged(reason)) => {
                self.notice(now, "collateral_missing", Severity::Critical, reason);
                self.session.close(now, LostReason::Rejected);
            }
            Command::Close(Closing::Shutdown) => {
                self.session.drain(now);
                self.session.close(
                    now,
                    LostReason::Transport("the hub is shutting down".to_owned()),
                );
            }
        }
    }

    fn dispatch(&mut self, now: Timestamp, order: Order) {
        let Order {
            job,
            upstream,
            mailbox,
        } = order;
        if mailbox.is_abandoned() {
            return;
        }
        let wait = job.deadline.saturating_duration_since(Instant::now());
        let dispatch = Dispatch {
            request_id: job.wire_id(),
            model: upstream.to_string(),
            operation: job.operation,
            stream: job.streaming,
            content_type: job
                .content_type
                .to_str()
                .unwrap_or("application/json")
                .to_owned(),
            body: job.body,
            deadline_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1),
            sign: job.sign,
        };
        match self.session.dispatch(now, dispatch) {
            Ok(stream) => {
                mailbox.bind(stream);
                self.outlets.open(stream, mailbox);
            }
            Err(error) => mailbox.fail(refused(&error)),
        }
    }

    pub(super) fn notice(
        &mut self,
        now: Timestamp,
        event: &str,
        severity: Severity,
        message: String,
    ) {
        let event = event.to_owned();
        self.session.notice(
            now,
            &Notice {
                event,
                severity,
                message,
                ..Notice::default()
            },
        );
    }
}
