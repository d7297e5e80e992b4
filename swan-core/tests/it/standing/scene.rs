//! A provider and the events that bring it somewhere.

use std::time::Duration;

use swan_core::standing::{Change, Event, Measured, Rate, Stake, Standing, StandingKind};
use swan_core::{Amount, CaseId, Currency, Fact, Policy, ProviderId, Timestamp};

pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);
/// Registration of every provider here.
pub(super) const START: Timestamp = Timestamp::from_millis(1_780_000_000_000);

pub(super) fn at(span: Duration) -> Timestamp {
    START.after(span)
}

pub(super) fn case(number: u128) -> CaseId {
    CaseId::from_u128(number)
}

pub(super) fn proof() -> Vec<Fact> {
    vec![Fact::new("math accuracy", "12%").needed("at least 50%")]
}

pub(super) fn passed(number: u128) -> Event {
    Event::BenchmarkPassed { case: case(number) }
}

pub(super) fn failed(number: u128) -> Event {
    Event::BenchmarkFailed {
        case: case(number),
        evidence: proof(),
    }
}

pub(super) fn fraud(number: u128) -> Event {
    Event::FraudProven {
        case: case(number),
        stake: Stake {
            amount: "3".parse::<Amount>().unwrap(),
            currency: Currency::Usd,
        },
        evidence: proof(),
    }
}

pub(super) fn success(good: u64, of: u64) -> Event {
    Event::Measured(Measured {
        success: Rate::new(good, of),
        ..Measured::default()
    })
}

pub(super) fn uptime(good: u64, of: u64) -> Event {
    Event::Measured(Measured {
        uptime: Rate::new(good, of),
        ..Measured::default()
    })
}

pub(super) fn trailing(good: u64, of: u64) -> Event {
    Event::Measured(Measured {
        trailing_uptime: Rate::new(good, of),
        ..Measured::default()
    })
}

/// One provider under one policy.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) standing: Standing,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
}

impl Scene {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            standing: Standing::register(ProviderId::from_u128(7), START),
            policy,
            now: START,
        }
    }

    /// A provider of Swan 2.0 that is active since `START` and past its grace and probation, with a benchmark passed just now.
    pub(super) fn active() -> Self {
        let mut scene = Self::new(Policy::swan_2_0());
        for event in [passed(1_000), Event::Approved, Event::CollateralSufficient] {
            let _: Change = scene.on(&event);
        }
        let _: Change = scene.later(DAY * 8).on(&passed(1_001));
        assert_eq!(scene.standing.kind(), StandingKind::Active);
        scene
    }

    pub(super) fn later(&mut self, span: Duration) -> &mut Self {
        self.now = self.now.after(span);
        self
    }

    pub(super) fn on(&mut self, event: &Event) -> Change {
        self.standing.apply(event, self.now, &self.policy)
    }

    /// Lets time pass and says where the provider stands then.
    pub(super) fn kind_after(&mut self, span: Duration) -> StandingKind {
        self.later(span).on(&Event::Tick).to
    }
}
