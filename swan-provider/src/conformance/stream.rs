//! Reading a stream as a consumer would.

use crate::Reply;
use futures::StreamExt;
use serde_json::Value;
use swan_core::sse::{EventSplitter, is_done};

/// What came of a stream.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) chunks: Vec<Value>,
    pub(super) done: bool,
}

/// Reads a stream to its end; the error says what was wrong with it.
pub(super) async fn read_events(mut reply: Reply, limit: usize) -> Result<Events, String> {
    let mut events = Events::default();
    let mut splitter = EventSplitter::new(limit);
    let mut size = 0;
    while let Some(piece) = reply.body.next().await {
        let piece = piece.map_err(|e| e.to_string())?;
        size += piece.len();
        if size > limit {
            return Err("the stream does not end".to_owned());
        }
        splitter.push(piece);
        while let Some(event) = splitter.next_event().map_err(|e| e.to_string())? {
            if events.done {
                return Err("an event after [DONE]".to_owned());
            }
            events.done = is_done(&event.data);
            if !events.done {
                let chunk = serde_json::from_slice(&event.data);
                events
                    .chunks
                    .push(chunk.map_err(|e| format!("a chunk that is not JSON: {e}"))?);
            }
        }
    }
    Ok(events)
}
