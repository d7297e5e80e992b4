//! Explains a balance: what of it each rule has brought, and what happened last.

use std::collections::{BTreeMap, VecDeque};

use swan_core::ledger::{Account, AccountKey, Balance, Entry, Kind, Ledger, Rule};
use swan_core::{Amount, Currency};

use super::charge::step;
use super::facts::{BalanceOf, ByRule, Explanation, Owners};
use super::find;
use crate::store::{Store, StoreError};

/// How many of the latest entries are told.
const LATEST: usize = 20;

/// How many transfers, what they credited, and what they debited.
type Sums = BTreeMap<(Currency, Rule), (u64, Amount, Amount)>;

/// The balance of an account, from the whole journal; `None` when it has none.
pub(super) async fn of(
    store: &dyn Store,
    account: Account,
) -> Result<Option<Explanation>, StoreError> {
    let mut ledger = Ledger::new();
    let mut sums = Sums::new();
    let mut latest: VecDeque<Entry> = VecDeque::with_capacity(LATEST);
    find::all(store, |entry| {
        // What cannot be applied is for `audit` to name.
        if ledger.apply(&entry.group, entry.at).is_err() || !add(&mut sums, &entry, account) {
            return;
        }
        if latest.len() == LATEST {
            latest.pop_front();
        }
        latest.push_back(entry);
    })
    .await?;
    if latest.is_empty() {
        return Ok(None);
    }
    let balance = |currency| (currency, ledger.balance(&account.in_currency(currency)));
    let used = Currency::ALL
        .into_iter()
        .map(balance)
        .filter(|(_, balance)| *balance != Balance::default());
    let balances = used
        .map(|(currency, balance)| BalanceOf {
            by_rule: by_rule(&sums, currency),
            ..counters(currency, &balance)
        })
        .collect();
    let mut told = of_counters(account, balances);
    told.steps = latest.iter().map(step).collect();
    told.notes = beside(account, |key| ledger.balance(&key));
    Ok(Some(told))
}

/// The explanation of these counters alone.
pub(crate) fn of_counters(account: Account, balances: Vec<BalanceOf>) -> Explanation {
    let (id, kind) = match account {
        Account::Consumer(id) => (id.to_string(), "account"),
        Account::ProviderEarnings(id) => (id.to_string(), "provider"),
        other => (other.to_string().replace(' ', "-"), "account"),
    };
    let sums: Vec<String> = balances
        .iter()
        .map(|one| {
            let BalanceOf { currency, balance, held, credited, debited, .. } = one;
            format!("{credited} credited - {debited} debited = {balance} {currency}, of which {held} is set aside")
        })
        .collect();
    Explanation {
        id,
        kind,
        request: None,
        summary: sums.join("; "),
        said: Vec::new(),
        steps: Vec::new(),
        charge: None,
        attempts: Vec::new(),
        balances,
        notes: Vec::new(),
        owners: Owners::of_accounts([account; 2]),
    }
}

/// What else there is of the same owner, which is not part of the balance.
pub(crate) fn beside(account: Account, balance: impl Fn(AccountKey) -> Balance) -> Vec<String> {
    let others = match account {
        Account::Consumer(id) => vec![(Account::Shortfall(id), "owed")],
        Account::ProviderEarnings(id) => vec![
            (Account::PayingOut(id), "set apart to be paid out"),
            (Account::Collateral(id), "of collateral that is free"),
            (
                Account::CollateralLocked(id),
                "of collateral that is bound to jobs",
            ),
            (
                Account::CollateralImpounded(id),
                "of collateral that is impounded",
            ),
            (
                Account::CollateralLeaving(id),
                "of collateral that was asked back",
            ),
            (Account::CollateralOwed(id), "of collateral owed"),
        ],
        _ => Vec::new(),
    };
    let mut notes = Vec::new();
    for (other, what) in others {
        for currency in Currency::ALL {
            let there = balance(other.in_currency(currency));
            let amount = match other {
                Account::Shortfall(_) | Account::CollateralOwed(_) => there.given(),
                _ => there.posted(),
            };
            if !amount.is_zero() {
                notes.push(format!("beside it there is {amount} {currency} {what}"));
            }
        }
    }
    notes
}

/// The counters of an account, as they are told.
pub(crate) fn counters(currency: Currency, balance: &Balance) -> BalanceOf {
    BalanceOf {
        currency: currency.code(),
        balance: balance.posted(),
        held: balance.debits_pending,
        credited: balance.credits_posted,
        debited: balance.debits_posted,
        by_rule: Vec::new(),
    }
}

fn by_rule(sums: &Sums, currency: Currency) -> Vec<ByRule> {
    let of_currency = sums.iter().filter(|((of, _), _)| *of == currency);
    of_currency
        .map(|((_, rule), (transfers, credited, debited))| ByRule {
            rule: rule.as_str(),
            transfers: *transfers,
            credited: *credited,
            debited: *debited,
        })
        .collect()
}

/// Adds what an entry posts to an account; answers whether it has anything to do with it.
fn add(sums: &mut Sums, entry: &Entry, account: Account) -> bool {
    let mut is_own = false;
    for transfer in &entry.group.transfers {
        let is_credit = transfer.credit.account == account;
        let is_debit = transfer.debit.account == account;
        is_own |= is_credit || is_debit;
        let moves = matches!(transfer.kind, Kind::Posted | Kind::Post { .. });
        if !moves || !(is_credit || is_debit) {
            continue;
        }
        let sum = sums
            .entry((transfer.debit.currency, entry.group.cause.rule))
            .or_default();
        sum.0 += 1;
        let side = if is_credit { &mut sum.1 } else { &mut sum.2 };
        // The ledger has applied it, so the sum is an amount.
        *side = side.checked_add(transfer.amount).unwrap_or(*side);
    }
    is_own
}
