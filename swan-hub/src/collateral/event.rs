//! What happens with collateral, for the integrator and for figures.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use swan_core::{Amount, Currency, ProviderId, TransferId};

use super::keeper::Keeper;
use super::record::{Act, Record};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CollateralNews {
    /// It has come in.
    Deposited,
    /// It was bound to a job.
    Locked,
    /// It is free again.
    Unlocked,
    /// A penalty was decided, and its amount set aside.
    Penalised,
    /// The provider has appealed; somebody has to decide.
    Appealed,
    /// A penalty was decided for good: carried out or lifted.
    Decided,
    /// A provider asked for it back.
    WithdrawalRequested,
    /// The provider would rather keep it there.
    WithdrawalCancelled,
    /// The wait is over, and it goes back where it came from.
    Returned,
    /// A part of what went back did not arrive; it is collateral again.
    ReturnFailed,
    /// The card processor has taken it back, or it is no longer on the chain.
    Reversed,
    /// The card processor has given that back.
    ReversalReturned,
}

impl CollateralNews {
    pub(crate) const ALL: [Self; 12] = [
        Self::Deposited,
        Self::Locked,
        Self::Unlocked,
        Self::Penalised,
        Self::Appealed,
        Self::Decided,
        Self::WithdrawalRequested,
        Self::WithdrawalCancelled,
        Self::Returned,
        Self::ReturnFailed,
        Self::Reversed,
        Self::ReversalReturned,
    ];

    /// The news as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deposited => "deposited",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
            Self::Penalised => "penalised",
            Self::Appealed => "appealed",
            Self::Decided => "decided",
            Self::WithdrawalRequested => "withdrawal_requested",
            Self::WithdrawalCancelled => "withdrawal_cancelled",
            Self::Returned => "returned",
            Self::ReturnFailed => "return_failed",
            Self::Reversed => "reversed",
            Self::ReversalReturned => "reversal_returned",
        }
    }

    /// Whether somebody has to look.
    #[must_use]
    pub const fn is_alarming(self) -> bool {
        matches!(self, Self::Appealed | Self::ReturnFailed | Self::Reversed)
    }
}

/// Something that has happened with a provider's collateral; the money has moved in the books before it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollateralEvent {
    /// What.
    pub news: CollateralNews,
    /// Whose collateral.
    pub provider: ProviderId,
    /// How much, where that is one amount.
    pub amount: Option<Amount>,
    /// In what.
    pub currency: Currency,
    /// The first transfer that it made, for [`Hub::explain`](crate::Hub::explain).
    pub transfer: TransferId,
    /// All of it, in words.
    pub says: String,
}

impl CollateralEvent {
    pub(super) fn of(record: &Record) -> Self {
        let (news, amount, says) = told(&record.act, &record.by);
        Self {
            news,
            provider: record.provider,
            amount,
            currency: record.currency,
            transfer: record.act.transfer(),
            says,
        }
    }

    pub(super) fn tell(&self, keeper: &Keeper<'_>) {
        keeper.collateral.counts.count(self.news);
        keeper.events.on_collateral(self);
    }
}

/// What has happened, how much that is, and the rest in words.
fn told(act: &Act, by: &str) -> (CollateralNews, Option<Amount>, String) {
    use CollateralNews as News;
    match act {
        Act::Deposited {
            amount, reference, ..
        } => (News::Deposited, Some(*amount), format!("{reference}; {by}")),
        Act::Locked { job, amount } => {
            let says = format!("for job {job}, by {by}");
            (News::Locked, Some(*amount), says)
        }
        Act::Unlocked { job } => {
            let says = format!("job {job} is over, by {by}");
            (News::Unlocked, None, says)
        }
        Act::Requested { id, amount, .. } => {
            let says = format!("withdrawal {id}, by {by}");
            (News::WithdrawalRequested, Some(*amount), says)
        }
        Act::Cancelled { id } => {
            let says = format!("withdrawal {id}, by {by}");
            (News::WithdrawalCancelled, None, says)
        }
        Act::Confirmed { id } => {
            let says = format!("withdrawal {id}: its wait is over");
            (News::Returned, None, says)
        }
        Act::Unsent {
            withdrawal: id,
            reason,
            ..
        }
        | Act::Unpaid {
            withdrawal: id,
            reason,
        } => {
            let says = format!("withdrawal {id}: {reason}");
            (News::ReturnFailed, None, says)
        }
        Act::TakenBack { amount, object, .. } => {
            (News::Reversed, Some(*amount), format!("{object}; {by}"))
        }
        Act::GivenBack { object, .. } => (News::ReversalReturned, None, format!("{object}; {by}")),
        judged => told_of_penalty(judged, by),
    }
}

fn told_of_penalty(act: &Act, by: &str) -> (CollateralNews, Option<Amount>, String) {
    use CollateralNews as News;
    match act {
        Act::Penalised {
            case,
            amount,
            rule,
            reason,
            ..
        } => {
            let says = format!("{case}: {rule}; {reason}; by {by}");
            (News::Penalised, Some(*amount), says)
        }
        Act::Appealed { case, reason, .. } => (News::Appealed, None, format!("{case}: {reason}")),
        Act::Decided {
            case,
            is_upheld,
            reason,
        } => {
            let how = if *is_upheld { "lifted" } else { "carried out" };
            let says = format!("{case} is {how}: {reason}; by {by}");
            (News::Decided, None, says)
        }
        Act::Lapsed { case } => {
            let says = format!("{case}: the time in which something could be said is over");
            (News::Decided, None, says)
        }
        other => (News::Decided, None, other.name()),
    }
}

/// How often each has happened since the hub was started.
#[derive(Debug, Default)]
pub(crate) struct Counts([AtomicU64; CollateralNews::ALL.len()]);

impl Counts {
    fn count(&self, news: CollateralNews) {
        if let Some(count) = self.0.get(news as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn of(&self, news: CollateralNews) -> u64 {
        self.0
            .get(news as usize)
            .map_or(0, |count| count.load(Relaxed))
    }
}

/// What somebody has to look at stands out.
pub(crate) fn write(event: &CollateralEvent) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "swan_hub::collateral",
                news = event.news.as_str(),
                provider = %event.provider,
                amount = event.amount.map(tracing::field::display),
                currency = event.currency.code(),
                transfer = %event.transfer,
                says = event.says,
            )
        };
    }
    if event.news.is_alarming() {
        line!(warn);
    } else {
        line!(info);
    }
}
