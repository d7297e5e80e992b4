use serde::Serialize;

use super::pool::Lane;
use super::{
    Candidate, Candidates, NoRoute, Pool, Ranked, Reason, RouteRequest, RoutingRules,
    RoutingStrategy,
};
use crate::Rng;

/// How somebody came to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Via {
    /// `provider.order` names it.
    Order,
    /// It got a share of the traffic that goes to the cold and the de-prioritised, to see how they do.
    Probe,
    /// The strategy chose it.
    Strategy,
    /// It is de-prioritised, and nobody else can take the request.
    LastResort,
}

/// Candidates that are asked together, and who chooses among them.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "shells put it together")]
pub struct Stage<'a> {
    /// The choice among them.
    pub strategy: &'a dyn RoutingStrategy,
    /// The candidates.
    pub candidates: &'a dyn Candidates,
}

/// Who gets a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// Which of the stages it belongs to.
    pub stage: usize,
    /// Its position among the candidates of its stage.
    pub position: usize,
    /// How it came to be chosen.
    pub via: Via,
}

/// Who gets `request`: eligibility, the consumer's order, the probe share and then the strategy, in this order.
///
/// Whatever the strategy says, nobody gets a request who may not serve it, and somebody gets it if anybody can. Nothing is
/// allocated. `provider.sort` takes the place of the strategy.
///
/// ```
/// use swan_core::routing::{RouteRequest, RoutingRules, TwoChoices, route};
/// use swan_core::{Candidate, ProviderId, SeededRng};
///
/// let candidates = [Candidate::new(ProviderId::from_u128(1), 0), Candidate::new(ProviderId::from_u128(2), 4)];
/// let (rules, request) = (RoutingRules::default(), RouteRequest::default());
/// let route = route(&TwoChoices::new(), &candidates, &request, &rules, &mut SeededRng::new(7))?;
/// assert_eq!(route.position, 1);
/// # Ok::<(), swan_core::routing::NoRoute>(())
/// ```
///
/// # Errors
///
/// [`NoRoute`] says why nobody can: there is nobody, nobody is eligible, or all are tried, busy or unwell.
pub fn route(
    strategy: &dyn RoutingStrategy,
    candidates: &dyn Candidates,
    request: &RouteRequest<'_>,
    rules: &RoutingRules,
    rng: &mut dyn Rng,
) -> Result<Route, NoRoute> {
    let stage = Stage {
        strategy,
        candidates,
    };
    route_in_stages(&[stage], request, rules, rng)
}

/// As [`route`], where some candidates are asked only when none of the stages before them can take the request.
///
/// The consumer's order goes first through all stages: whoever it names takes the place that it was given, wherever it stands.
///
/// # Errors
///
/// As [`route`], over all stages together.
pub fn route_in_stages(
    stages: &[Stage<'_>],
    request: &RouteRequest<'_>,
    rules: &RoutingRules,
    rng: &mut dyn Rng,
) -> Result<Route, NoRoute> {
    let sorted = request
        .preferences
        .and_then(|wishes| wishes.sort())
        .map(|by| Ranked::new(by, rules));
    let order = request.preferences.map_or(&[][..], |wishes| wishes.order());
    for name in order {
        for (number, stage) in stages.iter().enumerate() {
            if let Some(route) = Choice::of(number, stage, sorted.as_ref(), request).in_lane(
                Lane::Named(name),
                Via::Order,
                rng,
            ) {
                return Ok(route);
            }
        }
    }
    for (number, stage) in stages.iter().enumerate() {
        if let Some(route) = Choice::of(number, stage, sorted.as_ref(), request).freely(rules, rng)
        {
            return Ok(route);
        }
    }
    Err(why_nobody(stages, request))
}

/// One stage, asked.
struct Choice<'a> {
    number: usize,
    strategy: &'a dyn RoutingStrategy,
    pool: Pool<'a>,
}

impl<'a> Choice<'a> {
    fn of(
        number: usize,
        stage: &Stage<'a>,
        sorted: Option<&'a Ranked>,
        request: &'a RouteRequest<'a>,
    ) -> Self {
        Self {
            number,
            strategy: sorted.map_or(stage.strategy, |sorted| sorted),
            pool: Pool::new(stage.candidates, request),
        }
    }

    fn in_lane(&self, lane: Lane<'_>, via: Via, rng: &mut dyn Rng) -> Option<Route> {
        let pool = self.pool.in_lane(lane);
        let chosen = self.strategy.choose(&pool, rng)?;
        // A strategy of one's own may err, and what it saw may have filled up since.
        let position = match pool.get(chosen) {
            Some(_) => chosen,
            None => pool.draw(rng)?.0,
        };
        Some(self.route(position, via))
    }

    const fn route(&self, position: usize, via: Via) -> Route {
        Route {
            stage: self.number,
            position,
            via,
        }
    }

    /// Whoever the probe share, the strategy or need chooses.
    fn freely(&self, rules: &RoutingRules, rng: &mut dyn Rng) -> Option<Route> {
        if self.pool.is_empty() {
            return None;
        }
        let request = self.pool.request();
        // Who sorts or pins wants that one, and who is tried again has waited enough.
        let is_plain = request.pin.is_none()
            && request.tried.is_empty()
            && request
                .preferences
                .is_none_or(|wishes| wishes.sort().is_none());
        let share = u64::from(rules.probe_share().get());
        if is_plain
            && share > rng.below(10_000)
            && let Some(position) = self.pool.probe(rng)
        {
            return Some(self.route(position, Via::Probe));
        }
        self.in_lane(Lane::Normal, Via::Strategy, rng)
            .or_else(|| self.in_lane(Lane::Anybody, Via::LastResort, rng))
    }
}

/// Why this candidate does not get the request, as things are now; `None` when it could.
pub(super) fn obstacle(pool: &Pool<'_>, position: usize, candidate: &Candidate) -> Option<Reason> {
    pool.objection(position, candidate)
        .or_else(|| unable(candidate))
}

/// Why a candidate that may serve cannot at the moment.
fn unable(candidate: &Candidate) -> Option<Reason> {
    if candidate.breaker_open {
        Some(Reason::BreakerOpen)
    } else if candidate.ejected {
        Some(Reason::Ejected)
    } else if candidate.draining {
        Some(Reason::Draining)
    } else if candidate.limited {
        Some(Reason::Limited)
    } else if candidate.in_flight >= candidate.capacity {
        Some(Reason::Full {
            in_flight: candidate.in_flight,
            capacity: candidate.capacity,
        })
    } else {
        None
    }
}

/// How often each kind of reason was met, with one of its kind.
#[derive(Debug, Default)]
pub(super) struct Counts(pub(super) Vec<(Reason, usize)>);

impl Counts {
    pub(super) fn add(&mut self, reason: Reason) {
        let kind = std::mem::discriminant(&reason);
        let known = self
            .0
            .iter_mut()
            .find(|(other, _)| std::mem::discriminant(other) == kind);
        match known {
            Some((_, count)) => *count += 1,
            None => self.0.push((reason, 1)),
        }
    }

    /// The most frequent one; of equals the one met first.
    fn most(&self) -> Option<Reason> {
        let most = self.0.iter().map(|(_, count)| *count).max()?;
        let found = self.0.iter().find(|(_, count)| *count == most);
        found.map(|(reason, _)| *reason)
    }
}

fn why_nobody(stages: &[Stage<'_>], request: &RouteRequest<'_>) -> NoRoute {
    let (mut may_not, mut cannot) = (Counts::default(), Counts::default());
    let (mut candidates, mut tried) = (0, 0);
    for stage in stages {
        let pool = Pool::new(stage.candidates, request);
        for position in 0..pool.len() {
            let Some(candidate) = pool.candidates().candidate(position) else {
                continue;
            };
            candidates += 1;
            match pool.objection(position, &candidate) {
                Some(Reason::Tried) => tried += 1,
                Some(reason) => may_not.add(reason),
                // Who could serve after all has just become free.
                None => cannot.add(unable(&candidate).unwrap_or(Reason::NotPreferred)),
            }
        }
    }
    match (cannot.most(), may_not.most()) {
        (Some(most), _) => NoRoute::Saturated { most },
        (None, _) if tried > 0 => NoRoute::AllTried,
        (None, Some(most)) => NoRoute::NoneEligible { candidates, most },
        (None, None) => NoRoute::Nobody,
    }
}
