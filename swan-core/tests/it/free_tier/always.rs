//! Whatever is asked for, in whatever order and by whatever clock, nobody gets more than the limits.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use swan_core::free_tier::{FreePass, FreeTierBook};
use swan_core::{AccountId, Day, Policy, Timestamp};

use super::{model, noon, roomy};

#[derive(Clone, Debug)]
enum Step {
    Admit {
        account: u128,
        tokens: u64,
    },
    End {
        which: prop::sample::Index,
        tokens: u64,
    },
    Wait {
        millis: i64,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4_u128, prop_oneof![0..200_u64, 0..60_000_u64]).prop_map(|(account, tokens)| Step::Admit { account, tokens }),
        3 => (any::<prop::sample::Index>(), 0..60_000_u64).prop_map(|(which, tokens)| Step::End { which, tokens }),
        2 => prop_oneof![0..70_000_i64, 0..90_000_000_i64, -90_000_000..0_i64].prop_map(|millis| Step::Wait { millis }),
    ]
}

/// What an account got, counted by the test and not by the book.
#[derive(Default)]
struct Given {
    begun: Vec<u64>,
    settled: BTreeMap<Day, u64>,
    open: Vec<FreePass>,
}

impl Given {
    fn taken(&self, day: Day) -> u64 {
        let open = self.open.iter().filter(|pass| pass.day() == day);
        let reserved: u64 = open.map(FreePass::reserved_tokens).sum();
        self.settled.get(&day).copied().unwrap_or(0) + reserved
    }
}

fn run(policy: &Policy, steps: &[Step]) -> Result<(), TestCaseError> {
    let rules = policy.free_tier().unwrap();
    let qwen = model(policy, "qwen3:8b");
    let mut book = FreeTierBook::new(2);
    let mut given: BTreeMap<AccountId, Given> = BTreeMap::new();
    let (mut clock, mut latest) = (noon().as_millis().cast_signed(), 0);
    for step in steps {
        match step {
            Step::Wait { millis } => clock += millis,
            Step::Admit { account, tokens } => {
                let account = AccountId::from_u128(*account);
                let now = Timestamp::from_millis(clock.cast_unsigned());
                latest = latest.max(now.as_millis());
                if let Ok(pass) = book.admit(policy, now, account, &qwen, *tokens) {
                    prop_assert_eq!(pass.day(), Timestamp::from_millis(latest).day());
                    let given = given.entry(account).or_default();
                    given.begun.push(latest);
                    given.open.push(pass);
                }
            }
            Step::End { which, tokens } => {
                let mut open: Vec<&mut Given> = given
                    .values_mut()
                    .filter(|given| !given.open.is_empty())
                    .collect();
                if open.is_empty() {
                    continue;
                }
                let given = which.get_mut(&mut open);
                let pass = given.open.remove(0);
                let (day, reserved) = (pass.day(), pass.reserved_tokens());
                let counted = book.settle(pass, *tokens).unwrap();
                prop_assert_eq!(counted, reserved.min(*tokens));
                *given.settled.entry(day).or_default() += counted;
            }
        }
        prop_assert!(book.len() <= 2, "the book grows");
        for given in given.values() {
            prop_assert!(given.open.len() as u64 <= rules.concurrent_requests());
            for day in given
                .settled
                .keys()
                .copied()
                .chain(given.open.iter().map(FreePass::day))
            {
                prop_assert!(
                    given.taken(day) <= rules.tokens_per_day(),
                    "{day}: {}",
                    given.taken(day)
                );
            }
            for window in given
                .begun
                .windows(usize::try_from(rules.requests_per_minute()).unwrap() + 1)
            {
                prop_assert!(window[window.len() - 1] - window[0] >= 60_000, "{window:?}");
            }
        }
    }
    Ok(())
}

fn swan_2_0() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(Policy::swan_2_0)
}

fn three_at_once() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(roomy)
}

proptest! {
    #[test]
    fn nobody_gets_more_than_the_seed_allows(steps in prop::collection::vec(any_step(), 1..120)) {
        run(swan_2_0(), &steps)?;
    }

    #[test]
    fn nobody_gets_more_when_several_requests_run(steps in prop::collection::vec(any_step(), 1..120)) {
        run(three_at_once(), &steps)?;
    }
}
