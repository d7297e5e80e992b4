use super::preferences::Name;
use super::{Candidate, Candidates, Load, Reason, RouteRequest};
use crate::Rng;
use crate::standing::RoutingClass;

/// Pools up to this size are looked through; larger ones are drawn from.
const SMALL: usize = 16;
/// Draws from a larger pool before it is looked through after all: when one in four is usable, fewer than one choice in a
/// thousand looks through it.
const DRAWS: u32 = 32;
/// Up to this many candidates are looked at one by one where sums or extremes are wanted; of more, so many are drawn.
const SAMPLE: usize = 64;
/// How far a probe looks for somebody to probe.
const PROBE_WINDOW: usize = 1_024;

/// A candidate and its position.
pub type Drawn = (usize, Candidate);

/// Which of the eligible candidates a choice is made among.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lane<'a> {
    /// Those of normal standing.
    Normal,
    /// Everybody.
    Anybody,
    /// Those that are probed.
    Probed,
    /// The one that `provider.order` names.
    Named(&'a Name),
}

/// The candidates that may get one request, for a strategy to choose among; it shows nobody who cannot serve.
///
/// Nothing is copied and nothing filtered beforehand: eligibility is looked at when a candidate is, so that drawing two of
/// 100,000 costs two looks and not 100,000.
///
/// ```
/// use swan_core::routing::{Pool, RouteRequest};
/// use swan_core::{Candidate, ProviderId, SeededRng};
///
/// let idle = Candidate::new(ProviderId::from_u128(1), 4);
/// let candidates = [Candidate { draining: true, ..idle }, idle];
/// let request = RouteRequest::default();
/// let pool = Pool::new(&candidates, &request);
/// assert_eq!(pool.usable().count(), 1);
/// assert_eq!(pool.draw(&mut SeededRng::new(1)).map(|(position, _)| position), Some(1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pool<'a> {
    candidates: &'a dyn Candidates,
    request: &'a RouteRequest<'a>,
    lane: Lane<'a>,
}

impl<'a> Pool<'a> {
    /// All of `candidates` that may serve `request`, whatever their class.
    #[must_use]
    pub const fn new(candidates: &'a dyn Candidates, request: &'a RouteRequest<'a>) -> Self {
        Self {
            candidates,
            request,
            lane: Lane::Anybody,
        }
    }

    pub(super) const fn in_lane(self, lane: Lane<'a>) -> Self {
        Self { lane, ..self }
    }

    /// How many candidates there are, usable or not; positions lie below.
    #[must_use]
    pub fn len(&self) -> usize {
        self.candidates.len()
    }

    /// Whether there is no candidate at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// The request that is routed.
    #[must_use]
    pub const fn request(&self) -> &'a RouteRequest<'a> {
        self.request
    }

    /// Where the candidates are read from.
    #[must_use]
    pub fn candidates(&self) -> &'a dyn Candidates {
        self.candidates
    }

    /// The candidate at `position`, if it may get the request now.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<Candidate> {
        let candidate = self.candidates.candidate(position)?;
        (candidate.is_usable() && self.objection(position, &candidate).is_none())
            .then_some(candidate)
    }

    /// Why a candidate may not get the request, its load and health apart.
    pub(super) fn objection(&self, position: usize, candidate: &Candidate) -> Option<Reason> {
        let offer = self.candidates.offer(position);
        let in_lane = match self.lane {
            Lane::Anybody => true,
            Lane::Normal => candidate.class == RoutingClass::Normal,
            Lane::Probed => candidate.is_probed(),
            Lane::Named(name) => name.means(candidate.provider, offer.name),
        };
        if in_lane {
            self.request.ineligible(candidate, &offer)
        } else {
            Some(Reason::NotPreferred)
        }
    }

    /// Everybody who may get the request now, in order: a look at each candidate there is.
    pub fn usable(&self) -> impl Iterator<Item = Drawn> {
        (0..self.len()).filter_map(|position| Some((position, self.get(position)?)))
    }

    /// One of those who may get the request, each equally likely; `None` when nobody may.
    pub fn draw(&self, rng: &mut dyn Rng) -> Option<Drawn> {
        self.draw_two(rng).map(|(first, _)| first)
    }

    /// Two different ones of those who may get the request, in random order and each pair equally likely; the second is `None`
    /// when there is only one, the whole when there is none.
    ///
    /// Positions are drawn until two of them will do. After 32 draws all candidates are looked through, so that the answer is
    /// always right; in pools of 16 and less they are from the start.
    pub fn draw_two(&self, rng: &mut dyn Rng) -> Option<(Drawn, Option<Drawn>)> {
        let len = self.len();
        if len <= SMALL {
            return self.look_through(rng);
        }
        let mut first: Option<Drawn> = None;
        for _ in 0..DRAWS {
            let position = below(rng, len);
            if first.is_some_and(|(taken, _)| taken == position) {
                continue;
            }
            let Some(candidate) = self.get(position) else {
                continue;
            };
            match first {
                None => first = Some((position, candidate)),
                Some(first) => return Some((first, Some((position, candidate)))),
            }
        }
        self.look_through(rng)
    }

    /// A reservoir of two over everybody, which needs neither memory nor a second look.
    fn look_through(&self, rng: &mut dyn Rng) -> Option<(Drawn, Option<Drawn>)> {
        let mut kept: [Option<Drawn>; 2] = [None, None];
        for (drawn, seen) in self.usable().zip(0_u64..) {
            let slot = if seen < 2 { seen } else { rng.below(seen + 1) };
            if let Some(slot) = usize::try_from(slot)
                .ok()
                .and_then(|slot| kept.get_mut(slot))
            {
                *slot = Some(drawn);
            }
        }
        match kept {
            [Some(one), Some(other)] if rng.below(2) == 0 => Some((other, Some(one))),
            [Some(one), other] => Some((one, other)),
            [None, _] => None,
        }
    }

    /// The best of those who may get the request, by `is_better`; equals are equally likely.
    ///
    /// All of them are looked at up to 64 candidates; of more, 64 are drawn, and the best of these is among the best few per
    /// cent of all. Nobody is missed: where the draws find none, all are looked through.
    pub fn best_drawn(
        &self,
        rng: &mut dyn Rng,
        is_better: &dyn Fn(&Candidate, &Candidate) -> std::cmp::Ordering,
    ) -> Option<Drawn> {
        let len = self.len();
        let mut best = Best::default();
        if len > SAMPLE {
            for _ in 0..SAMPLE {
                let position = below(rng, len);
                if let Some(candidate) = self.get(position) {
                    best.offer((position, candidate), rng, is_better);
                }
            }
            if best.kept.is_some() {
                return best.kept;
            }
        }
        self.best(rng, is_better)
    }

    /// The best of all who may get the request, by `is_better` (`Less` is better); equals are equally likely.
    pub fn best(
        &self,
        rng: &mut dyn Rng,
        is_better: &dyn Fn(&Candidate, &Candidate) -> std::cmp::Ordering,
    ) -> Option<Drawn> {
        let mut best = Best::default();
        for drawn in self.usable() {
            best.offer(drawn, rng, is_better);
        }
        best.kept
    }

    /// What is under way and can be, over all candidates: as the shell counts it, exact up to 64 candidates, and beyond that
    /// estimated from 64 drawn ones.
    pub fn load(&self, rng: &mut dyn Rng) -> Load {
        if let Some(load) = self.candidates.load() {
            return load;
        }
        let len = self.len();
        let mut load = Load::default();
        for number in 0..len.min(SAMPLE) {
            let position = if len <= SAMPLE {
                number
            } else {
                below(rng, len)
            };
            if let Some(candidate) = self.candidates.candidate(position) {
                load.in_flight += u64::from(candidate.in_flight);
                load.capacity += u64::from(candidate.capacity);
            }
        }
        load
    }

    /// One of those who are probed, within a window of 1,024 positions that begins anywhere: a probe is never worth a look at
    /// 100,000 candidates.
    pub(super) fn probe(&self, rng: &mut dyn Rng) -> Option<usize> {
        let len = self.len();
        let probed = self.in_lane(Lane::Probed);
        let start = below(rng, len);
        let (mut kept, mut seen) = (None, 0_u64);
        for step in 0..len.min(PROBE_WINDOW) {
            let position = (start + step) % len.max(1);
            // The cheap question first: most candidates are neither cold nor de-prioritised.
            let worth = self.candidates.candidate(position)?.is_probed();
            if worth && probed.get(position).is_some() {
                seen += 1;
                if rng.below(seen) == 0 {
                    kept = Some(position);
                }
            }
        }
        kept
    }
}

/// The best so far.
#[derive(Default)]
struct Best {
    kept: Option<Drawn>,
    equals: u64,
}

impl Best {
    fn offer(
        &mut self,
        drawn: Drawn,
        rng: &mut dyn Rng,
        is_better: &dyn Fn(&Candidate, &Candidate) -> std::cmp::Ordering,
    ) {
        let order = self.kept.map_or(std::cmp::Ordering::Less, |(_, kept)| {
            is_better(&drawn.1, &kept)
        });
        match order {
            std::cmp::Ordering::Less => (self.kept, self.equals) = (Some(drawn), 1),
            std::cmp::Ordering::Equal => {
                self.equals += 1;
                if rng.below(self.equals) == 0 {
                    self.kept = Some(drawn);
                }
            }
            std::cmp::Ordering::Greater => {}
        }
    }
}

/// A position below `len`; 0 when there is none.
fn below(rng: &mut dyn Rng, len: usize) -> usize {
    let bound = u64::try_from(len).unwrap_or(u64::MAX);
    usize::try_from(rng.below(bound)).unwrap_or(0)
}
