use std::fmt;

use serde::Serialize;

use super::route::{Counts, Stage, obstacle, route_in_stages};
use super::{Candidates, NoRoute, Pool, Reason, RouteRequest, RoutingRules, RoutingStrategy, Via};
use crate::standing::RoutingClass;
use crate::{ProviderId, Rng};

/// A routing decision with what spoke for and against each candidate: for the consumer who asks, and for tests.
///
/// It is made only when asked for ([`explain`]); [`route`](super::route()) writes nothing down. The trace is bounded: the first candidates in
/// their order, the chosen one among them, and counts of the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// The strategy's name.
    pub strategy: &'static str,
    /// How many candidates there were.
    pub candidates: usize,
    /// Who gets the request.
    pub chosen: Option<ProviderId>,
    /// The stage that it belongs to, for the shell.
    #[serde(skip)]
    pub stage: usize,
    /// Its position there, for the shell.
    #[serde(skip)]
    pub position: Option<usize>,
    /// How it came to be chosen.
    pub via: Option<Via>,
    /// Why nobody gets it.
    pub nobody: Option<NoRoute>,
    /// Candidates and what became of each.
    pub trace: Vec<(ProviderId, Reason)>,
    /// How many candidates the trace leaves out.
    pub omitted: usize,
    /// How often each kind of reason was met over all candidates, each with one example.
    pub counts: Vec<(Reason, usize)>,
}

/// Decides as [`route`](super::route()) does, and says why each candidate was or was not chosen; `most` candidates are listed at most.
///
/// The reasons are read after the choice, so that on a busy hub a candidate may have changed in between.
pub fn explain(
    strategy: &dyn RoutingStrategy,
    candidates: &dyn Candidates,
    request: &RouteRequest<'_>,
    rules: &RoutingRules,
    rng: &mut dyn Rng,
    most: usize,
) -> Decision {
    let stage = Stage {
        strategy,
        candidates,
    };
    explain_stages(&[stage], request, rules, rng, most)
}

/// As [`explain`], of a choice that [`route_in_stages`] makes; the trace goes through the stages in their order.
pub fn explain_stages(
    stages: &[Stage<'_>],
    request: &RouteRequest<'_>,
    rules: &RoutingRules,
    rng: &mut dyn Rng,
    most: usize,
) -> Decision {
    let result = route_in_stages(stages, request, rules, rng);
    let found = result.ok();
    let mut counts = Counts::default();
    let mut trace: Vec<(ProviderId, Reason)> = Vec::new();
    let (mut chosen, mut seen) = (None, 0);
    for (stage, Stage { candidates, .. }) in stages.iter().enumerate() {
        let pool = Pool::new(*candidates, request);
        for (number, candidate) in
            (0..pool.len()).filter_map(|number| Some((number, candidates.candidate(number)?)))
        {
            seen += 1;
            let is_chosen = found.is_some_and(|it| (it.stage, it.position) == (stage, number));
            let reason = if is_chosen {
                chosen = Some(candidate.provider);
                Reason::Chosen
            } else {
                let obstacle = obstacle(&pool, number, &candidate);
                obstacle.unwrap_or(match candidate.class {
                    RoutingClass::Deprioritised => Reason::Deprioritised,
                    _ => Reason::NotPreferred,
                })
            };
            counts.add(reason);
            // The chosen one takes the last place if the trace is full before it comes.
            if trace.len() < most || is_chosen && trace.pop().is_some() {
                trace.push((candidate.provider, reason));
            }
        }
    }
    let asked = stages.get(found.map_or(0, |route| route.stage));
    Decision {
        strategy: asked.map_or("none", |stage| stage.strategy.name()),
        candidates: seen,
        chosen,
        stage: found.map_or(0, |route| route.stage),
        position: found.map(|route| route.position),
        via: found.map(|route| route.via),
        nobody: result.err(),
        omitted: seen - trace.len(),
        trace,
        counts: counts.0,
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            strategy,
            candidates,
            ..
        } = self;
        write!(f, "{strategy} among {candidates} providers: ")?;
        match (&self.chosen, self.via, &self.nobody) {
            (_, _, Some(nobody)) => write!(f, "{nobody}")?,
            (Some(chosen), Some(Via::Order), _) => write!(f, "{chosen}, first in provider.order")?,
            (Some(chosen), Some(Via::Probe), _) => write!(f, "{chosen}, as a probe")?,
            (Some(chosen), Some(Via::LastResort), _) => {
                write!(f, "{chosen}, since nobody else can")?;
            }
            (Some(chosen), _, _) => write!(f, "{chosen}")?,
            (None, _, None) => f.write_str("nobody")?,
        }
        for (provider, reason) in &self.trace {
            write!(f, "\n  {provider}: {reason}")?;
        }
        if self.omitted > 0 {
            write!(f, "\n  and {} more", self.omitted)?;
        }
        Ok(())
    }
}
