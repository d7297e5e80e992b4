//! What a provider has earned, summed up by time and model, with what else moved on its earnings.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::ledger::{Account, AccountKey, Entry, Kind, Rule};
use swan_core::{Amount, Currency, Day, ModelId, ProviderId};

use super::usage::{DAYS_MAX, GROUPS_MAX};
use super::{Charged, Grouping, Sum, UsageError};
use crate::ledger::{Walk, balance_at};
use crate::store::Store;

/// What of a provider's earnings is wanted.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct EarningsQuery {
    /// Whose.
    pub provider: ProviderId,
    /// Counted in what.
    pub currency: Currency,
    /// The first day, in UTC.
    pub from: Day,
    /// The last day, included; at most 366 days in all.
    pub to: Day,
    /// By what rows are summed up; keys are the consumers' business and not told.
    pub grouping: Grouping,
}

/// What a provider has earned. Amounts are decimal strings in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Earnings {
    /// `earnings`.
    pub object: &'static str,
    /// Whose.
    pub provider: String,
    /// Counted in what.
    pub currency: &'static str,
    /// The first day, in UTC.
    pub from: String,
    /// The last day, included.
    pub to: String,
    /// What was owed before the first day.
    #[schemars(with = "String")]
    pub opening: Amount,
    /// What requests earned.
    #[schemars(with = "String")]
    pub earned: Amount,
    /// What else moved, by the rule that caused it: payouts are below zero.
    pub other: Vec<OtherMove>,
    /// What was owed after the last day: opening, earned and other together.
    #[schemars(with = "String")]
    pub closing: Amount,
    /// What requests earned, summed up.
    pub data: Vec<EarningsRow>,
}

/// What a rule moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct OtherMove {
    /// The rule.
    pub rule: &'static str,
    /// How much, above zero when it was credited.
    #[schemars(with = "String")]
    pub amount: Amount,
}

/// The requests of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct EarningsRow {
    /// The period.
    pub time: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// How many.
    pub requests: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Images made.
    pub images: u64,
    /// Milliseconds of audio.
    pub audio_ms: u64,
    /// What consumers paid.
    #[schemars(with = "String")]
    pub gross: Amount,
    /// The provider's share of it.
    #[schemars(with = "String")]
    pub earned: Amount,
}

type Groups = BTreeMap<(Option<String>, Option<ModelId>), (Sum, Amount)>;

/// Reads what a provider has earned from the journal.
///
/// # Errors
/// [`UsageError::Days`], [`UsageError::Groups`], or when the journal cannot be read.
pub async fn earnings(
    store: &Arc<dyn Store>,
    query: &EarningsQuery,
) -> Result<Earnings, UsageError> {
    let EarningsQuery {
        provider,
        currency,
        from,
        to,
        grouping,
    } = *query;
    if to < from || to.since(from) >= DAYS_MAX {
        return Err(UsageError::Days);
    }
    let account = Account::ProviderEarnings(provider).in_currency(currency);
    let opening = balance_at(&**store, account, from.start()).await?;
    let mut walk = Walk::begin(store, from.start(), to.end()).await?;
    let (mut groups, mut others) = (Groups::new(), BTreeMap::<Rule, Amount>::new());
    while let Some(page) = walk.page().await? {
        for entry in &page {
            let rule = entry.group.cause.rule;
            let charge = Charged::of(entry).filter(|charge| {
                charge.record.provider == Some(provider) && charge.currency == currency
            });
            let Some(Charged { record, .. }) = charge else {
                if let Some(amount) = moved(entry, account) {
                    add(others.entry(rule).or_default(), amount);
                }
                continue;
            };
            let period = grouping.period.map(|period| period.of(entry.at));
            let model = grouping.by_model.then(|| record.model.clone());
            if groups.len() >= GROUPS_MAX {
                return Err(UsageError::Groups);
            }
            let (sum, gross) = groups.entry((period, model)).or_default();
            sum.add(record, record.provider_share);
            add(gross, record.gross);
        }
    }
    let mut earned = Amount::ZERO;
    groups
        .values()
        .for_each(|(sum, _)| add(&mut earned, sum.cost));
    let mut closing = opening;
    add(&mut closing, earned);
    others
        .values()
        .for_each(|amount| add(&mut closing, *amount));
    let other = |(rule, amount): (Rule, Amount)| OtherMove {
        rule: rule.as_str(),
        amount,
    };
    Ok(Earnings {
        object: "earnings",
        provider: provider.to_string(),
        currency: currency.code(),
        from: from.to_string(),
        to: to.to_string(),
        opening,
        earned,
        other: others.into_iter().map(other).collect(),
        closing,
        data: groups.into_iter().map(row).collect(),
    })
}

fn row(
    ((time, model), (sum, gross)): ((Option<String>, Option<ModelId>), (Sum, Amount)),
) -> EarningsRow {
    EarningsRow {
        time,
        model: model.map(|model| model.to_string()),
        requests: sum.requests,
        prompt_tokens: sum.prompt_tokens,
        completion_tokens: sum.completion_tokens,
        images: sum.images,
        audio_ms: sum.audio_ms,
        gross,
        earned: sum.cost,
    }
}

/// What an entry moved on an account; `None` when nothing.
pub(super) fn moved(entry: &Entry, account: AccountKey) -> Option<Amount> {
    let mut sum = None;
    for transfer in &entry.group.transfers {
        let is_moved = matches!(transfer.kind, Kind::Posted | Kind::Post { .. });
        // What a till takes over is what was earned, once more.
        if !is_moved || matches!(transfer.debit.account, Account::Earned(_)) {
            continue;
        }
        let sum: &mut Option<Amount> = &mut sum;
        if transfer.credit == account {
            add(sum.get_or_insert_default(), transfer.amount);
        }
        if transfer.debit == account {
            let sum = sum.get_or_insert_default();
            // What was credited before covers it.
            *sum = sum.checked_sub(transfer.amount).unwrap_or(*sum);
        }
    }
    sum
}

/// The ledger has added the same, so the sum is an amount.
pub(super) fn add(sum: &mut Amount, more: Amount) {
    *sum = sum.checked_add(more).unwrap_or(*sum);
}
