//! One connection to a hub, from the upgrade to its end: drives the session, the socket and the jobs.

mod presence;
mod running;
mod tasks;

use crate::{
    Event,
    clock::RuntimeClock,
    connection::{Socket, Step},
    event::Observer,
    hardware,
    jobs::{self, Job, JobLimits, Output},
    roster::{Introduction, Roster},
};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use running::{Next, Running};
use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};
use swan_core::{
    Clock,
    protocol::{
        Failure, Health, Heartbeat, LostReason, ProviderEvent, ProviderSession,
        ProviderSessionConfig, Registered, Registration, Request, StreamError, StreamId,
    },
};
use tasks::TaskDone;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::{self, Instant, Sleep},
};

/// Frames or answers handled in one go before the other side of the select gets its turn.
const BATCH: usize = 64;
/// For the last words on a socket.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a conversation needs of its provider.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) introduction: Introduction,
    pub(crate) roster: watch::Receiver<Arc<Roster>>,
    pub(crate) nudge: mpsc::Sender<()>,
    pub(crate) machine: watch::Receiver<hardware::Report>,
    pub(crate) total: Arc<Semaphore>,
    pub(crate) limits: JobLimits,
    pub(crate) drain_timeout: Duration,
    pub(crate) observer: Arc<dyn Observer>,
}

/// How a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As asked for.
    Stopped,
    /// The hub refused this provider.
    Refused { message: String },
    /// The hub asks to wait before the next dial.
    Busy { reason: String, wait: Duration },
    /// The connection ended; it had been registered for so long.
    Lost {
        reason: String,
        registered_for: Duration,
    },
}

/// See the [module](self).
pub(crate) struct Conversation {
    around: Surroundings,
    clock: RuntimeClock,
    session: ProviderSession,
    socket: Socket,
    running: HashMap<StreamId, Running>,
    ready: FuturesUnordered<Next>,
    parked: Vec<StreamId>,
    tasks: JoinSet<TaskDone>,
    offered: Registration,
    reported: Vec<(String, Health)>,
    registered_at: Option<Instant>,
    refused: Option<String>,
    ended: Option<Ended>,
    stop_by: Option<Instant>,
    served: u64,
}

impl Conversation {
    pub(crate) fn new(around: Surroundings, socket: Socket) -> Self {
        let clock = RuntimeClock::start();
        let defaults = ProviderSessionConfig::default();
        let config = ProviderSessionConfig {
            // The session is not what refuses a request for which there is a place.
            max_streams: defaults
                .max_streams
                .max(around.introduction.max_in_flight as usize),
            id_seed: getrandom::u64().unwrap_or_default(),
            ..defaults
        };
        let session = ProviderSession::new(socket.dialect(), config, clock.now());
        Self {
            around,
            clock,
            session,
            socket,
            running: HashMap::new(),
            ready: FuturesUnordered::new(),
            parked: Vec::new(),
            tasks: JoinSet::new(),
            offered: Registration::default(),
            reported: Vec::new(),
            registered_at: None,
            refused: None,
            ended: None,
            stop_by: None,
            served: 0,
        }
    }

    /// Talks until the connection ends or `stop` turns true and everything under way is finished.
    pub(crate) async fn run(mut self, stop: &mut watch::Receiver<bool>) -> Ended {
        self.introduce();
        let mut alarm = Box::pin(time::sleep_until(Instant::now()));
        loop {
            self.pump();
            if let Some(ended) = self.ended.take() {
                self.running.clear();
                self.socket.finish(GOODBYE).await;
                return ended;
            }
            self.set(&mut alarm);
            tokio::select! {
                step = self.socket.step() => self.on_step(step),
                Some(arrived) = self.ready.next(), if self.socket.has_room() => {
                    self.on_arrived(arrived);
                    // Whatever else can run now, which may bring more of this answer or of others, runs before the write that carries all of it.
                    tokio::task::yield_now().await;
                    self.take_ready();
                    self.pump();
                    self.socket.write_ready().await;
                }
                Ok(()) = self.around.roster.changed() => self.on_roster(),
                Some(done) = self.tasks.join_next() => self.on_task(done),
                () = alarm.as_mut() => self.on_alarm(),
                () = stopped(stop), if self.stop_by.is_none() => self.drain(),
            }
        }
    }

    /// Moves everything that can move without waiting: events, frames to send, answers that may go on.
    fn pump(&mut self) {
        loop {
            let mut moved = false;
            while let Some(event) = self.session.poll_event() {
                moved = true;
                self.on_event(event);
            }
            while self.socket.has_room() {
                let Some(transmit) = self.session.poll_transmit() else {
                    break;
                };
                moved = true;
                self.socket.queue(transmit);
            }
            moved |= self.unpark();
            if !moved {
                break;
            }
        }
        let idle = self.running.is_empty() && self.session.in_flight() == 0;
        if self.stop_by.is_some() && idle && self.ended.is_none() {
            self.say_goodbye();
        }
    }

    /// Ends the conversation from this side; what still runs is given up.
    fn say_goodbye(&mut self) {
        let why = LostReason::Transport("the provider stops".to_owned());
        self.session.close(self.clock.now(), why);
        self.ended = Some(Ended::Stopped);
        while let Some(transmit) = self.session.poll_transmit() {
            self.socket.queue(transmit);
        }
    }

    fn set(&self, alarm: &mut Pin<Box<Sleep>>) {
        let session = self.session.poll_timeout().map(|at| self.clock.instant(at));
        let due = [session, self.stop_by].into_iter().flatten().min();
        let far = Instant::now() + Duration::from_secs(3_600);
        let due = due.unwrap_or(far);
        // Setting a timer costs more than looking: most turns of the loop leave it where it is.
        if alarm.deadline() != due && (due < far || alarm.is_elapsed()) {
            alarm.as_mut().reset(due);
        }
    }

    fn on_alarm(&mut self) {
        self.session.handle_timeout(self.clock.now());
        if self.stop_by.is_some_and(|by| Instant::now() >= by) {
            self.say_goodbye();
        }
    }

    fn on_step(&mut self, step: Step) {
        let now = self.clock.now();
        match step {
            Step::Frame(frame) => {
                self.session.handle_frame(now, frame);
                for _ in 1..BATCH {
                    let Some(frame) = self.socket.try_frame() else {
                        break;
                    };
                    self.session.handle_frame(now, frame);
                }
            }
            Step::Room => {}
            Step::Closed(why) => self.session.handle_disconnect(now, &why),
        }
    }

    fn on_event(&mut self, event: ProviderEvent) {
        match event {
            ProviderEvent::Registered(registered) => self.on_registered(registered),
            ProviderEvent::Rejected { message } => {
                let message = shown(&message);
                self.ended = Some(Ended::Refused {
                    message: message.clone(),
                });
                self.refused = Some(message);
            }
            ProviderEvent::Request(request) => self.on_request(&request),
            ProviderEvent::Cancelled { stream, .. } => self.on_cancelled(stream),
            ProviderEvent::HeartbeatDue => self.beat(),
            ProviderEvent::Notice(notice) => self.emit(&Event::Notice(notice)),
            ProviderEvent::HubError { code, message } => {
                self.emit(&Event::HubComplaint {
                    message: format!("{code} {}", shown(&message)),
                });
            }
            ProviderEvent::Fault(fault) => {
                self.emit(&Event::HubComplaint {
                    message: fault.kind.to_string(),
                });
            }
            ProviderEvent::HubDraining => self.emit(&Event::HubDraining),
            ProviderEvent::Lost { reason } => self.on_lost(&reason),
            ProviderEvent::Warmup(_) | ProviderEvent::Verify(_) | ProviderEvent::Benchmark(_) => {
                self.start_task(event);
            }
            // `Credit` needs nothing of its own: parked answers are looked at in each turn. Others are newer than this.
            _ => {}
        }
    }

    fn on_lost(&mut self, reason: &LostReason) {
        if self.ended.is_none() {
            let registered_for = self.registered_at.map_or(Duration::ZERO, |at| at.elapsed());
            self.ended = Some(match self.stop_by {
                Some(_) => Ended::Stopped,
                None => Ended::Lost {
                    reason: reason.to_string(),
                    registered_for,
                },
            });
        }
    }

    fn drain(&mut self) {
        self.stop_by = Some(Instant::now() + self.around.drain_timeout);
        self.session.drain(self.clock.now());
        self.emit(&Event::Draining {
            in_flight: self.running.len(),
        });
    }

    fn emit(&self, event: &Event) {
        self.around.observer.on_event(event);
    }
}

/// Resolves when the provider was told to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone can no longer ask for anything.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Words of the hub as they may be shown on a terminal.
fn shown(words: &str) -> String {
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(1_000)
        .collect()
}
