//! The end of a stream, where its token counts stand.

use serde_json::Value;
use swan_core::ReportedUsage;
use swan_core::protocol::StreamEnd;

/// How much of a stream's end is kept: the chunk with the usage and the end marker are far shorter.
const KEPT: usize = 8 * 1024;

/// The last bytes of a stream of server-sent events.
#[derive(Debug, Default)]
pub(crate) struct Tail(Vec<u8>);

impl Tail {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let piece = piece
            .get(piece.len().saturating_sub(KEPT)..)
            .unwrap_or_default();
        let excess = (self.0.len() + piece.len()).saturating_sub(KEPT);
        self.0.drain(..excess.min(self.0.len()));
        self.0.extend_from_slice(piece);
    }

    /// What the last event with usage says, for the hub's information only: it counts for itself.
    pub(super) fn usage(&self) -> StreamEnd {
        let usage = self.last();
        let tokens = |name: &str| usage.as_ref()?.get(name)?.as_u64();
        StreamEnd {
            tokens_input: tokens("prompt_tokens"),
            tokens_output: tokens("completion_tokens"),
            ..StreamEnd::default()
        }
    }

    /// The same as a hub would read it.
    pub(crate) fn reported(&self) -> Option<ReportedUsage> {
        let usage = self.last()?.to_string();
        ReportedUsage::from_json(usage.as_bytes()).ok()
    }

    /// The last usage object.
    fn last(&self) -> Option<Value> {
        let lines = self.0.rsplit(|byte| *byte == b'\n' || *byte == b'\r');
        lines
            .filter_map(|line| line.strip_prefix(b"data:"))
            .filter_map(|data| serde_json::from_slice::<Value>(data).ok())
            .find_map(|chunk| {
                chunk
                    .get("usage")
                    .filter(|usage| usage.is_object())
                    .cloned()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stream: &str, cut: usize, expected: (Option<u64>, Option<u64>)) {
        let mut tail = Tail::default();
        for piece in stream.as_bytes().chunks(cut) {
            tail.push(piece);
        }
        let end = tail.usage();
        assert_eq!((end.tokens_input, end.tokens_output), expected);
    }

    #[test]
    fn usage_is_found_however_the_stream_is_cut() {
        let long = format!(
            "data: {{\"choices\":[],\"pad\":\"{}\"}}\n\n",
            "x".repeat(20_000)
        );
        let usage = "data: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":5}}\r\n\r\n";
        for cut in [1, 7, 4_096, 100_000] {
            check(
                &format!("{long}{usage}data: [DONE]\n\n"),
                cut,
                (Some(3), Some(5)),
            );
            check(&long, cut, (None, None));
            check(
                "data: {\"usage\":null}\n\ndata: [DONE]\n\n",
                cut,
                (None, None),
            );
            check(
                "data: {\"usage\":{\"prompt_tokens\":-1}}",
                cut,
                (None, None),
            );
        }
    }
}
