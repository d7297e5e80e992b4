//! What happens in the hub, for the integrator: one record a request, without prompts, answers or secrets, and payments.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use swan_core::health::Ending;
use swan_core::protocol::Operation;
use swan_core::{
    AccountId, Amount, Basis, BasisPoints, Currency, KeyId, ModelId, ModelPrice, PolicyStamp,
    ProviderId, RequestId, StampedRate, Usage,
};

use crate::collateral::CollateralEvent;
use crate::deposits::DepositEvent;
use crate::exchange::ExchangeEvent;
use crate::payments::{LowBalance, PaymentEvent};
use crate::price_feed::PriceFeedEvent;
use crate::providers::ConnectionMode;
use crate::receipts::Attested;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole answer went out and was charged.
    Completed,
    /// The answer broke after it had begun; what was delivered was charged.
    Broken,
    /// The consumer went away; what was delivered until then was charged.
    Abandoned,
    /// Nothing was delivered and nothing was charged.
    Failed,
    /// What was answered to an earlier request with the same idempotency key went out again; nothing was charged.
    Replayed,
    /// What the request would cost was told; nothing was done or charged.
    Quoted,
}

impl Outcome {
    /// The outcome as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Broken => "broken",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
            Self::Replayed => "replayed",
            Self::Quoted => "quoted",
        }
    }
}

/// One attempt at one provider or endpoint. Times are counted from the first byte of the request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// Who was tried. Endpoints of the hub have an id, too, derived from their name.
    pub provider: ProviderId,
    /// Its display name.
    pub name: Arc<str>,
    /// By what way it was reached.
    pub mode: ConnectionMode,
    /// When the request was handed to it.
    pub started: Duration,
    /// When the head of its answer was there.
    pub first_byte: Option<Duration>,
    /// When its first content was there; of a whole answer, when all of it was.
    pub first_content: Option<Duration>,
    /// When it was over.
    pub ended: Duration,
    /// How it ended; [`Ending::verdict`] says whom that speaks against.
    pub ending: Ending,
    /// The HTTP status that it gave, if it gave one.
    pub status: Option<u16>,
    /// Whether it was begun beside another attempt because that one took long.
    pub hedge: bool,
    /// Whether its answer is the one that the consumer got, wholly or in part.
    pub chosen: bool,
    /// Whether it is still under way.
    pub(crate) is_open: bool,
}

impl AttemptRecord {
    /// How long it took.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.ended.saturating_sub(self.started)
    }
}

/// One request, from admission to its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The request.
    pub request: RequestId,
    /// What was asked for.
    pub operation: Operation,
    /// The account that paid or would have paid, once it was known.
    pub account: Option<AccountId>,
    /// The key that was shown, once it was known.
    pub key: Option<KeyId>,
    /// The model by its canonical name, once it was known.
    pub model: Option<ModelId>,
    /// Who served it, or tried last. `None` also for endpoints of the hub itself.
    pub provider: Option<ProviderId>,
    /// Whether the consumer asked for a stream.
    pub streaming: bool,
    /// Who was tried, in the order in which they were asked.
    pub attempts: Vec<AttemptRecord>,
    /// How it ended.
    pub outcome: Outcome,
    /// The code of the error that the consumer got, if it got one.
    pub error: Option<String>,
    /// The HTTP status of that error.
    pub error_status: Option<u16>,
    /// The tokens that were charged.
    pub usage: Option<Usage>,
    /// Where that count comes from.
    pub basis: Option<Basis>,
    /// The policy that priced it, once it was priced.
    pub policy: Option<PolicyStamp>,
    /// The discount on the listed price.
    pub discount: BasisPoints,
    /// The listed price by which it was charged, before the discount; `None` when nothing was.
    pub price: Option<ModelPrice>,
    /// The exchange rate by which it was charged, when it was not paid in US dollars.
    pub rate: Option<StampedRate>,
    /// SHA-256 of the bodies of request and answer, where a receipt with them was asked for.
    pub(crate) digests: [Option<[u8; 32]>; 2],
    /// What whoever served was asked to sign, and what came of it.
    pub(crate) attested: Option<Box<Attested>>,
    /// What was charged; zero when nothing was.
    pub charge: Amount,
    /// The currency of the charge.
    pub currency: Currency,
    /// Whether it was a request of the free tier, for which nothing is charged and nobody earns.
    pub free: bool,
    /// From the first byte of the request to its end.
    pub duration: Duration,
    /// Its place in a trace, in a hub that sends traces.
    #[cfg(feature = "otel")]
    pub trace: Option<crate::TraceContext>,
    /// From the first byte of the request to the first content for the consumer.
    pub first_content: Option<Duration>,
}

impl RequestRecord {
    /// The record of a request of which nothing is known yet.
    pub(crate) const fn of(request: RequestId) -> Self {
        Self {
            request,
            operation: Operation::ChatCompletions,
            account: None,
            key: None,
            model: None,
            provider: None,
            streaming: false,
            attempts: Vec::new(),
            outcome: Outcome::Failed,
            error: None,
            error_status: None,
            usage: None,
            basis: None,
            policy: None,
            discount: BasisPoints::ZERO,
            price: None,
            rate: None,
            digests: [None; 2],
            attested: None,
            charge: Amount::ZERO,
            currency: Currency::Usd,
            free: false,
            duration: Duration::ZERO,
            #[cfg(feature = "otel")]
            trace: None,
            first_content: None,
        }
    }

    /// The attempt whose answer the consumer got, wholly or in part.
    #[must_use]
    pub fn chosen(&self) -> Option<&AttemptRecord> {
        self.attempts.iter().find(|attempt| attempt.chosen)
    }

    /// The last attempt, or the one whose answer the consumer got.
    #[must_use]
    pub fn decisive(&self) -> Option<&AttemptRecord> {
        self.chosen().or_else(|| self.attempts.last())
    }

    /// By what way whoever served, or was tried last, was reached.
    #[must_use]
    pub fn mode(&self) -> Option<ConnectionMode> {
        self.decisive().map(|attempt| attempt.mode)
    }

    /// The time in the hub before somebody was asked; `None` when nobody was.
    #[must_use]
    pub fn before_dispatch(&self) -> Option<Duration> {
        self.attempts.first().map(|first| first.started)
    }

    /// The time during which the hub was waiting for somebody whom it had asked, two at once counted once.
    ///
    /// Of a stream this includes the time that the consumer took to read it, since the hub waits with the consumer then.
    #[must_use]
    pub fn upstream(&self) -> Duration {
        let mut upto = Duration::ZERO;
        self.attempts.iter().fold(Duration::ZERO, |sum, attempt| {
            let fresh = attempt.ended.saturating_sub(attempt.started.max(upto));
            upto = upto.max(attempt.ended);
            sum.saturating_add(fresh)
        })
    }

    /// The time that the hub itself added: all but [`upstream`](Self::upstream).
    #[must_use]
    pub fn overhead(&self) -> Duration {
        self.duration.saturating_sub(self.upstream())
    }
}

/// Is told what happened; an embedder replaces it to feed its own records.
///
/// # Contract
///
/// * `on_request` is called once a request, after its money has moved in the books, on the task that served it: it must return soon
///   and must not block.
/// * A request that is dropped at any point is recorded too.
pub trait EventSink: fmt::Debug + Send + Sync + 'static {
    /// A request has ended.
    fn on_request(&self, record: &RequestRecord);

    /// What an account has has fallen below its threshold. Nothing is done by default.
    fn on_low_balance(&self, event: &LowBalance) {
        let _ = event;
    }

    /// Something has happened with a payment by card. Nothing is done by default.
    fn on_payment(&self, event: &PaymentEvent) {
        let _ = event;
    }

    /// Something has happened with a provider's collateral. Nothing is done by default.
    fn on_collateral(&self, event: &CollateralEvent) {
        let _ = event;
    }

    /// Something has happened with a deposit on a chain. Nothing is done by default.
    fn on_deposit(&self, event: &DepositEvent) {
        let _ = event;
    }

    /// Something has happened with the exchange that pays providers in the currency that they prefer. Nothing is done by default.
    fn on_exchange(&self, event: &ExchangeEvent) {
        let _ = event;
    }

    /// Something has happened with the sources that tell what a SWAN is worth. Nothing is done by default.
    fn on_price_feed(&self, event: &PriceFeedEvent) {
        let _ = event;
    }
}

const _: fn(&dyn EventSink) = |_| {}; // Object safety is part of the contract.

/// Writes one `tracing` line a request; the default.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct TracingSink;

impl EventSink for TracingSink {
    fn on_request(&self, record: &RequestRecord) {
        tracing::info!(
            target: "swan_hub::request",
            request = %record.request,
            account = record.account.map(tracing::field::display),
            key = record.key.map(tracing::field::display),
            model = record.model.as_ref().map(tracing::field::display),
            provider = record.provider.map(tracing::field::display),
            streaming = record.streaming,
            operation = record.operation.as_str(),
            attempts = record.attempts.len(),
            mode = record.mode().map(ConnectionMode::as_str),
            outcome = record.outcome.as_str(),
            error = record.error.as_deref(),
            prompt_tokens = record.usage.map(|usage| usage.prompt_tokens),
            completion_tokens = record.usage.map(|usage| usage.completion_tokens),
            charge = %record.charge,
            currency = record.currency.code(),
            duration_ms = millis(record.duration),
            overhead_us = u64::try_from(record.overhead().as_micros()).unwrap_or(u64::MAX),
            first_content_ms = record.first_content.map(millis),
        );
    }

    fn on_low_balance(&self, event: &LowBalance) {
        tracing::info!(
            target: "swan_hub::payment",
            account = %event.account,
            currency = event.currency.code(),
            balance = %event.balance,
            threshold = %event.threshold,
            "a balance is low"
        );
    }

    fn on_payment(&self, event: &PaymentEvent) {
        write_payment(event);
    }

    fn on_collateral(&self, event: &CollateralEvent) {
        crate::collateral::write(event);
    }

    fn on_deposit(&self, event: &DepositEvent) {
        write_deposit(event);
    }

    fn on_exchange(&self, event: &ExchangeEvent) {
        crate::exchange::write(event);
    }

    fn on_price_feed(&self, event: &PriceFeedEvent) {
        crate::price_feed::write(event);
    }
}

/// What somebody has to look at stands out.
fn write_payment(event: &PaymentEvent) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "swan_hub::payment",
                news = event.news.as_str(),
                topup = event.topup.map(tracing::field::display),
                account = event.account.map(tracing::field::display),
                amount = %event.amount,
                currency = event.currency,
                object = event.object,
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

fn write_deposit(event: &DepositEvent) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "swan_hub::deposit",
                news = event.news.as_str(),
                deposit = event.deposit.map(tracing::field::display),
                account = event.account.map(tracing::field::display),
                provider = event.provider.map(tracing::field::display),
                amount = event.amount.map(tracing::field::display),
                currency = event.currency.map(swan_core::Currency::code),
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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
