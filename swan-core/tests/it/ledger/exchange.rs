//! Earnings that become earnings in another currency: how much, to the last unit, and what an audit takes for it.

use proptest::prelude::*;
use swan_core::ledger::entries::ExchangeSide;
use swan_core::ledger::{
    Account, Applied, Breach, Cause, Detail, Entry, ExchangeRecord, ExchangeTerms, Group,
    JournalAudit, Kind, Ledger, Rule, Transfer, entries,
};
use swan_core::{Amount, Currency, ExchangeRate, MoneyError, StampedRate, TransferId};

use super::{at, pico, provider};

const USD: Currency = Currency::Usd;
const SWAN: Currency = Currency::Swan;

fn stamped(usd: &str) -> StampedRate {
    StampedRate::new(usd.parse().unwrap(), "a feed", at(7))
}

fn other(currency: Currency) -> Currency {
    match currency {
        Currency::Usd => SWAN,
        _ => USD,
    }
}

/// What is exchanged of so much, with so much in stock: given and gotten, in 10^-12.
fn exchanged(
    from: Currency,
    earned: i128,
    stock: i128,
    rate: &StampedRate,
) -> Option<(i128, i128)> {
    let sums = (pico(earned), pico(stock));
    let record = ExchangeRecord::of(provider(1), (from, other(from)), sums, rate);
    record.unwrap().map(|one| (one.gave.pico(), one.got.pico()))
}

#[test]
fn what_is_paid_is_rounded_down_once_and_never_more_than_there_is() {
    const ONE: i128 = Amount::PICO_PER_UNIT;
    for (from, usd, earned, stock, expected) in [
        // 95 dollars at half a dollar, and back.
        (
            USD,
            "0.5",
            95 * ONE,
            1_000 * ONE,
            Some((95 * ONE, 190 * ONE)),
        ),
        (
            SWAN,
            "0.5",
            190 * ONE,
            1_000 * ONE,
            Some((190 * ONE, 95 * ONE)),
        ),
        // A third has no end, so the last unit stays with the exchange.
        (USD, "0.3", ONE, ONE * 9, Some((ONE, 3_333_333_333_333))),
        (SWAN, "0.3", 10, 100, Some((10, 3))),
        // Less than the smallest amount is not exchanged.
        (SWAN, "0.3", 3, 100, None),
        (SWAN, "0.3", 4, 100, Some((4, 1))),
        (USD, "5", 4, 100, None),
        (USD, "5", 9, 100, Some((9, 1))),
        // What is in stock is the most, and only as much is taken as it pays.
        (USD, "0.5", 95 * ONE, 60 * ONE, Some((30 * ONE, 60 * ONE))),
        (SWAN, "0.5", 95 * ONE, 7, Some((14, 7))),
        (USD, "0.3", ONE, 10, Some((3, 10))),
        (USD, "0.5", 95, 1, None),
        (USD, "0.5", 95, 0, None),
        (USD, "0.5", 0, 100, None),
        // A stock beyond what money can be in the other currency is enough.
        (
            USD,
            "1000000",
            ONE,
            Amount::MAX.pico(),
            Some((ONE, 1_000_000)),
        ),
    ] {
        let found = exchanged(from, earned, stock, &stamped(usd));
        assert_eq!(
            found, expected,
            "{earned} {from} at {usd}, {stock} in stock"
        );
    }
    let rate: ExchangeRate = "0.000000000001".parse().unwrap();
    assert_eq!(rate.convert(Amount::MAX, USD), Err(MoneyError::OutOfRange));
    let sums = (pico(1), pico(1));
    let same = ExchangeRecord::of(provider(1), (USD, USD), sums, &stamped("1"));
    assert_eq!(same, Ok(None));
}

fn terms(id: u128, record: ExchangeRecord) -> ExchangeTerms {
    ExchangeTerms {
        id: TransferId::from_u128(id),
        policy: None,
        record,
    }
}

fn fund(id: u128, currency: Currency, amount: i128) -> Group {
    let id = TransferId::from_u128(id);
    let from = ExchangeSide::Outside;
    entries::fund_exchange(id, from, currency, pico(amount), "ops")
}

/// As a charge would bring it.
fn earn(id: u128, currency: Currency, amount: i128) -> Group {
    let transfer = Transfer {
        id: TransferId::from_u128(id),
        kind: Kind::Posted,
        debit: Account::Grants.in_currency(currency),
        credit: Account::ProviderEarnings(provider(1)).in_currency(currency),
        amount: pico(amount),
    };
    Group {
        transfers: vec![transfer],
        cause: Cause {
            rule: Rule::Grant,
            request: None,
            policy: None,
            detail: Detail::None,
        },
    }
}

fn balance(ledger: &Ledger, account: Account, currency: Currency) -> i128 {
    ledger
        .balance(&account.in_currency(currency))
        .posted()
        .pico()
}

/// What is wrong with a journal of these.
fn audited(groups: &[Group]) -> Vec<Breach> {
    let mut audit = JournalAudit::new();
    for (seq, group) in (1..).zip(groups) {
        let group = group.clone();
        audit.observe(&Entry {
            seq,
            at: at(1),
            group,
        });
    }
    audit.finish().breaches
}

#[test]
fn both_sides_move_or_none() {
    let sums = (pico(95), pico(1_000));
    let record = ExchangeRecord::of(provider(1), (USD, SWAN), sums, &stamped("0.5"));
    let group = entries::exchange(&terms(9, record.unwrap().unwrap()));
    let earnings = Account::ProviderEarnings(provider(1));
    let mut ledger = Ledger::new();
    let _ = ledger.apply(&earn(1, USD, 95), at(1)).unwrap();
    // The stock is too small by one unit, so nothing moves at all.
    let _ = ledger.apply(&fund(2, SWAN, 189), at(1)).unwrap();
    assert!(ledger.apply(&group, at(1)).is_err());
    assert_eq!(balance(&ledger, earnings, USD), 95);
    let _ = ledger.apply(&fund(3, SWAN, 1), at(1)).unwrap();
    assert_eq!(ledger.apply(&group, at(1)), Ok(Applied::Created));
    assert_eq!(ledger.apply(&group, at(1)), Ok(Applied::Exists));
    let found = [
        (earnings, USD),
        (earnings, SWAN),
        (Account::Exchange, USD),
        (Account::Exchange, SWAN),
    ];
    let found = found.map(|(account, currency)| balance(&ledger, account, currency));
    assert_eq!(found, [0, 190, 95, 0]);
    assert_eq!(ledger.audit(), []);
    // The operator takes the dollars out, and no more than there are.
    let out = |id, to, amount| {
        let id = TransferId::from_u128(id);
        entries::empty_exchange(id, to, USD, pico(amount), "ops")
    };
    assert!(
        ledger
            .apply(&out(4, ExchangeSide::Outside, 96), at(1))
            .is_err()
    );
    for (id, to, amount) in [
        (5, ExchangeSide::Outside, 90),
        (6, ExchangeSide::Treasury, 5),
    ] {
        assert_eq!(
            ledger.apply(&out(id, to, amount), at(1)),
            Ok(Applied::Created)
        );
    }
    assert_eq!(balance(&ledger, Account::TakenOut, USD), 90);
    assert_eq!(balance(&ledger, Account::Treasury, USD), 5);
}

#[test]
fn an_audit_refuses_what_is_not_at_the_rate_that_it_names() {
    let sums = (pico(95), pico(1_000));
    let record = ExchangeRecord::of(provider(1), (USD, SWAN), sums, &stamped("0.5"));
    let record = record.unwrap().unwrap();
    let good = entries::exchange(&terms(9, record.clone()));
    let before = [earn(1, USD, 95), fund(2, SWAN, 1_000), fund(3, USD, 1_000)];
    let audited = |group: &Group| {
        let mut all = before.to_vec();
        all.push(group.clone());
        audited(&all)
    };
    assert_eq!(audited(&good), []);
    let mut more = good.clone();
    more.transfers[1].amount = pico(191);
    let mut told_more = entries::exchange(&terms(
        9,
        ExchangeRecord {
            got: pico(191),
            ..record.clone()
        },
    ));
    let mut less = entries::exchange(&terms(
        9,
        ExchangeRecord {
            got: pico(189),
            ..record
        },
    ));
    let mut one_side = good.clone();
    one_side.transfers.pop();
    let mut other_payee = good.clone();
    other_payee.transfers[1].credit = Account::ProviderEarnings(provider(2)).in_currency(SWAN);
    let mut from_treasury = good.clone();
    from_treasury.transfers[0].credit = Account::Treasury.in_currency(USD);
    let mut no_evidence = good.clone();
    no_evidence.cause.detail = Detail::Note("an exchange".into());
    let mut other_rule = good;
    other_rule.cause.rule = Rule::ExchangeFunded;
    for odd in [
        &mut more,
        &mut told_more,
        &mut less,
        &mut one_side,
        &mut other_payee,
        &mut from_treasury,
        &mut no_evidence,
        &mut other_rule,
    ] {
        assert_eq!(audited(odd), [Breach::Malformed { seq: 4 }], "{odd:?}");
    }
    let mut stolen = fund(9, SWAN, 5);
    stolen.transfers[0].debit = Account::ProviderEarnings(provider(1)).in_currency(USD);
    stolen.transfers[0].credit = Account::Exchange.in_currency(USD);
    assert_eq!(audited(&stolen), [Breach::Malformed { seq: 4 }]);
}

/// Journals hold positions: a variant that moves makes an old file say something else.
#[test]
fn the_places_of_rules_accounts_and_evidence_stay() {
    fn place(value: &impl serde::Serialize) -> u8 {
        let mut bytes = [0; 256];
        postcard::to_slice(value, &mut bytes).unwrap()[0]
    }
    let rules = [
        Rule::DepositReversed,
        Rule::DepositBonus,
        Rule::DepositBonusReversed,
        Rule::Exchange,
        Rule::ExchangeFunded,
        Rule::ExchangeEmptied,
    ];
    assert_eq!(rules.map(|rule| place(&rule)), [32, 33, 34, 35, 36, 37]);
    let accounts = [Account::Chain, Account::Exchange, Account::TakenOut];
    assert_eq!(accounts.map(|account| place(&account)), [17, 20, 21]);
    let sums = (pico(95), pico(1_000));
    let record = ExchangeRecord::of(provider(1), (USD, SWAN), sums, &stamped("0.5"));
    let evidence = Detail::Exchange(record.unwrap().unwrap());
    assert_eq!((place(&Detail::None), place(&evidence)), (0, 6));
}

#[derive(Clone, Debug)]
enum Step {
    Earn(bool, i128),
    Fund(bool, i128),
    Empty(bool, i128),
    /// From the one or the other currency, at such a rate.
    Exchange(bool, i128),
}

fn step() -> impl Strategy<Value = Step> {
    let amount = || prop_oneof![0_i128..50, 0_i128..1_000_000, Just(1_000_000_000_000)];
    prop_oneof![
        3 => (any::<bool>(), amount()).prop_map(|(is_usd, amount)| Step::Earn(is_usd, amount)),
        2 => (any::<bool>(), amount()).prop_map(|(is_usd, amount)| Step::Fund(is_usd, amount)),
        1 => (any::<bool>(), amount()).prop_map(|(is_usd, amount)| Step::Empty(is_usd, amount)),
        5 => (any::<bool>(), 1_i128..5_000_000_000_000)
            .prop_map(|(is_usd, rate)| Step::Exchange(is_usd, rate)),
    ]
}

const fn currency(is_usd: bool) -> Currency {
    if is_usd { USD } else { SWAN }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No unit is made or lost in either currency, no stock is below zero, and nobody gets more than the rate allows.
    #[test]
    fn exchanges_make_and_lose_nothing(steps in prop::collection::vec(step(), 1..60)) {
        let (mut ledger, mut journal) = (Ledger::new(), Vec::new());
        let earnings = Account::ProviderEarnings(provider(1));
        for (id, step) in (1_u128..).zip(steps) {
            let group = match step {
                Step::Earn(is_usd, amount) => earn(id, currency(is_usd), amount),
                Step::Fund(is_usd, amount) => fund(id, currency(is_usd), amount),
                Step::Empty(is_usd, amount) => {
                    let to = ExchangeSide::Outside;
                    let id = TransferId::from_u128(id);
                    entries::empty_exchange(id, to, currency(is_usd), pico(amount), "ops")
                }
                Step::Exchange(is_usd, rate) => {
                    let from = currency(is_usd);
                    let usd = ExchangeRate::usd_per_swan(pico(rate)).unwrap();
                    let rate = StampedRate::new(usd, "a feed", at(1));
                    let earned = ledger.available(&earnings.in_currency(from));
                    let stock = ledger.available(&Account::Exchange.in_currency(other(from)));
                    let pair = (from, other(from));
                    let record = ExchangeRecord::of(provider(1), pair, (earned, stock), &rate);
                    let Some(record) = record.unwrap() else { continue };
                    prop_assert!(record.gave <= earned && record.got <= stock);
                    // In whole numbers, without any division: what it got is worth no more than what it gave.
                    let (gave, got) = (record.gave.pico(), record.got.pico());
                    let (one, usd) = (Amount::PICO_PER_UNIT, usd.usd().pico());
                    let (gave, got) = match from {
                        Currency::Usd => (gave * one, got * usd),
                        _ => (gave * usd, got * one),
                    };
                    prop_assert!(got <= gave);
                    let group = entries::exchange(&terms(id, record));
                    prop_assert!(ledger.apply(&group, at(1)).is_ok(), "what is planned can be done");
                    journal.push(group);
                    continue;
                }
            };
            if ledger.apply(&group, at(1)).is_ok() {
                journal.push(group);
            }
        }
        prop_assert_eq!(audited(&journal), vec![]);
        for currency in Currency::ALL {
            let all = [earnings, Account::Exchange, Account::TakenOut];
            let sum: i128 = all.iter().map(|one| balance(&ledger, *one, currency)).sum();
            prop_assert_eq!(sum, -balance(&ledger, Account::Grants, currency));
            prop_assert!(balance(&ledger, Account::Exchange, currency) >= 0);
        }
    }
}
