//! Whatever happens, the books come to what the chain says.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Mine(Vec<Act>),
    /// Takes so many blocks away, and puts what was in them into others or leaves it out.
    Fork(usize, bool),
    Turn,
    Restart,
    /// From now on this node lies.
    Lie(usize, Option<Lie>),
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let units = || {
        prop_oneof![
            Just(0),
            1..5_000_000_000_u128,
            Just(1_500_000_000_000_000_001)
        ]
    };
    prop_oneof![
        6 => (0_u8..2, 1_u128..4, 1..9_000_000_000_u128).prop_map(|(token, account, units)| {
            // Tokens with 18 places need more of them to be anything.
            let finer = if token == 1 { 1_000_000_007 } else { 1 };
            Act::Deposit(token, account, units * finer)
        }),
        3 => (0_u8..2, 1_u128..4, 1..9_000_000_000_u128).prop_map(|(token, provider, units)| {
            let finer = if token == 1 { 1_000_000_007 } else { 1 };
            Act::Pledge(token, provider, units * finer)
        }),
        1 => (0_u8..2, units()).prop_map(|(token, units)| Act::Plain(token, units)),
        1 => (0_u8..2, units()).prop_map(|(token, units)| Act::Astray(token, units)),
        1 => units().prop_map(Act::Foreign),
        1 => (0_u8..2, 1_u128..3, units()).prop_map(|(token, account, units)| {
            Act::Unbacked(token, account, units)
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let lie = prop_oneof![
        Just(None),
        Just(Some(Lie::Away)),
        Just(Some(Lie::OtherChain)),
        Just(Some(Lie::OtherDecimals)),
        Just(Some(Lie::Twice)),
        Just(Some(Lie::Hides)),
        Just(Some(Lie::Forges)),
        Just(Some(Lie::Hurries)),
        Just(Some(Lie::Narrow)),
        Just(Some(Lie::Behind)),
    ];
    prop_oneof![
        6 => prop::collection::vec(act(), 0..4).prop_map(Step::Mine),
        2 => (1_usize..5, any::<bool>()).prop_map(|(depth, kept)| Step::Fork(depth, kept)),
        1 => (4_usize..40, any::<bool>()).prop_map(|(depth, kept)| Step::Fork(depth, kept)),
        5 => Just(Step::Turn),
        1 => Just(Step::Restart),
        2 => (0_usize..3, lie).prop_map(|(node, lie)| Step::Lie(node, lie)),
        1 => (1_u64..1_000).prop_map(Step::Pass),
    ]
}

async fn play(steps: Vec<Step>, is_rewarded: bool) {
    let policy = match is_rewarded {
        true => bonus::rewarding(),
        false => Policy::swan_2_0(),
    };
    let mut scene = Scene::open_under(3, policy).await;
    for step in steps {
        match step {
            Step::Mine(acts) => scene.mine(&acts),
            Step::Fork(depth, kept) => {
                let mut world = scene.world.lock();
                let gone = world.fork(depth);
                let (early, late) = gone.split_at(gone.len() / 2);
                if kept {
                    // In fewer blocks and in another order.
                    let late: Vec<_> = late.iter().rev().copied().collect();
                    world.mine_txs(late);
                    world.mine_txs(early.to_vec());
                }
            }
            // A majority that is wrong or away stops a turn; it changes nothing.
            Step::Turn => drop(scene.turn().await),
            Step::Restart => scene.restart().await,
            Step::Lie(node, lie) => {
                // One liar at a time.
                for node in &scene.nodes {
                    *node.lie.lock() = None;
                }
                *scene.nodes[node].lie.lock() = lie;
            }
            Step::Pass(secs) => scene.clock.advance(Duration::from_secs(secs)),
        }
        assert_eq!(scene.ground.books.audit(), []);
    }
    for node in &scene.nodes {
        *node.lie.lock() = None;
    }
    // A chain that was cut back has to grow beyond what was read before it tells otherwise.
    for _ in 0..60 {
        scene.mine(&[]);
    }
    for _ in 0..2 {
        scene.read().await;
    }
    let (expected, pledged) = (scene.expected(false), scene.expected(true));
    for account in ACCOUNTS {
        for currency in Currency::ALL {
            let wanted = expected.get(&(account, currency)).copied();
            let wanted = wanted.unwrap_or_default().to_string();
            assert_eq!(scene.has(account, currency), wanted);
            assert_eq!(scene.owes(account, currency), "0");
            let wanted = pledged.get(&(account, currency)).copied();
            let wanted = (wanted.unwrap_or_default().to_string(), "0".to_owned());
            assert_eq!(scene.pledged(account, currency), wanted);
        }
    }
    assert_eq!(scene.count(DepositNews::Halted), 0);
    assert_eq!(scene.ground.books.audit(), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// In any order, with duplicates, forks of any depth, restarts, and one liar among three.
    #[test]
    fn the_books_come_to_what_the_chain_says(
        steps in prop::collection::vec(step(), 1..40), is_rewarded: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps, is_rewarded));
    }
}
