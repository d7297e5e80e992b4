//! The registry alone, without sockets.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use swan_core::routing::Candidates as _;
use swan_core::testkit::{ManualClock, swan_2_0};
use swan_core::{Candidate, KeyId, ProviderId, Timestamp};

use super::super::Declared;
use super::super::line::Line;
use super::super::registry::{Offer, Registry};
use super::super::roll::Arrival;
use super::rig::{MODEL, model};

const OTHER: &str = "Qwen/Qwen3-8B";

fn registry() -> (Registry, ManualClock) {
    let clock = ManualClock::new(Timestamp::from_millis(1_000_000));
    (
        Registry::new(Arc::new(clock.clone()), Arc::new(*swan_2_0().health())),
        clock,
    )
}

fn line(provider: u128, node: &str) -> Arc<Line> {
    let provider = ProviderId::from_u128(provider);
    Arc::new(Line::new(
        provider,
        node.into(),
        format!("{provider}-{node}").into(),
        KeyId::from_u128(1),
    ))
}

fn offer(name: &str, capacity: u32) -> Offer {
    let model = swan_2_0().classify(name).expect("a chat model");
    Offer {
        model: Arc::new(model),
        upstream: name.into(),
        capacity,
        declared: Declared::default(),
    }
}

fn candidates(registry: &Registry) -> Vec<Candidate> {
    let nodes = registry.candidates(&model());
    (0..nodes.len())
        .filter_map(|position| nodes.candidate(position))
        .collect()
}

#[test]
fn capacity_is_never_exceeded_however_many_ask_at_once() {
    let (registry, _clock) = registry();
    registry.join(&line(1, "a"), &[offer(MODEL, 7)]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let slot = registry.connect(ProviderId::from_u128(1), &model());
                    let busy = registry.models()[0].in_flight;
                    assert!(busy <= 7, "{busy} in flight");
                    drop(slot);
                }
            });
        }
    });
    assert_eq!(
        registry.models()[0].in_flight,
        0,
        "every place was given back"
    );
}

#[test]
fn what_is_served_is_what_those_present_offer() {
    let (registry, _clock) = registry();
    let (a, b) = (line(1, "a"), line(2, "a"));
    registry.join(&a, &[offer(MODEL, 4), offer(OTHER, 2)]);
    registry.join(&b, &[offer(MODEL, 6)]);
    let served = registry.models();
    let of = |name: &str| {
        let id = swan_2_0().model(name).expect("in the catalogue").id.clone();
        let model = served
            .iter()
            .find(|online| online.model.id == id)
            .expect("served");
        (model.providers, model.capacity)
    };
    assert_eq!((of(MODEL), of(OTHER)), ((2, 10), (1, 2)));
    registry.leave(&a);
    assert_eq!(registry.models().len(), 1);
    assert!(
        registry
            .connect(ProviderId::from_u128(1), &model())
            .is_none()
    );
    registry.leave(&b);
    assert!(registry.models().is_empty());
}

#[test]
fn a_new_registration_replaces_the_old_and_keeps_what_is_under_way() {
    let (registry, _clock) = registry();
    let a = line(1, "a");
    registry.join(&a, &[offer(MODEL, 2)]);
    let _held = registry
        .connect(ProviderId::from_u128(1), &model())
        .expect("room");
    registry.update(&a, &[offer(MODEL, 1), offer(OTHER, 1)]);
    assert_eq!(candidates(&registry)[0].in_flight, 1);
    assert!(
        registry
            .connect(ProviderId::from_u128(1), &model())
            .is_none(),
        "1 of 1 is under way"
    );
    registry.update(&a, &[offer(OTHER, 1)]);
    assert!(candidates(&registry).is_empty());
}

#[test]
fn nodes_of_one_provider_share_its_traffic() {
    let (registry, _clock) = registry();
    registry.join(&line(1, "a"), &[offer(MODEL, 1)]);
    registry.join(&line(1, "b"), &[offer(MODEL, 1)]);
    let connect = || registry.connect(ProviderId::from_u128(1), &model());
    let (first, second) = (connect(), connect());
    assert!(first.is_some() && second.is_some() && connect().is_none());
}

#[test]
fn a_provider_is_found_by_id_and_by_a_name_that_is_its_alone() {
    let (registry, _clock) = registry();
    let named = |provider: u128, name: &str| {
        let provider = ProviderId::from_u128(provider);
        Arc::new(Line::new(
            provider,
            "n".into(),
            name.into(),
            KeyId::from_u128(1),
        ))
    };
    for line in [named(1, "fast"), named(2, "shared"), named(3, "shared")] {
        registry.join(&line, &[]);
    }
    let id = ProviderId::from_u128(1);
    assert_eq!(registry.find("fast"), Some(id));
    assert_eq!(registry.find(&id.to_string()), Some(id));
    assert_eq!(registry.find(&ProviderId::from_u128(9).to_string()), None);
    assert_eq!(registry.find("shared"), None);
    assert_eq!(registry.find("nobody"), None);
}

#[test]
fn two_machines_with_one_identity_do_not_evict_each_other_for_ever() {
    let (registry, clock) = registry();
    assert!(matches!(registry.join(&line(1, "a"), &[]), Arrival::New));
    for _ in 0..3 {
        clock.advance(Duration::from_secs(1));
        assert!(matches!(
            registry.join(&line(1, "a"), &[]),
            Arrival::Replaced(_)
        ));
    }
    let held = registry.join(&line(1, "a"), &[]);
    assert!(matches!(held, Arrival::Held { .. }), "{held:?}");
    assert!(registry.held(ProviderId::from_u128(1)).is_some());
    assert!(
        matches!(registry.join(&line(1, "b"), &[]), Arrival::New),
        "another node is not held"
    );
    clock.advance(Duration::from_secs(60));
    assert!(matches!(
        registry.join(&line(1, "a"), &[]),
        Arrival::Replaced(_)
    ));
}

#[test]
fn a_connection_that_is_known_to_be_dead_is_replaced_without_suspicion() {
    let (registry, _clock) = registry();
    for _ in 0..10 {
        let next = line(1, "a");
        assert!(!matches!(registry.join(&next, &[]), Arrival::Held { .. }));
        next.close();
    }
}

#[test]
fn one_key_cannot_fill_the_hub_with_nodes() {
    let (registry, _clock) = registry();
    for node in 0..64 {
        let arrival = registry.join(&line(1, &format!("node-{node}")), &[]);
        assert!(matches!(arrival, Arrival::New), "{arrival:?}");
    }
    assert!(matches!(
        registry.join(&line(1, "one-more"), &[]),
        Arrival::Crowded
    ));
    assert!(matches!(
        registry.join(&line(1, "node-7"), &[]),
        Arrival::Replaced(_)
    ));
    assert!(matches!(
        registry.join(&line(2, "one-more"), &[]),
        Arrival::New
    ));
}

#[test]
fn nobody_joins_a_hub_that_goes() {
    let (registry, _clock) = registry();
    registry.drain();
    assert!(matches!(
        registry.join(&line(1, "a"), &[offer(MODEL, 1)]),
        Arrival::Draining
    ));
    assert!(registry.models().is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Join(u8, u8, u32),
    Update(u8, u32),
    Leave(u8),
    Connect(u8),
    Release(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4u8, 0..2u8, 1..4u32).prop_map(|(p, n, c)| Step::Join(p, n, c)),
        (any::<u8>(), 1..4u32).prop_map(|(i, c)| Step::Update(i, c)),
        any::<u8>().prop_map(Step::Leave),
        (0..4u8).prop_map(Step::Connect),
        any::<u8>().prop_map(Step::Release),
    ]
}

proptest! {
    /// Whatever comes, goes and changes in whatever order: places are taken within capacity and all given back.
    #[test]
    fn places_are_conserved(steps in proptest::collection::vec(step(), 1..80)) {
        let (registry, clock) = registry();
        let mut lines: Vec<Arc<Line>> = Vec::new();
        let mut slots = Vec::new();
        let pick = |index: u8, len: usize| (len > 0).then(|| usize::from(index) % len.max(1));
        for step in steps {
            clock.advance(Duration::from_secs(30));
            match step {
                Step::Join(provider, node, capacity) => {
                    let new = line(u128::from(provider), &node.to_string());
                    registry.join(&new, &[offer(MODEL, capacity)]);
                    lines.push(new);
                }
                Step::Update(index, capacity) => {
                    if let Some(index) = pick(index, lines.len()) {
                        registry.update(&lines[index], &[offer(MODEL, capacity)]);
                    }
                }
                Step::Leave(index) => {
                    if let Some(index) = pick(index, lines.len()) {
                        registry.leave(&lines.remove(index));
                    }
                }
                Step::Connect(provider) => {
                    let provider = ProviderId::from_u128(u128::from(provider));
                    let free = candidates(&registry).iter().any(|c| c.provider == provider && c.is_usable());
                    let slot = registry.connect(provider, &model());
                    prop_assert_eq!(slot.is_some(), free);
                    slots.extend(slot);
                }
                Step::Release(index) => {
                    if let Some(index) = pick(index, slots.len()) {
                        slots.remove(index);
                    }
                }
            }
        }
        slots.clear();
        prop_assert!(candidates(&registry).iter().all(|candidate| candidate.in_flight == 0));
        for line in &lines {
            registry.leave(line);
        }
        prop_assert!(registry.models().is_empty());
    }
}

#[test]
fn what_a_provider_declares_stands_in_the_snapshot_and_changes_with_it() {
    let (registry, _) = registry();
    let lines: Vec<_> = (1..=3).map(|number| line(number, "node")).collect();
    for line in &lines {
        registry.join(line, &[offer(MODEL, 4)]);
    }
    let nodes = registry.candidates(&model());
    let price = swan_2_0().model(MODEL).expect("in the catalogue").price;
    let declared = nodes.offer(0);
    assert_eq!(
        (declared.model, declared.price, declared.context_tokens),
        (Some(&model()), Some(price), None)
    );
    assert_eq!(nodes.ring().expect("kept").len(), 3);

    let mut longer = offer(MODEL, 4);
    longer.declared.context_tokens = Some(8_192);
    registry.update(&lines[0], &[longer]);
    assert_eq!(
        nodes.offer(0).context_tokens,
        None,
        "a snapshot stays as it is"
    );
    let nodes = registry.candidates(&model());
    let windows = (0..3).map(|position| nodes.offer(position).context_tokens);
    assert_eq!(windows.collect::<Vec<_>>(), [Some(8_192), None, None]);
    registry.leave(&lines[2]);
    let nodes = registry.candidates(&model());
    assert_eq!(nodes.ring().expect("kept").len(), 2);
}
