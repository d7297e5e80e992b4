use swan_core::collateral::{CollateralAccount, CollateralError, Position, shortfall};
use swan_core::hardware::HardwareTier;
use swan_core::{Currency, Policy};

use super::{DAY, after, amount, apply, at, confirm_deposit, deposit, impound, lock, request};

#[test]
fn what_is_missing_is_said_with_its_deadline() {
    let policy = Policy::swan_2_0();
    let rules = policy.collateral().unwrap();
    let mut position = Position::new(Currency::Usd);
    position.tier = Some(HardwareTier::A);
    let required = rules.rule().unwrap().required(&position).unwrap();
    let short =
        |account: &CollateralAccount| shortfall(account, &required, rules, policy.stamp()).unwrap();

    let mut account = after(&[
        (0, deposit(1, "19.99")),
        (0, confirm_deposit(1)),
        (0, deposit(2, "0.01")),
    ]);
    let found = short(&account).unwrap();
    assert_eq!(
        (found.missing, found.currency, found.until),
        (amount("0.01"), Currency::Usd, None)
    );
    let text = found.grounds.to_string();
    assert!(
        text.contains("collateral was 19.99 USD, needed 20 USD"),
        "{text}"
    );
    assert!(
        text.ends_with("announced and not arrived was 0.01 USD"),
        "{text}"
    );

    for event in [confirm_deposit(2), lock(1, "5")] {
        apply(&mut account, &event, 1).unwrap();
    }
    assert_eq!(short(&account), None);

    apply(&mut account, &impound(1, "2", 1), DAY).unwrap();
    let found = short(&account).unwrap();
    assert_eq!(
        (found.missing, found.until),
        (amount("2"), Some(at(3 * DAY)))
    );
    assert!(
        found
            .grounds
            .to_string()
            .ends_with("set aside for penalties was 2 USD")
    );

    apply(&mut account, &request(3, "15"), DAY).unwrap();
    assert_eq!(short(&account).unwrap().missing, amount("17"));

    let swan = CollateralAccount::new(Currency::Swan);
    let currency = Currency::Usd;
    assert_eq!(
        shortfall(&swan, &required, rules, policy.stamp()),
        Err(CollateralError::Currency { currency })
    );
}
