//! What one stream has delivered so far, and what of each event the consumer gets to see.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use swan_core::Work;
use swan_core::openai::ChunkFacts;
use swan_core::protocol::Operation;
use swan_core::tokens::TokenCounter;

use super::receipt::Receipt;

/// What is said of an answer that says that it has failed, and not why.
pub(super) const GAVE_UP: &str = "it gave up on its answer";

/// Counts and filters the events of one stream.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The `object` of a chunk.
    object: &'static str,
    /// Whether the consumer asked for the usage chunk.
    wants_usage: bool,
    /// Bytes of generated text that went to the consumer.
    pub(crate) content_bytes: u64,
    /// The hub's own count of its tokens.
    counter: TokenCounter,
    /// Events with generated text.
    pub(crate) content_events: u64,
    /// Whether some choice has come to its end.
    pub(crate) finished: bool,
    /// The last usage object that the model server sent.
    usage: Option<Bytes>,
    /// The chunk that carried nothing but usage, held back until the charge is known.
    usage_chunk: Option<(Bytes, Bytes)>,
    /// The last chunk with content, from which a usage chunk of our own takes its id.
    last: Bytes,
}

/// What an event is to the consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It may go out, and says nothing yet: a role, an empty delta.
    Preamble,
    /// It carries content or ends a choice: from here on nobody else can take over.
    Content,
    /// It is held back.
    Hidden,
}

/// Why an event must not reach the consumer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadEvent {
    #[error("the model server sent an event that is not a JSON object")]
    NotJson,
    #[error("the model server reported an error: {message}")]
    Error { message: String, body: Bytes },
}

impl Tally {
    pub(crate) fn new(operation: &Operation, wants_usage: bool) -> Self {
        Self {
            object: match operation {
                Operation::Completions => "text_completion",
                _ => "chat.completion.chunk",
            },
            wants_usage,
            content_bytes: 0,
            counter: TokenCounter::default(),
            content_events: 0,
            finished: false,
            usage: None,
            usage_chunk: None,
            last: Bytes::new(),
        }
    }

    /// Counts one event and writes what the consumer may see of it to `out`.
    pub(crate) fn take(&mut self, data: &Bytes, out: &mut BytesMut) -> Result<Kind, BadEvent> {
        let facts = ChunkFacts::read_counting(data, &mut self.counter).ok_or(BadEvent::NotJson)?;
        if let Some(error) = facts.error {
            return Err(BadEvent::Error {
                message: said(error),
                body: data.clone(),
            });
        }
        if facts.failed {
            return Err(BadEvent::Error {
                message: GAVE_UP.to_owned(),
                body: data.clone(),
            });
        }
        if let Some(usage) = facts.usage {
            let usage = data.slice_ref(usage.get().as_bytes());
            self.usage = Some(usage.clone());
            if facts.is_usage_only() {
                self.usage_chunk = Some((data.clone(), usage));
                return Ok(Kind::Hidden);
            }
        }
        self.finished |= facts.finished;
        if facts.content_bytes > 0 {
            self.content_bytes = self.content_bytes.saturating_add(facts.content_bytes);
            self.content_events = self.content_events.saturating_add(1);
        }
        match facts.usage {
            // A null keeps the chunk's shape, as OpenAI itself sends it.
            Some(usage) if !self.wants_usage => {
                let (before, after) = around(data, usage.get().as_bytes());
                frame(&[before, b"null", after], out);
            }
            _ => frame(&[data], out),
        }
        self.last = data.clone();
        Ok(if facts.content_bytes > 0 || facts.finished {
            Kind::Content
        } else {
            Kind::Preamble
        })
    }

    /// What the hub counts in the text that went to the consumer.
    pub(crate) const fn content_tokens(&self) -> u64 {
        self.counter.tokens()
    }

    /// The usage object as the model server sent it.
    pub(crate) const fn usage(&self) -> Option<&Bytes> {
        self.usage.as_ref()
    }

    /// Writes what ends a whole stream: the usage chunk with the cost if the consumer asked for it, then `[DONE]`.
    pub(crate) fn close(&self, receipt: &Receipt, out: &mut BytesMut) {
        if self.wants_usage {
            let cost = receipt.cost.to_string();
            match &self.usage_chunk {
                Some((chunk, usage)) if receipt.trusted => {
                    let segments = with_cost(chunk, usage, &cost);
                    let parts: Vec<&[u8]> = segments.iter().map(AsRef::as_ref).collect();
                    frame(&parts, out);
                }
                _ => frame(&[self.own_usage_chunk(receipt, &cost).as_bytes()], out),
            }
        }
        frame(&[b"[DONE]"], out);
    }

    fn own_usage_chunk(&self, receipt: &Receipt, cost: &str) -> String {
        let names: Names<'_> = serde_json::from_slice(&self.last).unwrap_or_default();
        let id = names.id.map_or("\"\"", RawValue::get);
        let model = names.model.map_or("\"\"", RawValue::get);
        let created = names.created.map_or("0", RawValue::get);
        let (object, usage) = (self.object, usage_object(receipt, cost));
        format!(
            r#"{{"id":{id},"object":"{object}","created":{created},"model":{model},"choices":[],"usage":{usage}}}"#
        )
    }
}

/// What a chunk of ours takes over from the model server's.
#[derive(Default, Deserialize)]
struct Names<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    created: Option<&'a RawValue>,
}

/// A usage object of our own, with what was charged for.
pub(crate) fn usage_object(receipt: &Receipt, cost: &str) -> String {
    let usage = &receipt.usage;
    match receipt.work {
        Work::Text { .. } => {}
        Work::Vectors => {
            let tokens = usage.prompt_tokens;
            return format!(
                r#"{{"prompt_tokens":{tokens},"total_tokens":{tokens},"cost":"{cost}"}}"#
            );
        }
        Work::Images { .. } => {
            return format!(r#"{{"images":{},"cost":"{cost}"}}"#, usage.images);
        }
        Work::Audio { .. } => {
            let (secs, millis) = (usage.audio_ms / 1_000, usage.audio_ms % 1_000);
            return format!(
                r#"{{"type":"duration","seconds":{secs}.{millis:03},"cost":"{cost}"}}"#
            );
        }
    }
    format!(
        r#"{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":{}}},"cost":"{cost}"}}"#,
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens(),
        usage.cached_tokens,
    )
}

/// `body` with the cost in its usage object, in which at least one count stands; a cost that the model server claims is
/// replaced. `usage` is the slice of the body that holds the object.
pub(crate) fn with_cost(body: &Bytes, usage: &Bytes, cost: &str) -> Vec<Bytes> {
    // With a backslash in it, any of its names may be that of the cost.
    let may_claim =
        memchr::memmem::find(usage, b"cost").is_some() || memchr::memchr(b'\\', usage).is_some();
    if may_claim {
        return swan_core::openai::with_cost(body, cost);
    }
    let (before, _) = around(body, usage);
    let (before, after) = (body.slice(..=before.len()), body.slice(before.len() + 1..));
    vec![before, format!("\"cost\":\"{cost}\",").into(), after]
}

/// A whole answer with what was charged in place of the usage that the model server gave, or did not give.
pub(crate) fn with_own_usage(
    body: &Bytes,
    usage: Option<&Bytes>,
    receipt: &Receipt,
    cost: &str,
) -> Vec<Bytes> {
    let object = usage_object(receipt, cost);
    if let Some(usage) = usage {
        let (before, after) = around(body, usage);
        return vec![body.slice_ref(before), object.into(), body.slice_ref(after)];
    }
    // A second `usage` member would leave the choice to the reader, so a null is replaced and not joined.
    if let Some(null) = top_level_usage(body) {
        let (before, after) = around(body, null.get().as_bytes());
        return vec![body.slice_ref(before), object.into(), body.slice_ref(after)];
    }
    let open = memchr::memchr(b'{', body).map_or(0, |at| at + 1);
    let (before, after) = (body.slice(..open), body.slice(open..));
    let empty = after.trim_ascii_start().starts_with(b"}");
    let comma = if empty { "" } else { "," };
    vec![before, format!("\"usage\":{object}{comma}").into(), after]
}

/// The value of `usage` even when it is no object.
fn top_level_usage(body: &Bytes) -> Option<&RawValue> {
    // An `Option` on its own would take a null for an absent member.
    fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
        <&RawValue>::deserialize(from).map(Some)
    }
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow, default, deserialize_with = "some")]
        usage: Option<&'a RawValue>,
    }
    serde_json::from_slice::<Outer<'_>>(body).ok()?.usage
}

/// Writes one event; each line of its data gets its own `data:`, so that nothing a provider sends can pose as a field
/// or as the end of the event.
pub(crate) fn frame(parts: &[&[u8]], out: &mut BytesMut) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(length + 8);
    out.extend_from_slice(b"data: ");
    for part in parts {
        let mut rest = *part;
        while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
            let (line, after) = rest.split_at(at);
            out.extend_from_slice(line);
            out.extend_from_slice(b"\ndata: ");
            rest = after.get(1..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
    }
    out.extend_from_slice(b"\n\n");
}

/// What stands before and after `inner` in `outer`, of which it is a part.
pub(crate) fn around<'a>(outer: &'a [u8], inner: &[u8]) -> (&'a [u8], &'a [u8]) {
    let start = inner.as_ptr().addr().saturating_sub(outer.as_ptr().addr());
    let before = outer.get(..start).unwrap_or_default();
    let after = outer
        .get(start.saturating_add(inner.len())..)
        .unwrap_or_default();
    (before, after)
}

/// The words of an `error` member, which is a string or an object with a message.
pub(crate) fn said(error: &RawValue) -> String {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Error {
        Text(String),
        Object { message: String },
    }
    let text = match serde_json::from_str(error.get()) {
        Ok(Error::Text(text) | Error::Object { message: text }) => text,
        Err(_) => error.get().to_owned(),
    };
    text.chars().take(500).collect()
}
