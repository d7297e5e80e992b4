//! Courses of single deposits.

use super::super::agreement::NoAgreement;
use super::super::{DepositOwner, Mismatch, Unmatched, Verdict, assign};
use super::*;

const USDC: u8 = 0;
const SWAN: u8 = 1;
const USD: Currency = Currency::Usd;

#[tokio::test]
async fn a_deposit_is_seen_confirmed_and_credited_once() {
    let mut scene = Scene::open(3).await;
    scene.mine(&[
        Act::Deposit(USDC, 1, 12_345_678),
        Act::Deposit(SWAN, 2, 1_000_000_000_001_999_999),
    ]);
    scene.read().await;
    assert_eq!(scene.states().await, [DepositState::Confirming; 2]);
    assert_eq!(scene.has(1, USD), "0");
    scene.bury();
    for _ in 0..3 {
        scene.read().await;
        assert_eq!(scene.states().await, [DepositState::Credited; 2]);
        assert_eq!(scene.has(1, USD), "12.345678");
        assert_eq!(scene.has(2, Currency::Swan), "1.000000000001");
    }
    let dust: Vec<u128> = scene.deposits().await.iter().map(|it| it.dust).collect();
    assert!(dust.contains(&999_999), "{dust:?}");
    assert_eq!(scene.count(DepositNews::Seen), 2);
    assert_eq!(scene.count(DepositNews::Credited), 2);
    assert_eq!(scene.ground.books.audit(), []);
}

#[tokio::test]
async fn what_is_nobodys_is_kept_and_told_and_credited_to_nobody() {
    let mut scene = Scene::open(1).await;
    scene.mine(&[
        Act::Plain(USDC, 1_000_000),
        Act::Astray(USDC, 2_000_000),
        Act::Deposit(USDC, 99, 3_000_000),
        Act::Foreign(4_000_000),
        Act::Unbacked(USDC, 1, 5_000_000),
        Act::Deposit(SWAN, 1, 999_999),
        Act::Deposit(USDC, 1, u128::MAX),
        Act::Plain(USDC, 0),
        Act::Deposit(USDC, 1, 0),
    ]);
    scene.bury();
    for _ in 0..2 {
        scene.read().await;
    }
    let mut deposits = scene.deposits().await;
    deposits.sort_by_key(|deposit| deposit.log);
    let why: Vec<_> = deposits.iter().map(|it| it.why.unwrap()).collect();
    let expected = [
        Unmatched::PlainTransfer,
        Unmatched::UnknownReference,
        Unmatched::UnknownAccount,
        Unmatched::UnknownToken,
        Unmatched::NoTransfer,
        Unmatched::BelowPico,
        Unmatched::OutOfRange,
    ];
    assert_eq!(why, expected, "nothing that moved nothing is kept");
    assert_eq!(scene.count(DepositNews::Unmatched), expected.len());
    for account in ACCOUNTS {
        assert_eq!(scene.has(account, USD), "0");
    }

    // The operator says whose the plain one is, and cannot for what has no worth here.
    let (store, keys) = (Arc::clone(&scene.store), scene.ground.keys.clone());
    let account = AccountId::from_u128(2);
    let say = async |id, account| {
        let (owner, why) = (DepositOwner::Account(account), Some("he asked"));
        let verdict = Verdict { by: "ops", why };
        assign((&*store, &keys), None, (id, owner), verdict).await
    };
    let nobody = say(deposits[0].id, AccountId::from_u128(5)).await;
    assert!(nobody.is_err_and(|error| error.to_string().starts_with("there is no account")));
    for _ in 0..2 {
        let assigned = say(deposits[0].id, account).await.unwrap();
        assert_eq!(assigned.assigned_by.as_deref(), Some("ops"));
        scene.read().await;
        assert_eq!(scene.has(2, USD), "1");
    }
    for deposit in &deposits[3..] {
        let refused = say(deposit.id, account).await.unwrap_err().to_string();
        let expected = ["cannot be assigned", "worth of 0x"];
        let is_told = expected.iter().any(|words| refused.contains(words));
        assert!(is_told, "{refused}");
    }
    let other = say(deposits[0].id, AccountId::from_u128(1)).await;
    assert!(other.is_err(), "it is assigned once");
}

#[tokio::test]
async fn a_fork_before_the_end_moves_nothing_and_one_after_it_takes_back() {
    let mut scene = Scene::open(3).await;
    scene.mine(&[]);
    scene.mine(&[Act::Deposit(USDC, 1, 5_000_000)]);
    scene.read().await;
    scene.world.lock().fork(1);
    scene.mine(&[]);
    scene.read().await;
    assert_eq!(scene.states().await, [DepositState::Orphaned]);
    assert_eq!(scene.count(DepositNews::Replaced), 0);

    // Credited, spent in part, and then the chain is replaced below it.
    scene.mine(&[Act::Deposit(USDC, 1, 7_000_000)]);
    scene.bury();
    scene.read().await;
    assert_eq!(scene.has(1, USD), "7");
    let hold = scene.hold(1, "3");
    let gone = scene.world.lock().fork(4);
    for _ in 0..6 {
        scene.mine(&[]);
    }
    scene.read().await;
    assert_eq!(
        (scene.has(1, USD), scene.owes(1, USD)),
        ("0".into(), "3".into())
    );
    let news = [
        DepositNews::Replaced,
        DepositNews::Reversed,
        DepositNews::Frozen,
    ];
    assert_eq!(news.map(|news| scene.count(news)), [1, 1, 1]);
    // What the request gives back makes it good.
    hold.release("test");
    assert_eq!(
        (scene.has(1, USD), scene.owes(1, USD)),
        ("0".into(), "0".into())
    );

    // The same transaction comes into a later block.
    scene.world.lock().mine_txs(gone);
    scene.bury();
    scene.read().await;
    assert_eq!(scene.has(1, USD), "7");
    assert_eq!(scene.ground.books.audit(), []);
}

#[tokio::test]
async fn nodes_that_contradict_what_is_configured_stop_everything() {
    for (lie, expected) in [
        (Lie::OtherChain, "is a node of chain 1"),
        (Lie::OtherDecimals, "has 8 decimals, and 6 are configured"),
    ] {
        let mut scene = Scene::open(1).await;
        scene.mine(&[Act::Deposit(USDC, 1, 5_000_000)]);
        scene.bury();
        *scene.nodes[0].lie.lock() = Some(lie);
        for _ in 0..3 {
            let error = scene.turn().await.unwrap_err();
            assert!(matches!(error, WatchError::Mismatch(_)), "{error}");
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert_eq!(scene.count(DepositNews::Halted), 1, "told once");
        assert!(scene.deposits().await.is_empty());
        assert!(scene.ground.desk.status().problem.is_some());
        let nodes: Vec<Arc<dyn ChainNode>> = scene.ground.nodes.clone();
        let refused = super::super::verify_all(&nodes, &scene.ground.options).await;
        let known: Result<(), Mismatch> = refused;
        assert!(known.is_err(), "and a start is refused");
        *scene.nodes[0].lie.lock() = None;
        scene.read().await;
        assert_eq!(scene.has(1, USD), "5");
        assert!(scene.ground.desk.status().problem.is_none());
    }
}

#[tokio::test]
async fn one_liar_among_three_moves_nothing_and_stops_nothing() {
    for lie in [
        Lie::Away,
        Lie::OtherChain,
        Lie::OtherDecimals,
        Lie::Twice,
        Lie::Hides,
        Lie::Forges,
        Lie::Hurries,
        Lie::Narrow,
        Lie::Behind,
    ] {
        let mut scene = Scene::open(3).await;
        *scene.nodes[1].lie.lock() = Some(lie);
        scene.mine(&[Act::Deposit(USDC, 2, 5_000_000)]);
        scene.bury();
        scene.read().await;
        assert_eq!(scene.has(1, USD), "0", "{lie:?}");
        assert_eq!(scene.has(2, USD), "5", "{lie:?}");
    }
}

#[tokio::test]
async fn where_nodes_do_not_agree_nothing_moves_and_the_operator_is_told() {
    let mut scene = Scene::open(2).await;
    scene.mine(&[Act::Deposit(USDC, 1, 5_000_000)]);
    scene.bury();
    *scene.nodes[0].lie.lock() = Some(Lie::Hides);
    for _ in 0..2 {
        let error = scene.turn().await.unwrap_err();
        let expected = matches!(
            &error,
            WatchError::NoAgreement(NoAgreement::Disagree { .. })
        );
        assert!(expected, "{error}");
    }
    assert_eq!(scene.count(DepositNews::Halted), 1);
    *scene.nodes[0].lie.lock() = Some(Lie::Away);
    let error = scene.turn().await.unwrap_err().to_string();
    assert!(error.contains("1 of 2 nodes"), "{error}");
    assert_eq!(scene.has(1, USD), "0");
    *scene.nodes[0].lie.lock() = None;
    scene.read().await;
    assert_eq!(scene.has(1, USD), "5");
}

#[tokio::test]
async fn one_program_reads_at_a_time_and_another_chain_is_refused() {
    let mut scene = Scene::open(1).await;
    scene.mine(&[]);
    scene.bury();
    scene.read().await;
    let mut other = Memory::new("other".into(), &scene.ground);
    assert!(
        scene.ground.turn(&mut other).await.unwrap(),
        "a fresh process has the books"
    );
    assert!(!scene.turn().await.unwrap(), "and the former one stands by");
    scene.clock.advance(Duration::from_secs(61));
    assert!(scene.turn().await.unwrap(), "until the other falls silent");

    *scene.world.lock() = World::another();
    let mut progress = super::super::Progress::load(&*scene.store, CHAIN)
        .await
        .unwrap();
    progress.marks[0].hash = super::super::Hash::new([5; 32]);
    progress.keep(&*scene.store, CHAIN).await.unwrap();
    for _ in 0..9 {
        scene.mine(&[]);
        scene.mine(&[]);
    }
    let error = scene.turn().await.unwrap_err();
    assert!(matches!(error, WatchError::OtherChain { .. }), "{error}");
}
