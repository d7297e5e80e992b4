//! Limits and intervals of the sessions.

use std::time::Duration;

/// Bytes of data that may be under way in each direction of a v2 stream before credit is needed.
pub const INITIAL_CREDIT: u32 = 256 * 1024;
/// Largest payload of one v2 data frame.
pub const MAX_DATA_PAYLOAD: usize = 64 * 1024;
/// What a v2 data frame, and what waits of a v1 answer, costs at least, so that tiny pieces cannot multiply memory.
pub const MIN_DATA_COST: usize = 64;
/// Largest control frame (text) of v2, and largest frame of a provider that is not registered yet.
pub const MAX_CONTROL_FRAME: usize = 1024 * 1024;
/// Largest frame to a v1 agent without `cp_version` (public-swan.md 1.6).
pub const MAX_FRAME_LEGACY: usize = 1024 * 1024;
/// Largest frame to any other v1 agent (public-swan.md 1.6).
pub const MAX_FRAME: usize = 64 * 1024 * 1024;

/// Limits and intervals of a [`HubSession`](super::HubSession); the default is DESIGN section 11.
#[expect(
    clippy::exhaustive_structs,
    reason = "hubs build it, with `..HubSessionConfig::default()`"
)]
#[derive(Clone, Debug)]
pub struct HubSessionConfig {
    /// Time from the connection to the registration, and from that to `accept`. 10 s.
    pub registration_timeout: Duration,
    /// Time without any frame after which the provider is given up. 90 s.
    pub heartbeat_expiry: Duration,
    /// How long a refused connection is held open, since public agents reconnect at once. 30 s.
    pub reject_delay: Duration,
    /// How long to wait for the figures that belong to an ended or failed v1 stream. 1 s.
    pub end_grace: Duration,
    /// Requests at once on this connection. 256.
    pub max_streams: usize,
    /// Largest v1 frame taken from a registered provider, in bytes. 64 MiB.
    pub max_frame: usize,
    /// Bytes of one v1 answer that were reported and not yet given back through `credit`, each piece counting for
    /// [`MIN_DATA_COST`] at least; beyond, the stream fails. 16 MiB, and one frame in any case.
    pub max_unconsumed: usize,
    /// Bytes waiting to be sent; beyond, requests are refused, and at twice as much the peer counts as not reading. 64 MiB.
    pub max_queued: usize,
    /// Faults within a minute after which the connection is closed. 16.
    pub max_faults: u32,
}

impl Default for HubSessionConfig {
    fn default() -> Self {
        Self {
            registration_timeout: Duration::from_secs(10),
            heartbeat_expiry: Duration::from_secs(90),
            reject_delay: Duration::from_secs(30),
            end_grace: Duration::from_secs(1),
            max_streams: 256,
            max_frame: MAX_FRAME,
            max_unconsumed: 16 * 1024 * 1024,
            max_queued: 64 * 1024 * 1024,
            max_faults: 16,
        }
    }
}

/// Limits and intervals of a [`ProviderSession`](super::ProviderSession).
#[expect(
    clippy::exhaustive_structs,
    reason = "providers build it, with `..ProviderSessionConfig::default()`"
)]
#[derive(Clone, Debug)]
pub struct ProviderSessionConfig {
    /// Time between heartbeats once registered. 30 s.
    pub heartbeat_interval: Duration,
    /// Heartbeats without an answer after which the hub is given up. 3.
    pub max_unacked_heartbeats: u32,
    /// Time without an acknowledgement of the registration after which the hub is given up. 90 s.
    pub registration_timeout: Duration,
    /// Requests at once; further ones are answered with 503. 256.
    pub max_streams: usize,
    /// Largest request body, in bytes; larger ones are answered with 413. 64 MiB.
    pub max_body: usize,
    /// Bytes of unfinished request bodies at once; beyond, requests are answered with 503. 256 MiB.
    pub max_assembling: usize,
    /// Largest answer to a v1 request that is not streamed, which has to be gathered first, in bytes. 64 MiB.
    pub max_reply: usize,
    /// Bytes of an answer that wait for credit (v2) or for the socket (v1). 1 MiB.
    pub max_queued_per_stream: usize,
    /// Largest server-sent event of a model server, in bytes. 1 MiB.
    pub max_event: usize,
    /// Largest v1 frame taken from the hub, in bytes. 64 MiB.
    pub max_frame: usize,
    /// Faults within a minute after which the connection is given up. 64.
    pub max_faults: u32,
    /// What the ids of this provider's own messages are made from; they are UUIDs in form, and no secret. 0.
    pub id_seed: u64,
}

impl Default for ProviderSessionConfig {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_secs(30),
            max_unacked_heartbeats: 3,
            registration_timeout: Duration::from_secs(90),
            max_streams: 256,
            max_body: 64 * 1024 * 1024,
            max_assembling: 256 * 1024 * 1024,
            max_reply: 64 * 1024 * 1024,
            max_queued_per_stream: 1024 * 1024,
            max_event: 1024 * 1024,
            max_frame: MAX_FRAME,
            max_faults: 64,
            id_seed: 0,
        }
    }
}
