//! Operations that an endpoint does not know for one of its models: a server may chat and have no `/v1/completions`. What it
//! answers with 404 or 501 counts against model and operation together, and against nothing else that it serves.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use swan_core::Timestamp;
use swan_core::health::Backoff;
use swan_core::protocol::Operation;

/// Refusals in a row after which it is not asked for a while: a single one may be about something that the request names.
const IN_A_ROW: u32 = 3;
/// How long it is not asked then.
const REST: Backoff = Backoff {
    base: Duration::from_secs(30),
    cap: Duration::from_secs(300),
};

/// Whether an answer of this status says that the server has no such operation, or not for this model.
pub(crate) const fn is_refusal(status: u16) -> bool {
    matches!(status, 404 | 501)
}

/// One operation.
#[derive(Debug, Default)]
struct Refusal {
    in_a_row: AtomicU32,
    /// Until when it is not asked, in milliseconds since the epoch.
    until: AtomicU64,
}

/// All operations of one model.
#[derive(Debug, Default)]
pub(super) struct Refusals([Refusal; 6]);

impl Refusals {
    /// Whether it is better not asked for this now.
    pub(super) fn refuses(&self, operation: &Operation, now: Timestamp) -> bool {
        now.as_millis() < self.of(operation).until.load(Ordering::Relaxed)
    }

    /// It has answered with this status.
    pub(super) fn heard(&self, operation: &Operation, status: StatusCode, now: Timestamp) {
        let one = self.of(operation);
        if status.is_success() {
            // Most answers are, and need not write.
            if one.in_a_row.load(Ordering::Relaxed) > 0 {
                one.in_a_row.store(0, Ordering::Relaxed);
            }
        } else if is_refusal(status.as_u16()) {
            let refused = one.in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
            if refused >= IN_A_ROW {
                let rest = REST.ceiling(refused - IN_A_ROW + 1);
                let until = now.after(rest).as_millis();
                one.until.fetch_max(until, Ordering::Relaxed);
            }
        }
    }

    fn of(&self, operation: &Operation) -> &Refusal {
        let [chat, completions, embeddings, images, audio, other] = &self.0;
        match operation {
            Operation::ChatCompletions => chat,
            Operation::Completions => completions,
            Operation::Embeddings => embeddings,
            Operation::ImagesGenerations => images,
            Operation::AudioTranscriptions => audio,
            _ => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn three_refusals_in_a_row_rest_one_operation_longer_and_longer() {
        let (refusals, text) = (Refusals::default(), Operation::Completions);
        for (second, status, until) in [
            (0, StatusCode::NOT_FOUND, 0),
            (1, StatusCode::NOT_FOUND, 0),
            (2, StatusCode::OK, 0),
            (3, StatusCode::NOT_FOUND, 0),
            (4, StatusCode::NOT_IMPLEMENTED, 0),
            // Neither good nor a refusal: it says nothing.
            (5, StatusCode::BAD_REQUEST, 0),
            (6, StatusCode::NOT_FOUND, 36),
            (36, StatusCode::NOT_FOUND, 96),
            (96, StatusCode::NOT_FOUND, 216),
            (216, StatusCode::NOT_FOUND, 456),
            (456, StatusCode::NOT_FOUND, 756),
            (756, StatusCode::OK, 756),
            (757, StatusCode::NOT_FOUND, 756),
        ] {
            refusals.heard(&text, status, at(second));
            if until > second {
                assert!(refusals.refuses(&text, at(until - 1)), "at {second}");
            }
            assert!(
                !refusals.refuses(&text, at(until.max(second))),
                "at {second}"
            );
            assert!(!refusals.refuses(&Operation::ChatCompletions, at(second)));
        }
    }
}
