//! What came into the growth fund in a month, from whom and for what it was spent.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::ledger::{Account, Detail, Entry, Rule};
use swan_core::{Amount, Currency, ModelId, ProviderId};

use super::earnings::{add, moved};
use super::usage::GROUPS_MAX;
use super::{Charged, Month, UsageError};
use crate::ledger::{Walk, balance_at};
use crate::store::Store;

/// The growth fund in one month. Amounts are decimal strings in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct GrowthFundReport {
    /// `growth_fund_report`.
    pub object: &'static str,
    /// The month in UTC.
    #[schemars(with = "String")]
    pub month: Month,
    /// Whether the month is over, so that its figures stay.
    pub is_final: bool,
    /// One for each currency.
    pub currencies: Vec<FundOf>,
}

/// The fund in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct FundOf {
    /// Counted in what.
    pub currency: &'static str,
    /// The balance at the month's beginning.
    #[schemars(with = "String")]
    pub opening: Amount,
    /// What came in.
    #[schemars(with = "String")]
    pub income: Amount,
    /// What went out.
    #[schemars(with = "String")]
    pub spent: Amount,
    /// The balance at its end, or now: opening and income less what was spent.
    #[schemars(with = "String")]
    pub closing: Amount,
    /// The fund's shares of charges, by who served and with what model.
    pub income_by: Vec<Income>,
    /// What else came in, and what went out, by why.
    pub moves: Vec<FundMove>,
}

/// The fund's share of the charges of one provider and model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Income {
    /// Who served; `None` for an endpoint of the hub itself.
    pub provider: Option<String>,
    /// The model.
    pub model: String,
    /// How many requests.
    pub requests: u64,
    /// What consumers paid.
    #[schemars(with = "String")]
    pub gross: Amount,
    /// The fund's share of it.
    #[schemars(with = "String")]
    pub amount: Amount,
}

/// Movements for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct FundMove {
    /// The rule.
    pub rule: &'static str,
    /// What was noted.
    pub reason: Option<String>,
    /// How many.
    pub times: u64,
    /// How much, below zero when it was spent.
    #[schemars(with = "String")]
    pub amount: Amount,
}

#[derive(Default)]
struct Gathered {
    income: BTreeMap<(Option<ProviderId>, ModelId), (u64, Amount, Amount)>,
    moves: BTreeMap<(Rule, Option<String>, bool), (u64, Amount)>,
}

/// Reads the growth fund's month from the journal.
///
/// # Errors
/// [`UsageError::Groups`], or when the journal cannot be read.
pub async fn growth_fund(
    store: &Arc<dyn Store>,
    month: Month,
    now: swan_core::Timestamp,
) -> Result<GrowthFundReport, UsageError> {
    let mut all: BTreeMap<Currency, Gathered> = BTreeMap::new();
    let mut walk = Walk::begin(store, month.start(), month.end()).await?;
    while let Some(page) = walk.page().await? {
        for entry in &page {
            for currency in Currency::ALL {
                gather(entry, currency, &mut all)?;
            }
        }
    }
    let mut currencies = Vec::new();
    for currency in Currency::ALL {
        let fund = Account::GrowthFund.in_currency(currency);
        let opening = balance_at(&**store, fund, month.start()).await?;
        let gathered = all.remove(&currency).unwrap_or_default();
        let is_known = !opening.is_zero() || !gathered.income.is_empty();
        if is_known || !gathered.moves.is_empty() || currency == Currency::Usd {
            currencies.push(told(currency, opening, gathered));
        }
    }
    Ok(GrowthFundReport {
        object: "growth_fund_report",
        month,
        is_final: now >= month.end(),
        currencies,
    })
}

fn gather(
    entry: &Entry,
    currency: Currency,
    all: &mut BTreeMap<Currency, Gathered>,
) -> Result<(), UsageError> {
    let fund = Account::GrowthFund.in_currency(currency);
    let Some(amount) = moved(entry, fund) else {
        return Ok(());
    };
    let gathered = all.entry(currency).or_default();
    if gathered.income.len() + gathered.moves.len() >= GROUPS_MAX {
        return Err(UsageError::Groups);
    }
    if let Some(Charged { record, .. }) = Charged::of(entry) {
        let group = (record.provider, record.model.clone());
        let (requests, gross, income) = gathered.income.entry(group).or_default();
        *requests += 1;
        add(gross, record.gross);
        add(income, amount);
        return Ok(());
    }
    let cause = &entry.group.cause;
    let reason = match &cause.detail {
        Detail::Note(note) => Some(note.clone().into_owned()),
        _ => None,
    };
    let group = (cause.rule, reason, amount.is_negative());
    let (times, sum) = gathered.moves.entry(group).or_default();
    *times += 1;
    add(sum, amount);
    Ok(())
}

fn told(currency: Currency, opening: Amount, gathered: Gathered) -> FundOf {
    let (mut income, mut spent) = (Amount::ZERO, Amount::ZERO);
    let shares = gathered.income.values().map(|(_, _, amount)| amount);
    shares.for_each(|amount| add(&mut income, *amount));
    for (_, amount) in gathered.moves.values() {
        if amount.is_negative() {
            spent = spent.checked_sub(*amount).unwrap_or(spent);
        } else {
            add(&mut income, *amount);
        }
    }
    let mut closing = opening;
    add(&mut closing, income);
    closing = closing.checked_sub(spent).unwrap_or(closing);
    let of_charges = gathered.income.into_iter();
    let of_charges = of_charges.map(|((provider, model), (requests, gross, amount))| Income {
        provider: provider.map(|id| id.to_string()),
        model: model.to_string(),
        requests,
        gross,
        amount,
    });
    let moves = gathered.moves.into_iter();
    let moves = moves.map(|((rule, reason, _), (times, amount))| FundMove {
        rule: rule.as_str(),
        reason,
        times,
        amount,
    });
    FundOf {
        currency: currency.code(),
        opening,
        income,
        spent,
        closing,
        income_by: of_charges.collect(),
        moves: moves.collect(),
    }
}
