use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

pub(crate) const MODEL: &str = "Qwen/Qwen3-8B";

/// What a consumer saw of an answer.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) status: u16,
    /// The last byte came, and a stream said that it was the last.
    pub(super) is_whole: bool,
    /// In pico-units, where it was told.
    pub(super) cost: Option<i128>,
}

/// Asks, and reads to the end.
pub(super) async fn ask(hub: Router, key: String, more: String, once: Option<String>) -> Seen {
    let body =
        format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"hi"}}]{more}}}"#);
    let mut request = Request::post("/v1/chat/completions")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {key}"));
    if let Some(once) = once {
        request = request.header("idempotency-key", once);
    }
    let response = hub
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let header = response.headers().get("x-swan-cost");
    let header = header.map(|cost| pico(cost.to_str().unwrap()));
    let mut body = response.into_body();
    let (mut text, mut broke) = (Vec::new(), false);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => text.extend(frame.into_data().unwrap_or_default()),
            Err(_) => broke = true,
        }
    }
    let text = String::from_utf8(text).unwrap();
    let is_stream = more.contains("\"stream\":true") && status == 200;
    let is_whole = !broke && (!is_stream || text.ends_with("data: [DONE]\n\n"));
    let in_usage = text
        .rsplit_once("\"cost\":\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    let cost = in_usage.map(|(cost, _)| pico(cost)).or(header);
    Seen {
        status,
        is_whole,
        cost,
    }
}

/// An amount in pico-units.
pub(crate) fn pico(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: i128 = format!("{part:0<12}").parse().unwrap();
    whole.parse::<i128>().unwrap() * 1_000_000_000_000 + part
}

/// Polls a future so often at most, and drops it when that was not enough.
pub(crate) async fn polled<F: Future>(future: F, polls: u64) -> Option<F::Output> {
    Polled {
        future: Box::pin(future),
        left: polls,
    }
    .await
}

struct Polled<F> {
    future: Pin<Box<F>>,
    left: u64,
}

impl<F: Future> Future for Polled<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(left) = self.left.checked_sub(1) else {
            return Poll::Ready(None);
        };
        self.left = left;
        match self.future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
