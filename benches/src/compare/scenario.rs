//! The cases that are measured, and what the hub is to reach in each.

use crate::load::Operation;

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) operation: Operation,
    pub(super) stream: bool,
    pub(super) connections: usize,
    pub(super) pace_ms: u64,
}

/// What a target bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// CPU of the hop per request, as a multiple of the bare proxy's.
    CpuRatio,
    /// The median first event, beyond the direct one's, in milliseconds.
    FirstAdded,
    /// Resident memory after the measurement, in MiB.
    Resident,
}

/// The most that a path may show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Target {
    pub(super) measure: Measure,
    pub(super) at_most: f64,
}

impl Measure {
    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::CpuRatio => "CPU against the proxy",
            Self::FirstAdded => "first event, ms beyond direct",
            Self::Resident => "memory, MiB",
        }
    }
}

impl Scenario {
    /// A short name without spaces, for the command line and for scripts.
    pub(super) fn name(self) -> String {
        let kind = match (self.operation, self.stream, self.pace_ms) {
            (Operation::Embeddings, ..) => "embeddings",
            (Operation::Chat, false, _) => "completions",
            (Operation::Chat, true, 0) => "streams",
            (Operation::Chat, true, _) => "paced",
        };
        format!("{kind}-{}", self.connections)
    }

    /// What it is, in words.
    pub(super) fn title(self) -> String {
        let kind = match (self.operation, self.stream, self.pace_ms) {
            (Operation::Embeddings, ..) => "embeddings".to_owned(),
            (Operation::Chat, false, _) => "completions".to_owned(),
            (Operation::Chat, true, 0) => "streams of 20 chunks".to_owned(),
            (Operation::Chat, true, pace) => format!("streams of 20 chunks, {pace} ms apart"),
        };
        match self.connections {
            1 => format!("{kind}, one connection"),
            many => format!("{kind}, {many} connections"),
        }
    }

    /// What the issue asks of `path` in this case, if it asks for anything.
    pub(super) fn target(self, path: &str) -> Option<Target> {
        let lone = self.connections == 1;
        let ratio = |external, v2, v1| {
            let at_most = match path {
                "hub-external" => external,
                "hub-v2" => v2,
                "hub-v1" => v1,
                _ => None,
            };
            at_most.map(|at_most| Target {
                measure: Measure::CpuRatio,
                at_most,
            })
        };
        match (self.operation, self.stream, self.pace_ms) {
            (Operation::Embeddings, ..) => ratio(Some(2.0), None, None),
            (Operation::Chat, false, _) if !lone => ratio(Some(2.0), Some(1.5), Some(2.0)),
            (Operation::Chat, true, 0) if !lone => ratio(Some(1.5), Some(0.75), Some(1.2)),
            (Operation::Chat, true, 0) if path.starts_with("hub") => Some(Target {
                measure: Measure::FirstAdded,
                at_most: 0.2,
            }),
            (Operation::Chat, true, pace) if pace > 0 && path.starts_with("hub") => Some(Target {
                measure: Measure::Resident,
                // 60 MB.
                at_most: 57.2,
            }),
            _ => None,
        }
    }
}
