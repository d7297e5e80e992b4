//! Every state against every event, written out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use swan_core::hardware::Role;
use swan_core::standing::{AppealError, Event, Refusal, RoutingClass, Standing, StandingKind as K};
use swan_core::{ModelId, Policy, Timestamp};

use super::scene::{
    DAY, HOUR, START, Scene, case, failed, fraud, passed, proof, success, trailing, uptime,
};

/// The case that the columns with an open penalty have.
const OPEN: u128 = 1;
const NEW: u128 = 99;

fn events() -> Vec<(&'static str, Event)> {
    let at_open = case(OPEN);
    vec![
        ("tick", Event::Tick),
        ("registered", Event::Registered),
        ("benchmark started", Event::BenchmarkStarted),
        ("benchmark passed", passed(NEW)),
        ("benchmark failed", failed(NEW)),
        (
            "benchmark undecided",
            Event::BenchmarkUndecided { case: case(NEW) },
        ),
        ("approved", Event::Approved),
        ("collateral sufficient", Event::CollateralSufficient),
        (
            "collateral insufficient",
            Event::CollateralInsufficient { evidence: proof() },
        ),
        ("success 79 %", success(79, 100)),
        ("uptime 89 %", uptime(89, 100)),
        ("uptime of 7 days 50 %", trailing(50, 100)),
        ("all windows well", success(80, 100)),
        ("task failed", task()),
        ("fraud proven", fraud(NEW)),
        ("context misstated", context()),
        ("appeal filed", Event::AppealFiled { case: at_open }),
        ("appeal upheld", Event::AppealUpheld { case: at_open }),
        ("appeal denied", Event::AppealDenied { case: at_open }),
        ("exit requested", Event::ExitRequested),
        ("exit cancelled", Event::ExitCancelled),
        ("exit finished", Event::ExitFinished),
        ("stopped", Event::Stopped { evidence: proof() }),
        ("reinstated", Event::Reinstated),
    ]
}

fn task() -> Event {
    Event::TaskFailed {
        case: case(NEW),
        role: Role::Fog,
        evidence: proof(),
    }
}

fn context() -> Event {
    Event::ContextMisstated {
        case: case(NEW),
        model: ModelId::new("qwen3:8b").unwrap(),
        measured_tokens: 4_096,
        evidence: proof(),
    }
}

fn joined(steps: &[Event]) -> Scene {
    let mut scene = Scene::new(Policy::swan_2_0());
    for step in steps {
        let _: swan_core::standing::Change = scene.on(step);
    }
    scene
}

fn served(steps: &[Event]) -> Scene {
    let mut scene = Scene::active();
    for step in steps {
        let _: swan_core::standing::Change = scene.on(step);
    }
    scene
}

/// One state of each kind, and those that differ in what they do with an appeal.
fn states() -> Vec<(&'static str, Scene)> {
    let appeal = Event::AppealFiled { case: case(OPEN) };
    let mut unqualified = Scene::active();
    unqualified.later(DAY * 31);
    let _: swan_core::standing::Change = unqualified.on(&Event::Tick);
    let mut removed = served(&[failed(3), failed(2), failed(OPEN)]);
    removed.later(DAY * 2);
    let _: swan_core::standing::Change = removed.on(&Event::Tick);
    vec![
        ("reg", joined(&[])),
        ("ben", joined(&[Event::BenchmarkStarted])),
        (
            "app",
            joined(&[Event::Approved, Event::CollateralSufficient]),
        ),
        (
            "pro",
            joined(&[passed(5), Event::Approved, Event::CollateralSufficient]),
        ),
        ("act", served(&[])),
        ("dep", served(&[success(1, 2)])),
        ("sus", served(&[failed(OPEN)])),
        ("apl", served(&[failed(OPEN), appeal])),
        ("rmh", served(&[failed(3), failed(2), failed(OPEN)])),
        ("unq", unqualified),
        ("exi", served(&[Event::ExitRequested])),
        ("lef", served(&[Event::ExitRequested, Event::ExitFinished])),
        ("rem", removed),
    ]
}

fn short(kind: K) -> &'static str {
    match kind {
        K::Registered => "reg",
        K::Benchmarking => "ben",
        K::Approved => "app",
        K::Probation => "pro",
        K::Active => "act",
        K::Deprioritised => "dep",
        K::Suspended => "sus",
        K::Unqualified => "unq",
        K::Exiting => "exi",
        K::Left => "lef",
        K::Removed => "rem",
    }
}

fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Removed => "-rem",
        Refusal::Left => "-lef",
        Refusal::Exiting => "-exi",
        Refusal::NotExiting => "-stay",
        Refusal::NotAdmitted => "-out",
        Refusal::AlreadyThere => "-in",
        Refusal::NothingToReinstate => "-fine",
        Refusal::Duplicate => "-dup",
        Refusal::NoEvidence => "-evi",
        Refusal::UnknownCase => "-case",
        Refusal::Appeal(AppealError::NotAppealed) => "-unap",
        Refusal::Appeal(AppealError::AlreadyAppealed) => "-twice",
        Refusal::Appeal(_) => "-apl",
        Refusal::PenaltiesOpen => "-open",
        _ => "-?",
    }
}

/// The rule, for a reader. A cell is the state after the event, with `$` where a penalty is opened or decided, and `'` where only
/// conditions beside the state change; `.` where nothing changes at all; `-why` where the event is refused.
const TABLE: &str = r"
                        reg    ben    app    pro    act    dep    sus    apl    rmh    unq    exi    lef    rem
tick                    .      .      .      .      .      .      .      .      .      .      .      .      .
registered              -in    -in    -in    -in    -in    -in    -in    -in    -in    -in    -in    reg    -rem
benchmark started       ben    .      ben    .      .      .      .      .      .      .      .      -lef   -rem
benchmark passed        app    app    pro    pro'   act'   dep'   sus'   sus'   sus'   act    exi'   -lef   -rem
benchmark failed        reg'   reg    app'   sus$   sus$   sus$   sus$   sus$   sus'   sus$   exi$   -lef   -rem
benchmark undecided     reg'   reg    app'   pro'   act'   dep'   sus'   sus'   sus'   unq'   exi'   -lef   -rem
approved                app    ben'   .      .      .      .      .      .      .      .      .      -lef   -rem
collateral sufficient   reg'   ben'   .      .      .      .      .      .      .      .      .      lef'   .
collateral insufficient .      .      app'   sus    sus    sus    sus'   sus'   sus'   sus    exi'   .      rem'
success 79 %            -out   -out   -out   .      dep    dep'   sus'   sus'   sus'   unq'   -exi   -lef   -rem
uptime 89 %             -out   -out   -out   .      dep    dep'   sus'   sus'   sus'   unq'   -exi   -lef   -rem
uptime of 7 days 50 %   -out   -out   -out   unq    unq    unq    sus'   sus'   sus'   .      -exi   -lef   -rem
all windows well        -out   -out   -out   .      .      act    .      .      .      .      -exi   -lef   -rem
task failed             -out   -out   -out   .      .      .      .      .      .      .      .      -lef   -rem
fraud proven            reg$   ben$   app$   sus$   sus$   sus$   sus$   sus$   sus$   sus$   exi$   lef$   rem$
context misstated       reg'   ben'   app'   pro'   act'   dep'   sus'   sus'   sus'   unq'   exi'   -lef   -rem
appeal filed            -case  -case  -case  -case  -case  -case  sus$   -twice sus$   -case  -case  -case  -case
appeal upheld           -case  -case  -case  -case  -case  -case  -unap  act$   -unap  -case  -case  -case  -case
appeal denied           -case  -case  -case  -case  -case  -case  -unap  sus$   -unap  -case  -case  -case  -case
exit requested          exi    exi    exi    exi    exi    exi    exi    exi    exi    exi    -exi   -lef   -rem
exit cancelled          -stay  -stay  -stay  -stay  -stay  -stay  -stay  -stay  -stay  -stay  act    -lef   -rem
exit finished           -stay  -stay  -stay  -stay  -stay  -stay  -stay  -stay  -stay  -stay  lef    -lef   -rem
stopped                 -out   -out   -out   sus    sus    sus    sus'   sus'   sus'   sus    exi'   -lef   -rem
reinstated              -fine  -fine  -fine  -fine  -fine  -fine  act$   act$   sus$   -fine  -fine  -lef   app
";

#[test]
fn every_pair_of_standing_and_event_is_decided() {
    let mut table = String::new();
    write!(table, "{:24}", "").unwrap();
    for (name, _) in states() {
        write!(table, "{name:7}").unwrap();
    }
    for (event_name, event) in events() {
        write!(table, "\n{event_name:24}").unwrap();
        for (state_name, scene) in states() {
            let mut after = scene.clone();
            assert_eq!(
                short_of(&after.standing),
                start_of(state_name),
                "{state_name}"
            );
            let change = after.on(&event);
            assert_eq!(change.to, after.standing.kind());
            let cell = match change.refused {
                Some(refusal) => {
                    assert_eq!(after.standing, scene.standing, "{state_name} {event_name}");
                    refused(refusal).to_owned()
                }
                None if after.standing == scene.standing => ".".to_owned(),
                None => {
                    let mark = if !change.penalties.is_empty() {
                        "$"
                    } else if change.to == change.from {
                        "'"
                    } else {
                        ""
                    };
                    format!("{}{mark}", short(change.to))
                }
            };
            write!(table, "{cell:7}").unwrap();
        }
    }
    let trimmed: Vec<&str> = table.lines().map(str::trim_end).collect();
    let table = trimmed.join("\n");
    assert_eq!(table, TABLE.trim_matches('\n'), "\n{table}");
}

fn short_of(standing: &Standing) -> &'static str {
    short(standing.kind())
}

fn start_of(column: &str) -> &str {
    match column {
        "apl" | "rmh" => "sus",
        other => other,
    }
}

/// From registration on, every event in every state that any sequence of events and waits reaches, as far as rules tell states apart.
#[test]
fn every_event_in_every_reachable_state_keeps_the_rules() {
    let policy = Policy::swan_2_0();
    let mut seen = BTreeSet::new();
    let mut kinds: BTreeMap<K, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([(
        Standing::register(swan_core::ProviderId::from_u128(7), START),
        START,
    )]);
    let mut next_case = 10_000_u128;
    while let Some((standing, now)) = queue.pop_front() {
        if !seen.insert(signature(&standing, now)) || seen.len() > 1_500 {
            continue;
        }
        *kinds.entry(standing.kind()).or_default() += 1;
        let open = standing.open_penalties().first().map(|penalty| penalty.id);
        for wait in [Duration::ZERO, HOUR * 25, DAY * 3, DAY * 31] {
            let then = now.after(wait);
            for (name, event) in events() {
                next_case += 1;
                let event = renumbered(event, next_case, open);
                let mut after = standing.clone();
                let change = after.apply(&event, then, &policy);
                check(&standing, &after, &change, name);
                queue.push_back((after, then));
            }
        }
    }
    assert_eq!(kinds.len(), 11, "every kind is reached: {kinds:?}");
    assert!(seen.len() > 1_000, "{}", seen.len());
}

fn renumbered(event: Event, number: u128, open: Option<swan_core::CaseId>) -> Event {
    let open = open.unwrap_or(case(OPEN));
    match event {
        Event::BenchmarkPassed { .. } => passed(number),
        Event::BenchmarkFailed { .. } => failed(number),
        Event::BenchmarkUndecided { .. } => Event::BenchmarkUndecided { case: case(number) },
        Event::FraudProven { .. } => fraud(number),
        Event::AppealFiled { .. } => Event::AppealFiled { case: open },
        Event::AppealUpheld { .. } => Event::AppealUpheld { case: open },
        Event::AppealDenied { .. } => Event::AppealDenied { case: open },
        other => other,
    }
}

/// What the rules tell states apart by; times only as far as something is due.
fn signature(standing: &Standing, now: Timestamp) -> String {
    let conditions: Vec<String> = standing
        .conditions()
        .iter()
        .map(|condition| {
            condition
                .to_string()
                .chars()
                .filter(|c| !c.is_ascii_digit())
                .collect()
        })
        .collect();
    let open: Vec<String> = standing
        .open_penalties()
        .iter()
        .take(3)
        .map(|penalty| {
            format!("{}{:?}", penalty.slash, penalty.state)
                .chars()
                .filter(|c| !c.is_ascii_digit())
                .collect()
        })
        .collect();
    let graced = now.since(standing.registered_at()) < DAY * 7;
    format!(
        "{:?} {conditions:?} {open:?} {} {graced}",
        standing.kind(),
        standing.failures_in_a_row().min(4)
    )
}

fn check(before: &Standing, after: &Standing, change: &swan_core::standing::Change, name: &str) {
    let (from, to) = (change.from, change.to);
    assert_eq!(from, before.kind());
    assert_eq!(to, after.kind());
    let routed = !matches!(after.routing(), RoutingClass::None(_));
    assert_eq!(
        routed,
        matches!(to, K::Active | K::Probation | K::Deprioritised),
        "{name}"
    );
    if from == K::Removed {
        assert!(
            to == K::Removed || name == "reinstated",
            "{name}: {from} to {to}"
        );
    }
    if routed && !matches!(before.routing(), RoutingClass::None(_)) {
        assert!(!after.removal_is_held());
    }
    let fewer = after.failures_in_a_row() < before.failures_in_a_row();
    let lifted = change
        .penalties
        .iter()
        .any(|p| matches!(p.state, swan_core::standing::PenaltyState::Lifted { .. }));
    assert!(
        !fewer || name == "benchmark passed" || lifted,
        "{name} took a failure away"
    );
    assert!(
        change
            .penalties
            .iter()
            .all(|p| !p.grounds.evidence.is_empty()),
        "{name}"
    );
    assert!(
        from == to || !change.decisions.is_empty() || is_plain(from, to),
        "{name}: {from} to {to} unexplained"
    );
}

/// Steps that nobody has to explain: what the provider asked for itself, and the end of a span.
fn is_plain(from: K, to: K) -> bool {
    let waiting = |kind| matches!(kind, K::Registered | K::Benchmarking | K::Approved);
    from == K::Exiting
        || to == K::Exiting
        || (waiting(from) && waiting(to))
        || from == K::Suspended
        || (from, to) == (K::Probation, K::Active)
}
