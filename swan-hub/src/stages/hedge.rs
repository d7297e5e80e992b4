//! Two providers at one request: the second is asked when the first has shown nothing for a while, and whoever shows content first
//! serves. The other one is cancelled and paid nothing, and nothing is held against it.

use std::pin::pin;
use std::time::Duration;

use swan_core::openai::Asks;

use super::ask::{Answered, Try};
use super::parse::Asked;
use crate::config::Hedging;
use crate::providers::{AttemptError, Job};

/// How those who were asked did: `None` for one who was still at it when the other had ended the matter.
#[derive(Debug)]
pub(super) struct Raced {
    pub(super) first: Option<Result<Answered, AttemptError>>,
    pub(super) second: Option<(Try, Option<Result<Answered, AttemptError>>)>,
}

/// After how long a second provider is asked for `request`; never, where that would double work whose length says nothing.
///
/// A stream shows by its first token whether it is served, and vectors come at once or not at all. A whole text takes as long as it is,
/// images and audio are work of many seconds: none of them is begun twice.
pub(super) fn wait(hedging: &Hedging, request: &Asked) -> Option<Duration> {
    let is_early = request.is_stream() || matches!(request.head.asks, Asks::Embedding(_));
    hedging
        .after
        .filter(|_| is_early && request.allow_fallbacks)
}

/// Asks `first`, and after `wait` whomever `second` finds.
pub(super) async fn race(
    (first, job): (&mut Try, Job),
    request: &Asked,
    limit: usize,
    wait: Duration,
    second: impl FnOnce() -> Option<(Try, Job)>,
) -> Raced {
    let mut running = pin!(first.run(request, job, limit));
    if let Ok(result) = tokio::time::timeout(wait, &mut running).await {
        return Raced {
            first: Some(result),
            second: None,
        };
    }
    let Some((mut other, job)) = second() else {
        return Raced {
            first: Some(running.await),
            second: None,
        };
    };
    let (mut one, mut two) = (None, None);
    {
        let mut beside = pin!(other.run(request, job, limit));
        while !is_over(one.as_ref(), two.as_ref()) {
            tokio::select! {
                biased;
                result = &mut running, if one.is_none() => one = Some(result),
                result = &mut beside, if two.is_none() => two = Some(result),
            }
        }
    }
    Raced {
        first: one,
        second: Some((other, two)),
    }
}

type Ended<'a> = Option<&'a Result<Answered, AttemptError>>;

/// Whether somebody serves, both have failed, or one has failed as everybody would.
fn is_over(one: Ended<'_>, two: Ended<'_>) -> bool {
    let decides = |ended: Ended<'_>| match ended {
        Some(Ok(_)) => true,
        Some(Err(error)) => !error.is_retryable(),
        None => false,
    };
    decides(one) || decides(two) || one.is_some() && two.is_some()
}
