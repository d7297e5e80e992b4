//! Deposits in SWAN under a policy that rewards them in the place of a discount.

use swan_core::ledger::{BonusRecord, Rule};

use super::super::finish::finish;
use super::super::{DepositOwner, Verdict};
use super::*;
use crate::ledger::{Explainer, StatementQuery, Subject, statement};

const USDC: u8 = 0;
const SWAN: u8 = 1;
const WHOLE: u128 = 1_000_000_000_000_000_000;

/// 20 % more credit, and no discount.
pub(super) fn rewarding() -> Policy {
    let default = Policy::swan_2_0();
    let text = default.to_toml();
    let text = text.replace("swan = \"discount\"", "swan = \"deposit_bonus\"");
    let text = text.replace(
        "swan_discount_bps = 2_000",
        "swan_deposit_bonus_bps = 2_000",
    );
    Policy::from_toml(&text).unwrap()
}

async fn rewarded() -> Scene {
    Scene::open_under(3, rewarding()).await
}

/// What moved on an account in SWAN.
async fn lines(scene: &Scene, account: u128) -> Vec<(Rule, String)> {
    scene.ground.books.flush().await.unwrap();
    let query = StatementQuery {
        account: Account::Consumer(AccountId::from_u128(account)).in_currency(Currency::Swan),
        from: Timestamp::EPOCH,
        to: Timestamp::MAX,
        from_entry: None,
        limit: 100,
    };
    let told = statement(&*scene.store, &query).await.unwrap();
    let lines = told.lines.iter();
    lines
        .map(|line| (line.rule, line.amount.to_string()))
        .collect()
}

#[tokio::test]
async fn a_deposit_in_swan_brings_a_fifth_more_and_one_in_dollars_does_not() {
    let mut scene = rewarded().await;
    scene.mine(&[
        Act::Deposit(SWAN, 1, 10 * WHOLE),
        Act::Deposit(USDC, 1, 7_000_000),
    ]);
    scene.bury();
    for _ in 0..3 {
        scene.read().await;
        assert_eq!(scene.has(1, Currency::Swan), "12");
        assert_eq!(scene.has(1, Currency::Usd), "7");
    }
    scene.restart().await;
    scene.read().await;
    assert_eq!(
        lines(&scene, 1).await,
        [
            (Rule::Deposit, "10".to_owned()),
            (Rule::DepositBonus, "2".to_owned())
        ]
    );
    let grants = Account::Grants.in_currency(Currency::Swan);
    let given = scene.ground.books.balance_of(&grants).given();
    assert_eq!(given.to_string(), "2", "it comes from the grants");

    let all = scene.deposits().await;
    let swan = all.iter().find(|one| one.currency == Some(Currency::Swan));
    let explainer = Explainer::new(Arc::clone(&scene.store));
    let told = explainer.explain(Subject::Deposit(swan.unwrap().id)).await;
    let told = told.unwrap().unwrap();
    assert_eq!(told.steps.len(), 2, "{told}");
    let says = &told.steps[1].says;
    assert!(says.starts_with("2 SWAN from grants"), "{says}");
    assert!(says.contains("20% of the 10 of dep-"), "{says}");
    let notes = told.notes.join("\n");
    assert!(notes.contains("is given on top by swan-2.0"), "{notes}");
}

#[tokio::test]
async fn a_fork_takes_the_bonus_back_with_its_deposit_and_gives_both_again() {
    let mut scene = rewarded().await;
    scene.mine(&[]);
    scene.mine(&[Act::Deposit(SWAN, 1, 10 * WHOLE)]);
    scene.bury();
    scene.read().await;
    assert_eq!(scene.has(1, Currency::Swan), "12");
    // Of what came in 11.5 are spent when the chain is replaced.
    let request = HoldRequest {
        currency: Currency::Swan,
        ..hold_of(1, "11.5")
    };
    let hold = scene.ground.books.hold(request).unwrap();
    let gone = scene.world.lock().fork(4);
    for _ in 0..6 {
        scene.mine(&[]);
    }
    scene.read().await;
    let stands = |scene: &Scene| (scene.has(1, Currency::Swan), scene.owes(1, Currency::Swan));
    assert_eq!(stands(&scene), ("0".into(), "11.5".into()));
    assert_eq!(scene.count(DepositNews::Frozen), 1);
    hold.release("test");
    assert_eq!(stands(&scene), ("0".into(), "0".into()));
    scene.world.lock().mine_txs(gone);
    scene.bury();
    scene.read().await;
    assert_eq!(stands(&scene), ("12".into(), "0".into()));
    assert_eq!(scene.ground.books.audit(), []);
}

/// As it is written down when the block is final, whatever the policy has become since.
#[tokio::test]
async fn a_bonus_is_what_the_policy_said_when_the_deposit_was_final() {
    let mut scene = rewarded().await;
    scene.mine(&[Act::Plain(SWAN, 10 * WHOLE)]);
    scene.bury();
    scene.read().await;
    scene.ground.policy = Arc::new(Policy::swan_2_0());
    let unmatched = scene.deposits().await.remove(0);
    let (store, keys) = (Arc::clone(&scene.store), scene.ground.keys.clone());
    let account = AccountId::from_u128(2);
    let (by, why) = ("ops", None);
    let of = (unmatched.id, DepositOwner::Account(account));
    let assigned = super::super::assign((&*store, &keys), None, of, Verdict { by, why }).await;
    assert_eq!(assigned.unwrap().state, DepositState::Crediting);
    scene.read().await;
    assert_eq!(scene.has(2, Currency::Swan), "12");
    // One that becomes final afterwards has none, as the discount is there again.
    scene.mine(&[Act::Deposit(SWAN, 1, 10 * WHOLE)]);
    scene.bury();
    scene.read().await;
    assert_eq!(scene.has(1, Currency::Swan), "10");
}

/// A crash between the two groups: what was credited without its bonus gets it, and what is lost then loses no bonus.
#[tokio::test]
async fn a_crash_between_a_deposit_and_its_bonus_loses_neither() {
    for is_lost in [false, true] {
        let mut scene = rewarded().await;
        scene.mine(&[]);
        scene.mine(&[Act::Deposit(SWAN, 1, 10 * WHOLE)]);
        scene.bury();
        // The hub dies behind the first group: the row says crediting, and the bonus is not in the books.
        let policy = std::mem::replace(&mut scene.ground.policy, Arc::new(Policy::swan_2_0()));
        scene.read().await;
        assert_eq!(scene.has(1, Currency::Swan), "10");
        let mut deposit = scene.deposits().await.remove(0);
        deposit.state = DepositState::Crediting;
        deposit.bonus = Some(super::super::Bonus {
            bps: 2_000,
            policy: policy.stamp().clone(),
        });
        let record = deposit.record();
        scene.store.deposits().put_deposit(&record).await.unwrap();
        deposit.revision = record.revision;
        scene.ground.policy = policy;
        scene.restart().await;
        if is_lost {
            scene.ground.lost(deposit).await.unwrap();
            assert_eq!(scene.has(1, Currency::Swan), "0");
        } else {
            finish(&scene.ground, &mut deposit).await.unwrap();
            assert_eq!(scene.has(1, Currency::Swan), "12");
        }
        assert_eq!(scene.owes(1, Currency::Swan), "0");
        assert_eq!(scene.ground.books.audit(), []);
    }
}

#[test]
fn what_is_too_little_for_a_bonus_has_none() {
    let id = swan_core::DepositId::from_u128(1);
    for (pico, bps, expected) in [
        (1, 2_000, 0),
        (2, 2_000, 0),
        (3, 2_000, 1),
        (5, 2_000, 1),
        (1_000_000_000_001, 2_000, 200_000_000_000),
        (10, 0, 0),
        (10, 20_000, 0),
    ] {
        let record = BonusRecord {
            deposit: id,
            credited: Amount::from_pico(pico).unwrap(),
            bps,
        };
        assert_eq!(record.amount().pico(), expected, "{pico} x {bps}");
    }
}
