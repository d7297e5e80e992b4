//! What consumers ask, and what they see of the answers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use tower::ServiceExt as _;

use crate::gateway::answer::WORD;
use crate::gateway::consumer::{MODEL, pico};

/// The most words that an answer may have, by what was asked.
pub(super) const TOKENS_MAX: i128 = 64;

/// What a request is, beside its being a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Whole,
    Stream,
    /// A stream that does not tell its cost.
    Silent,
}

impl Shape {
    pub(super) const ALL: [Self; 3] = [Self::Whole, Self::Stream, Self::Silent];

    pub(super) const fn is_stream(self) -> bool {
        !matches!(self, Self::Whole)
    }

    /// The tokens of the prompt as a hub counts them that is not told.
    pub(super) const fn own_prompt(self) -> i128 {
        match self {
            Self::Whole => 23,
            Self::Stream => 32,
            Self::Silent => 25,
        }
    }

    /// The body of a request, which names itself.
    pub(super) fn body(self, tag: usize) -> String {
        let more = match self {
            Self::Whole => "",
            Self::Stream => r#","stream":true,"stream_options":{"include_usage":true}"#,
            Self::Silent => r#","stream":true"#,
        };
        format!(
            r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"hi"}}],"max_tokens":{TOKENS_MAX},"user":"n{tag:07}"{more}}}"#
        )
    }
}

/// Which request this is the body of.
pub(super) fn tag_of(body: &[u8]) -> usize {
    let name = br#""user":"n"#;
    let at = body.windows(name.len()).position(|part| part == name);
    let digits = &body[at.unwrap() + name.len()..][..7];
    str::from_utf8(digits).unwrap().parse().unwrap()
}

/// What a consumer has seen of an answer so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// None before the head of the answer.
    pub(super) status: Option<u16>,
    pub(super) request: String,
    /// Who serves, as the head says.
    pub(super) provider: String,
    /// It is the answer that an earlier request with the same key got.
    pub(super) is_replayed: bool,
    pub(super) words: u64,
    /// A stream has said that this was all.
    is_done: bool,
    /// In pico-units, where it was told.
    pub(super) cost: Option<i128>,
    /// Of an error.
    pub(super) code: String,
    /// There is no more.
    pub(super) is_over: bool,
    is_broken: bool,
    is_stream: bool,
}

impl Seen {
    /// The last byte came, and a stream said that it was the last.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_over && matches!(self.status, Some(200)) && !self.is_broken && {
            !self.is_stream || self.is_done
        }
    }

    fn head(&mut self, status: u16, headers: &HeaderMap) {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap());
        let owned = |name| text(name).unwrap_or_default().to_owned();
        self.status = Some(status);
        self.request = owned("x-swan-request-id");
        self.provider = owned("x-swan-provider-id");
        self.is_replayed = headers.contains_key("idempotency-replayed");
        self.cost = text("x-swan-cost").map(pico);
        self.is_stream = text("content-type").is_some_and(|kind| kind.starts_with("text/event"));
    }

    /// Events are never cut, and neither is the text of a whole answer.
    fn part(&mut self, text: &str) {
        self.words += text.matches(WORD).count() as u64;
        self.is_done |= text.ends_with("data: [DONE]\n\n");
        let after = |name: &str| {
            let rest = text.rsplit_once(name)?.1;
            Some(rest.split_once('"')?.0)
        };
        if let Some(cost) = after("\"cost\":\"") {
            self.cost = Some(pico(cost));
        }
        if let Some(code) = after("\"code\":\"") {
            code.clone_into(&mut self.code);
        }
    }
}

/// Asks, and reads to the end; what was seen is known though this is dropped before.
pub(super) async fn ask(
    hub: Router,
    key: Arc<str>,
    body: String,
    once: Option<String>,
    seen: Arc<Mutex<Seen>>,
) {
    let mut request = Request::post("/v1/chat/completions")
        .header("content-type", "application/json")
        .header("authorization", &*key);
    if let Some(once) = once {
        request = request.header("idempotency-key", once);
    }
    let response = hub.oneshot(request.body(Body::from(body)).unwrap());
    let response = response.await.unwrap();
    seen.lock()
        .head(response.status().as_u16(), response.headers());
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                let data = frame.into_data().unwrap_or_default();
                seen.lock().part(str::from_utf8(&data).unwrap());
            }
            Err(_) => seen.lock().is_broken = true,
        }
    }
    seen.lock().is_over = true;
}
