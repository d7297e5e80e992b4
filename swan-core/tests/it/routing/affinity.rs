use swan_core::routing::{
    AffinityKey, Candidate, Candidates, Pool, PrefixAffinity, Ring, RouteRequest, RoutingRules,
    RoutingStrategy,
};
use swan_core::{ProviderId, SeededRng};

use super::many;

/// Candidates with a ring, as a hub keeps them.
#[derive(Debug)]
struct Ringed {
    candidates: Vec<Candidate>,
    ring: Ring,
}

impl Ringed {
    fn new(candidates: Vec<Candidate>) -> Self {
        let ring = Ring::new(candidates.iter().map(|candidate| candidate.provider));
        Self { candidates, ring }
    }
}

impl Candidates for Ringed {
    fn len(&self) -> usize {
        self.candidates.len()
    }

    fn candidate(&self, position: usize) -> Option<Candidate> {
        self.candidates.get(position).copied()
    }

    fn ring(&self) -> Option<&Ring> {
        Some(&self.ring)
    }
}

fn home(candidates: &dyn Candidates, key: u32) -> ProviderId {
    let request = RouteRequest {
        affinity: Some(AffinityKey::of(&key.to_be_bytes())),
        ..RouteRequest::default()
    };
    let strategy = PrefixAffinity::new(&RoutingRules::default());
    let pool = Pool::new(candidates, &request);
    let position = strategy.choose(&pool, &mut SeededRng::new(1)).unwrap();
    candidates.candidate(position).unwrap().provider
}

#[test]
fn only_the_keys_of_a_provider_that_goes_move() {
    for with_ring in [false, true] {
        let list = |candidates: Vec<Candidate>| -> Box<dyn Candidates> {
            if with_ring {
                Box::new(Ringed::new(candidates))
            } else {
                Box::new(candidates)
            }
        };
        let before = list(many(50, 100));
        let gone = ProviderId::from_u128(17);
        let after = list(
            many(50, 100)
                .into_iter()
                .filter(|c| c.provider != gone)
                .collect(),
        );
        let mut moved = 0;
        for key in 0..10_000 {
            let (old, new) = (home(&*before, key), home(&*after, key));
            assert!(
                old == new || old == gone,
                "a key moved although its home stayed"
            );
            moved += u32::from(old == gone);
        }
        assert!(
            (100..350).contains(&moved),
            "{moved} of 10,000 where 1/50 are 200"
        );
    }
}

#[test]
fn a_ring_spreads_keys() {
    let candidates = Ringed::new(many(100, 100));
    let mut counts = std::collections::BTreeMap::new();
    for key in 0..20_000 {
        *counts.entry(home(&candidates, key)).or_insert(0_u32) += 1;
    }
    let highest = *counts.values().max().unwrap();
    assert!(highest < 320, "{highest} where the mean is 200");
    assert!(counts.len() > 95, "{} of 100 have keys", counts.len());
}

/// Many sessions, some busier than others, whose requests end at random: how many stay at home, and how full anybody gets.
#[test]
fn conversations_stay_together_while_no_load_passes_its_bound() {
    let mut market = Ringed::new(many(20, 50));
    let strategy = PrefixAffinity::new(&RoutingRules::default());
    let mut rng = SeededRng::new(4);
    let homes: Vec<ProviderId> = (0..400).map(|key| home(&market, key)).collect();
    let (mut at_home, mut under_way) = (0_u32, std::collections::VecDeque::new());
    for step in 0..20_000_u32 {
        let key = step.wrapping_mul(2_654_435_761) >> 7;
        // A quarter of all requests belong to one busy session.
        let key = if step % 4 == 0 { 0 } else { key % 400 };
        let request = RouteRequest {
            affinity: Some(AffinityKey::of(&key.to_be_bytes())),
            ..RouteRequest::default()
        };
        let total: u32 = market
            .candidates
            .iter()
            .map(|candidate| candidate.in_flight)
            .sum();
        let chosen = strategy
            .choose(&Pool::new(&market, &request), &mut rng)
            .unwrap();
        let candidate = &mut market.candidates[chosen];
        candidate.in_flight += 1;
        // ceil(1.25 * (load + 1) / 20), all capacities being equal.
        let bound = (5 * (total + 1)).div_ceil(80);
        assert!(
            candidate.in_flight <= bound,
            "{} above {bound}",
            candidate.in_flight
        );
        at_home += u32::from(candidate.provider == homes[key as usize]);
        under_way.push_back(chosen);
        if under_way.len() > 400 {
            let ended = under_way.pop_front().unwrap();
            market.candidates[ended].in_flight -= 1;
        }
    }
    assert!(
        at_home > 11_000,
        "{at_home} of 20,000, of which 5,000 belong to a session too busy for one provider"
    );
}

#[test]
fn the_key_is_the_first_that_there_is() {
    let key = |text: &[u8]| Some(AffinityKey::of(text));
    assert_eq!(
        AffinityKey::first_of([None, Some(&b"cache"[..]), Some(b"hello")]),
        key(b"cache")
    );
    assert_eq!(
        AffinityKey::first_of([Some(&b""[..]), None, Some(b"hello")]),
        key(b"hello")
    );
    assert_eq!(AffinityKey::first_of([None, None]), None);
}
