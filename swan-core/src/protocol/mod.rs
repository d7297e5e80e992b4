//! The provider conversation as sans-IO session machines, in both dialects.
//!
//! A session is five calls. Inputs: [`HubSession::handle_frame`] and [`HubSession::handle_timeout`], each with `now`.
//! Outputs: [`HubSession::poll_transmit`] (what to send), [`HubSession::poll_event`] (what happened) and
//! [`HubSession::poll_timeout`] (when to call `handle_timeout` at the latest). [`ProviderSession`] is the mirror.
//!
//! **After any call that changes a session, drain `poll_event`, then `poll_transmit`, then ask `poll_timeout`.**
//! Draining `poll_transmit` may bring credit, so a provider polls its events again afterwards. A session never blocks,
//! never grows without bound, and never panics, whatever the other side sends.
//!
//! ```
//! use swan_core::Timestamp;
//! use swan_core::protocol::{
//!     Accepted, Dialect, HubEvent, HubSession, HubSessionConfig, ProviderEvent, ProviderSession,
//!     ProviderSessionConfig, Registration, Transmit,
//! };
//!
//! let now = Timestamp::from_millis(1_700_000_000_000);
//! let mut hub = HubSession::new(Dialect::V2, HubSessionConfig::default(), now);
//! let mut provider = ProviderSession::new(Dialect::V2, ProviderSessionConfig::default(), now);
//!
//! provider.register(now, Registration { models: vec!["tiny".to_owned()], ..Registration::default() });
//! // What a shell does with its socket, here without one.
//! while let Some(Transmit::Frame(frame)) = provider.poll_transmit() {
//!     hub.handle_frame(now, frame);
//! }
//! let Some(HubEvent::Register(registration)) = hub.poll_event() else { panic!() };
//! hub.accept(now, &Accepted { registered_models: registration.models, ..Accepted::default() });
//! while let Some(Transmit::Frame(frame)) = hub.poll_transmit() {
//!     provider.handle_frame(now, frame);
//! }
//! assert!(matches!(provider.poll_event(), Some(ProviderEvent::Registered(_))));
//! ```
//!
//! `docs/PROTOCOL.md` specifies both dialects.

mod config;
mod error;
mod event;
mod fault;
mod frame;
mod heartbeat;
mod hub;
mod notice;
mod outbox;
mod provider;
mod registration;
mod request;
mod task;
mod wire;

pub use config::{
    HubSessionConfig, INITIAL_CREDIT, MAX_CONTROL_FRAME, MAX_DATA_PAYLOAD, MAX_FRAME,
    MAX_FRAME_LEGACY, MIN_DATA_COST, ProviderSessionConfig,
};
pub use error::{DispatchError, StreamError};
pub use event::{Fault, FaultKind, HubEvent, LostReason, ProviderEvent, Registered};
pub use fault::SessionStats;
pub use frame::{Dialect, Frame, SUBPROTOCOL_V2, StreamId, Transmit, close_code};
pub use heartbeat::{Health, Heartbeat};
pub use hub::HubSession;
pub use notice::{Accepted, Notice, Severity, Upgrade};
pub use provider::ProviderSession;
pub use registration::{
    Capacity, Hardware, Length, Modality, ModelDeclaration, ModelHash, Registration,
};
pub use request::{
    Attestation, CancelReason, Dispatch, Failure, FailureOrigin, Operation, Piece, Request,
    StreamEnd,
};
pub use task::{Benchmark, BenchmarkAnswer, BenchmarkPrompt, TaskId, Verify, Warmup, WarmupResult};
