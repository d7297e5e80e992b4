//! Deposits that become collateral, and what administrators decide about those that are nobody's.

use swan_core::collateral::Source;
use swan_core::{DepositId, TransferId};

use super::super::{
    DepositError, DepositOwner, Mismatch, Token, Unmatched, Verdict, assign, refuse,
};
use super::world::FOREIGN;
use super::*;
use crate::collateral::{self, Accusation, Keeper, Misconduct, Record, Scene as Court};

const USDC: u8 = 0;
const SWAN: u8 = 1;
const USD: Currency = Currency::Usd;

fn told(free: &str, owed: &str) -> (String, String) {
    (free.to_owned(), owed.to_owned())
}

/// Lets something happen to the collateral of the first provider.
async fn happens(scene: &Scene, what: impl FnOnce(Court<'_>) -> Record) {
    let ground = &scene.ground;
    let court = Court {
        provider: ProviderId::from_u128(1),
        currency: USD,
        policy: &ground.policy,
        now: ground.clock.now(),
        by: "ops",
    };
    let keeper = Keeper {
        collateral: &ground.collateral,
        store: &*ground.store,
        books: &ground.books,
        events: &*ground.events,
        started: ground.started,
    };
    let _applied = keeper.record(what(court)).await.unwrap();
}

async fn the_one(scene: &Scene) -> Deposit {
    scene.deposits().await.pop().unwrap()
}

#[tokio::test]
async fn a_deposit_by_a_providers_reference_is_collateral_once_and_nobodys_credit() {
    let mut scene = Scene::open(3).await;
    scene.mine(&[
        Act::Pledge(USDC, 1, 20_000_000),
        Act::Pledge(SWAN, 1, 35_000_000_000_000_000_000_007),
        Act::Deposit(USDC, 1, 3_000_000),
    ]);
    scene.read().await;
    assert_eq!(scene.states().await, [DepositState::Confirming; 3]);
    assert_eq!(scene.pledged(1, USD), told("0", "0"));
    scene.bury();
    for round in 0..3 {
        scene.read().await;
        assert_eq!(scene.states().await, [DepositState::Credited; 3]);
        assert_eq!(scene.pledged(1, USD), told("20", "0"));
        assert_eq!(scene.pledged(1, Currency::Swan), told("35000", "0"));
        // The account with the same number has its own, and only that.
        assert_eq!(scene.has(1, USD), "3");
        if round == 1 {
            scene.restart().await;
        }
    }
    let bond = scene.bond(1, USD);
    let deposits = scene.deposits().await;
    let own = deposits.iter().find(|it| it.amount == "20".parse().ok());
    let own = own.unwrap();
    let origin = &bond.deposits[&own.credit()];
    let wallet = origin.wallet.as_ref().unwrap();
    assert_eq!((wallet.deposit, wallet.address), (own.id, own.from));
    assert_eq!(bond.source(own.credit()), Some(Source::Chain(CHAIN)));
    assert_eq!(scene.count(DepositNews::Credited), 3);
    assert_eq!(scene.ground.books.audit(), []);
}

/// 20 come in, 2 are set aside for a penalty, and the chain is replaced: 18 are taken, and 2 owed until it comes again.
#[tokio::test]
async fn a_fork_takes_collateral_back_and_what_is_gone_is_owed() {
    let mut scene = Scene::open(1).await;
    scene.mine(&[]);
    scene.mine(&[Act::Pledge(USDC, 1, 20_000_000)]);
    scene.read().await;
    scene.world.lock().fork(1);
    scene.mine(&[]);
    scene.read().await;
    assert_eq!(scene.states().await, [DepositState::Orphaned]);

    scene.mine(&[Act::Pledge(USDC, 1, 20_000_000)]);
    scene.bury();
    scene.read().await;
    let bond = scene.bond(1, USD);
    happens(&scene, |court| {
        let accusation = Accusation {
            case: swan_core::CaseId::from_u128(7),
            conduct: Misconduct::Failures(2),
            reason: "run 17".into(),
            conduct_at: None,
        };
        court.penalise(&bond, &accusation).unwrap()
    })
    .await;
    assert_eq!(scene.pledged(1, USD), told("18", "0"));
    let gone = scene.world.lock().fork(4);
    for _ in 0..6 {
        scene.mine(&[]);
    }
    for _ in 0..2 {
        scene.read().await;
        assert_eq!(scene.pledged(1, USD), told("0", "2"));
        scene.restart().await;
    }
    assert_eq!(scene.count(DepositNews::Reversed), 1);

    scene.world.lock().mine_txs(gone);
    scene.bury();
    for _ in 0..2 {
        scene.read().await;
        assert_eq!(scene.pledged(1, USD), told("18", "0"));
    }
    assert_eq!(scene.ground.books.audit(), []);
}

/// The hub dies when the deposit is written down and not booked; then it is booked, or the chain no longer knows it.
#[tokio::test]
async fn what_was_written_down_when_the_hub_died_is_booked_once_or_taken_back() {
    for is_replaced in [false, true] {
        let mut scene = Scene::open(1).await;
        scene.mine(&[]);
        scene.mine(&[Act::Pledge(USDC, 1, 20_000_000)]);
        scene.read().await;
        let mut deposit = the_one(&scene).await;
        assert_eq!(deposit.provider, Some(ProviderId::from_u128(1)));
        deposit.state = DepositState::Crediting;
        let record = deposit.record();
        scene.store.deposits().put_deposit(&record).await.unwrap();
        let given = |id: TransferId| collateral::Deposit {
            id,
            amount: "20".parse().unwrap(),
            source: Source::Chain(CHAIN),
            topup: None,
            reference: "what it said then".into(),
            wallet: None,
        };
        happens(&scene, |court| court.deposit(given(deposit.credit()))).await;
        scene.restart().await;
        if is_replaced {
            scene.world.lock().fork(1);
        }
        for _ in 0..9 {
            scene.mine(&[]);
        }
        for _ in 0..2 {
            scene.read().await;
        }
        let (state, free) = match is_replaced {
            false => (DepositState::Credited, "20"),
            true => (DepositState::Reversed, "0"),
        };
        assert_eq!(scene.states().await, [state]);
        assert_eq!(scene.pledged(1, USD), told(free, "0"));
        assert_eq!(scene.ground.books.audit(), []);
    }
}

#[tokio::test]
async fn what_collateral_does_not_take_stays_for_the_operator() {
    let mut scene = Scene::open(1).await;
    scene.mine(&[Act::Pledge(USDC, 3, 1_000_000)]);
    scene.mine(&vec![Act::Pledge(USDC, 1, 10); 513]);
    scene.bury();
    scene.read().await;
    let all = scene.deposits().await;
    let with = |why| all.iter().filter(move |it| it.why == Some(why));
    let astray = with(Unmatched::UnknownProvider).next().unwrap();
    let many = with(Unmatched::CollateralRefused).next().unwrap();
    assert_eq!(with(Unmatched::CollateralRefused).count(), 1);
    assert_eq!(scene.pledged(1, USD), told("0.00512", "0"));
    // A stranger's crumbs keep nobody from being given more by hand.
    let (store, keys) = (Arc::clone(&scene.store), scene.ground.keys.clone());
    let verdict = Verdict {
        by: "ops",
        why: Some("it was hers"),
    };
    let say =
        async |id: DepositId, owner| assign((&*store, &keys), None, (id, owner), verdict).await;
    let stranger = DepositOwner::Provider(ProviderId::from_u128(3));
    let refused = say(astray.id, stranger).await.unwrap_err();
    assert!(matches!(refused, DepositError::NoProvider { .. }));
    let first = DepositOwner::Provider(ProviderId::from_u128(1));
    let second = DepositOwner::Account(AccountId::from_u128(2));
    say(astray.id, first).await.unwrap();
    say(many.id, second).await.unwrap();
    for _ in 0..2 {
        scene.read().await;
        assert_eq!(scene.pledged(1, USD), told("1.00512", "0"));
        assert_eq!(scene.has(2, USD), "0.00001");
    }
    let other = say(many.id, first).await.unwrap_err();
    assert!(matches!(other, DepositError::NotUnmatched { .. }));
    let bond = scene.bond(1, USD);
    assert!(bond.deposits[&astray.credit()].wallet.is_some());
    let assigned = scene.deposits().await;
    let assigned = assigned.iter().find(|it| it.id == astray.id).unwrap();
    assert!(
        assigned
            .evidence()
            .ends_with("assigned by ops: it was hers")
    );
}

#[tokio::test]
async fn what_is_refused_stays_refused_through_forks() {
    let mut scene = Scene::open(1).await;
    scene.mine(&[]);
    scene.mine(&[Act::Plain(USDC, 5_000_000)]);
    scene.bury();
    scene.read().await;
    let id = the_one(&scene).await.id;
    let verdict = Verdict {
        by: "ops",
        why: Some("sent back from the treasury"),
    };
    for _ in 0..2 {
        let refused = refuse(&*scene.store, id, verdict).await.unwrap();
        assert_eq!(refused.state, DepositState::Refused);
    }
    let owner = DepositOwner::Account(AccountId::from_u128(1));
    let keys = scene.ground.keys.clone();
    let late = assign((&*scene.store, &keys), None, (id, owner), verdict).await;
    assert!(matches!(
        late.unwrap_err(),
        DepositError::NotUnmatched { .. }
    ));
    let gone = scene.world.lock().fork(4);
    for _ in 0..6 {
        scene.mine(&[]);
    }
    scene.read().await;
    scene.world.lock().mine_txs(gone);
    scene.bury();
    scene.read().await;
    let deposit = the_one(&scene).await;
    assert_eq!(deposit.state, DepositState::Refused);
    assert_eq!(
        deposit.reason.as_deref(),
        Some("sent back from the treasury")
    );
    assert_eq!(scene.has(1, USD), "0");
}

/// A token has no worth here until the operator has named it, with as many places as it says itself.
#[tokio::test]
async fn an_unknown_token_is_assigned_once_it_is_known_and_read_again() {
    let mut scene = Scene::open(1).await;
    scene.mine(&[Act::Foreign(4_000_000)]);
    scene.bury();
    scene.read().await;
    let id = the_one(&scene).await.id;
    let owner = DepositOwner::Provider(ProviderId::from_u128(2));
    let verdict = Verdict {
        by: "ops",
        why: None,
    };
    let say = async |scene: &Scene| {
        let (store, keys) = (&*scene.store, &scene.ground.keys);
        assign(
            (store, keys),
            Some(&scene.ground.options),
            (id, owner),
            verdict,
        )
        .await
    };
    let refused = say(&scene).await.unwrap_err();
    assert!(
        matches!(refused, DepositError::UnknownToken { token } if token == FOREIGN),
        "{refused}"
    );
    let takes = |scene: &mut Scene, decimals| {
        let mut options = (*scene.ground.options).clone();
        options.tokens.truncate(2);
        options
            .tokens
            .push(Token::new("NEW", FOREIGN, decimals, USD));
        scene.ground.options = Arc::new(options);
    };
    takes(&mut scene, 8);
    say(&scene).await.unwrap();
    let error = scene.turn().await.unwrap_err();
    let is_told = matches!(
        &error,
        WatchError::Mismatch(Mismatch::Decimals { expected: 8, .. })
    );
    assert!(is_told, "{error}");
    assert_eq!(scene.pledged(2, USD), told("0", "0"));
    takes(&mut scene, 6);
    for _ in 0..2 {
        scene.read().await;
        assert_eq!(scene.pledged(2, USD), told("4", "0"));
    }
    assert_eq!(scene.has(1, USD), "0", "its reference named an account");
    assert_eq!(scene.states().await, [DepositState::Credited]);
}
