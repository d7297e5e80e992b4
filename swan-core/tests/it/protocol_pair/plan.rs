//! What a request of some name is, and how it is answered: known at both ends, so that both can check it.

use swan_core::{Rng, SeededRng};

/// How a provider answers a request of this name.
pub(super) struct Plan {
    pub(super) stream: bool,
    /// The data of the events, or the one body.
    pub(super) parts: Vec<String>,
    /// Fail after so many parts.
    pub(super) fail_after: Option<usize>,
    /// Status of the model server.
    pub(super) status: u16,
}

impl Plan {
    pub(super) fn of(request_id: &str) -> Self {
        let seed = request_id
            .bytes()
            .fold(7_u64, |sum, b| sum.wrapping_mul(31) + u64::from(b));
        let mut rng = SeededRng::new(seed);
        let stream = rng.below(3) > 0;
        let count = if stream { 1 + rng.below(60) } else { 1 };
        let longest = match rng.below(4) {
            0 => 20_000,
            _ => 200,
        };
        let parts: Vec<String> = (0..count)
            .map(|n| {
                let filler = "x".repeat(usize::try_from(rng.below(longest)).unwrap());
                format!(r#"{{"n":{n},"text":"{filler}"}}"#)
            })
            .collect();
        let fail_after = (rng.below(6) == 0)
            .then(|| usize::try_from(rng.below(parts.len() as u64 + 1)).unwrap());
        let status = if !stream && rng.below(5) == 0 {
            429
        } else {
            200
        };
        Self {
            stream,
            parts,
            fail_after,
            status,
        }
    }

    /// The body of the model server's answer.
    pub(super) fn bytes(&self) -> Vec<u8> {
        if !self.stream {
            return self.parts.concat().into_bytes();
        }
        let mut parts: Vec<String> = self
            .parts
            .iter()
            .map(|part| format!("data: {part}\n\n"))
            .collect();
        parts.push("data: [DONE]\n\n".to_owned());
        parts.concat().into_bytes()
    }

    pub(super) fn request_body(request_id: &str) -> Vec<u8> {
        let seed = request_id.bytes().map(u64::from).sum();
        let mut rng = SeededRng::new(seed);
        let size = match rng.below(5) {
            0 => 600_000,
            _ => rng.below(3_000),
        };
        format!(
            r#"{{"messages":[],"pad":"{}"}}"#,
            "p".repeat(usize::try_from(size).unwrap())
        )
        .into_bytes()
    }
}
