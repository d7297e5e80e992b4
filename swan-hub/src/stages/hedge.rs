//! Two providers at one request: the second is asked when the first has shown nothing for a while, and whoever shows content first
//! serves. The other one is cancelled and paid nothing, and nothing is held against it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use swan_core::ModelId;
use swan_core::openai::Asks;

use super::ask::{Answered, Try};
use super::first_tokens::Times;
use super::parse::Asked;
use crate::hub::Shared;
use crate::providers::{AttemptError, Job};

/// How those who were asked did: `None` for one who was still at it when the other had ended the matter.
#[derive(Debug)]
pub(super) struct Raced {
    pub(super) first: Option<Result<Answered, AttemptError>>,
    pub(super) second: Option<(Try, Option<Result<Answered, AttemptError>>)>,
}

/// After how long a second provider is asked for `request`, and where that goes by what was observed, who keeps it; never, where that
/// would double work whose length says nothing.
///
/// A stream shows by its first token whether it is served, and vectors come at once or not at all. A whole text takes as long as it is,
/// images and audio are work of many seconds: none of them is begun twice.
pub(super) fn wait(
    hub: &Shared,
    request: &Asked,
    model: &ModelId,
) -> Option<(Duration, Option<Arc<Times>>)> {
    let hedging = &hub.settings.hedging;
    let after = hedging.after?;
    let is_early = request.is_stream() || matches!(request.head.asks, Asks::Embedding(_));
    if !is_early || !request.allow_fallbacks {
        return None;
    }
    let Some(percentile) = hedging.percentile else {
        return Some((after, None));
    };
    let times = hub.spare.first_tokens.of(model);
    let observed = times.as_ref().and_then(|it| it.percentile(percentile));
    // The bounds may be an embedder's, and in any order.
    let wait = observed.map_or(after, |time| time.min(hedging.most).max(hedging.least));
    Some((wait, times))
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

/// Counts how long those took who were asked. One who was given up counts with the time until then, if that was long: it would have taken
/// longer, and without it the tail would seem shorter each time that it is cut.
pub(super) fn observe(times: &Times, wait: Duration, first: &Try, raced: &Raced) {
    let first = Some((first, raced.first.as_ref()));
    let second = raced.second.as_ref();
    let second = second.map(|(tried, ended)| (tried, ended.as_ref()));
    for (tried, ended) in [first, second].into_iter().flatten() {
        let took = tried.dispatched.elapsed();
        match ended {
            Some(Ok(_)) => times.observe(took),
            None if took >= wait => times.observe(took),
            _ => {}
        }
    }
}

type Ended<'a> = Option<&'a Result<Answered, AttemptError>>;

/// Whether somebody serves, both have failed, or one has failed as everybody would. Whoever is still at it when one calls the request wrong
/// is the other opinion.
fn is_over(one: Ended<'_>, two: Ended<'_>) -> bool {
    let decides = |ended: Ended<'_>| match ended {
        Some(Ok(_)) => true,
        Some(Err(error)) => error.is_final(),
        None => false,
    };
    decides(one) || decides(two) || one.is_some() && two.is_some()
}
