//! What a request does to the ledger, from its hold to its shares.

use swan_core::ledger::{Account, Applied, Field, Group, HoldState, Ledger, Reason, entries};
use swan_core::{Currency, TransferId};

use super::{account, at, pico, provider, record, terms};

const USD: Currency = Currency::Usd;
const A: Account = Account::Consumer(swan_core::AccountId::from_u128(1));

const fn usd(account: Account) -> swan_core::ledger::AccountKey {
    account.in_currency(USD)
}

fn id(n: u128) -> TransferId {
    TransferId::from_u128(n)
}

#[test]
fn a_request_is_held_charged_and_shared_out() {
    let mut ledger = Ledger::new();
    let mut apply = |group: &Group| {
        ledger
            .apply(group, at(5))
            .map_err(|rejected| rejected.reason)
    };
    let terms = terms(7, 1, 1_000, 99);
    let parts = [pico(190), pico(10), pico(0), pico(0)];
    let settle = |parts| entries::settle(&terms, record(Some(provider(4)), parts)).unwrap();
    assert_eq!(
        apply(&entries::grant(id(1), account(1), USD, pico(1_500), "x")),
        CREATED_OK
    );
    assert_eq!(apply(&entries::hold(&terms)), CREATED_OK);
    assert_eq!(
        apply(&settle([pico(1_001), pico(0), pico(0), pico(0)])),
        Err(Reason::HoldAmountDiffers { held: pico(1_000) })
    );
    assert_eq!(apply(&settle(parts)), CREATED_OK);
    assert_eq!(apply(&settle(parts)), Ok(Applied::Exists));
    assert_eq!(
        apply(&settle([pico(1), pico(0), pico(0), pico(0)])),
        Err(Reason::IdConflict(Field::Amount))
    );
    assert_eq!(
        apply(&entries::release(&terms, "late".into())),
        Err(Reason::HoldEnded(HoldState::Posted))
    );
    assert_eq!(ledger.available(&usd(A)), pico(1_300));
    assert_eq!(
        ledger.available(&usd(Account::ProviderEarnings(provider(4)))),
        pico(190)
    );
    assert_eq!(ledger.available(&usd(Account::GrowthFund)), pico(10));
    assert_eq!(ledger.audit(), []);
}

const CREATED_OK: Result<Applied, Reason> = Ok(Applied::Created);

#[test]
fn a_charge_of_nothing_releases_and_the_hubs_own_endpoint_earns_for_the_treasury() {
    let mut ledger = Ledger::new();
    let mut apply = |group: &Group| ledger.apply(group, at(5)).map(|_| ()).unwrap();
    apply(&entries::grant(id(1), account(1), USD, pico(1_000), "x"));
    let (free, own) = (terms(7, 1, 1_000, 99), terms(8, 1, 1_000, 99));
    apply(&entries::hold(&free));
    apply(&entries::settle(&free, record(Some(provider(4)), [pico(0); 4])).unwrap());
    apply(&entries::hold(&own));
    let parts = [pico(95), pico(3), pico(1), pico(1)];
    apply(&entries::settle(&own, record(None, parts)).unwrap());
    assert_eq!(ledger.available(&usd(A)), pico(900));
    assert_eq!(ledger.available(&usd(Account::Treasury)), pico(96));
    assert_eq!(ledger.available(&usd(Account::Burn)), pico(1));
    assert_eq!(ledger.audit(), []);
}

#[test]
fn a_record_that_contradicts_itself_settles_nothing() {
    use entries::RecordError as E;
    let mut wrong = record(None, [pico(95), pico(5), pico(0), pico(0)]);
    wrong.gross = pico(101);
    assert_eq!(
        entries::settle(&terms(1, 1, 500, 9), wrong),
        Err(E::PartsDiffer)
    );
    let negative = record(None, [pico(105), pico(-5), pico(0), pico(0)]);
    assert_eq!(
        entries::settle(&terms(1, 1, 500, 9), negative),
        Err(E::Negative)
    );
}

#[test]
fn requests_are_forgotten_after_the_window_and_grants_never() {
    let mut ledger = Ledger::with_window(4);
    let grant = entries::grant(id(1), account(1), USD, pico(1_000), "x");
    assert_eq!(ledger.apply(&grant, at(1)), Ok(Applied::Created));
    for request in 10..20 {
        let terms = terms(request, 1, 100, 99);
        let _ = ledger.apply(&entries::hold(&terms), at(1)).unwrap();
        let release = entries::release(&terms, "x".into());
        assert_eq!(ledger.apply(&release, at(1)), Ok(Applied::Created));
        assert_eq!(ledger.apply(&release, at(1)), Ok(Applied::Exists));
    }
    assert_eq!(ledger.apply(&grant, at(1)), Ok(Applied::Exists));
    let old = entries::release(&terms(10, 1, 100, 99), "x".into());
    assert_eq!(
        ledger.apply(&old, at(1)).unwrap_err().reason,
        Reason::HoldNotFound
    );
    assert_eq!(ledger.available(&usd(A)), pico(1_000));
}
