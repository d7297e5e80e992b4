//! What the hub needs of a card processor.

use std::fmt;

use async_trait::async_trait;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swan_core::{AccountId, Amount, Currency, ProviderId, Timestamp, TopupId};

/// How somebody pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PayBy {
    /// On a page of the processor, to which the answer has the address.
    #[default]
    Checkout,
    /// In a page of the caller's own, which gets a secret for this one payment.
    PaymentIntent,
}

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaymentOrder {
    /// Our name of it, which the processor keeps with the payment. The same order is placed once, however often it is sent.
    pub topup: TopupId,
    /// Whose funds it is for.
    pub account: AccountId,
    /// Whose collateral it is, if it is no credit.
    pub collateral_of: Option<ProviderId>,
    /// How much, in whole cents.
    pub amount: Amount,
    /// Counted in what.
    pub currency: Currency,
    /// How.
    pub pay_by: PayBy,
    /// Until when it can be paid.
    pub expires: Timestamp,
}

/// Where a payment is found at the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a gateway must know how to look at each"
)]
pub enum Place {
    /// A page that was opened for a payment.
    Session(String),
    /// The payment itself.
    Payment(String),
}

/// An order that the processor has taken.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "gateways build it; each part is needed"
)]
pub struct Placed {
    /// Where it is found.
    pub place: Place,
    /// The page on which it can be paid.
    pub url: Option<String>,
    /// What a page of the caller's own needs. It is shown to whoever placed the order and kept nowhere.
    pub client_secret: Option<String>,
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Placed").field(&self.place).finish()
    }
}

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the hub decides about each")]
pub enum PaymentState {
    /// It may still be paid.
    Open,
    /// It was paid, whatever happened afterwards.
    Paid,
    /// It can no longer be paid.
    Closed,
}

/// What the processor's books say about a payment at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "gateways build it; each part is needed"
)]
pub struct Seen {
    /// The order that is named on it; `None` for a payment that was made by hand.
    pub topup: Option<TopupId>,
    /// The payment, once there is one.
    pub payment: Option<String>,
    /// How far it is.
    pub state: PaymentState,
    /// What was paid.
    pub paid: Amount,
    /// Counted in what, by its ISO code in lower case.
    pub currency: String,
    /// All refunds of it.
    pub refunds: Vec<RefundFact>,
    /// All disputes about it.
    pub disputes: Vec<DisputeFact>,
}

/// How far a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the hub decides about each")]
pub enum RefundState {
    /// It is on its way.
    Pending,
    /// It has reached the card, as far as the processor knows.
    Succeeded,
    /// It did not.
    Failed,
}

/// A refund at the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "gateways build it; each part is needed"
)]
pub struct RefundFact {
    /// The processor's name of it.
    pub id: String,
    /// Our number of it; `None` when it was begun over there.
    pub number: Option<u128>,
    /// How much.
    pub amount: Amount,
    /// How far it is.
    pub state: RefundState,
}

/// How far a dispute is, as far as money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the hub decides about each")]
pub enum DisputeState {
    /// A question, for which no money was taken.
    Inquiry,
    /// The money was taken, and it is being decided.
    Open,
    /// It was lost: the money stays away.
    Lost,
    /// It was won: the money came back.
    Won,
}

/// A dispute about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "gateways build it; each part is needed"
)]
pub struct DisputeFact {
    /// The processor's name of it.
    pub id: String,
    /// How much.
    pub amount: Amount,
    /// How far it is.
    pub state: DisputeState,
}

/// A refund that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefundOrder {
    /// Our number of it; the same number is refunded once, however often it is sent.
    pub number: u128,
    /// The order of which it is a part.
    pub topup: TopupId,
    /// The payment.
    pub payment: String,
    /// How much.
    pub amount: Amount,
}

impl PaymentOrder {
    pub(super) const fn of(topup: &super::Topup, expires: Timestamp) -> Self {
        Self {
            topup: topup.id,
            account: topup.account,
            collateral_of: topup.collateral_of,
            amount: topup.amount,
            currency: topup.currency,
            pay_by: topup.pay_by,
            expires,
        }
    }
}

impl RefundOrder {
    pub(super) const fn new(number: u128, topup: TopupId, payment: String, amount: Amount) -> Self {
        Self {
            number,
            topup,
            payment,
            amount,
        }
    }
}

/// What a processor sends by itself: where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "gateways build it; each part is needed"
)]
pub struct Notice {
    /// Its own name.
    pub id: String,
    /// What it is about; `None` when that is nothing that concerns the books.
    pub about: Option<Place>,
    /// The order that is named on that.
    pub topup: Option<TopupId>,
    /// What it says was paid, and in what, where it says so.
    pub paid: Option<(Amount, String)>,
}

/// Why a notice is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoticeError {
    /// There is no signature that can be read.
    #[error("the signature is missing or malformed")]
    NoSignature,
    /// None of the signatures is one of ours.
    #[error("no signature fits the body and one of the secrets")]
    WrongSignature,
    /// It was signed too long ago, or will be.
    #[error("it was signed at {signed_at} s, more than {tolerance_secs} s away from now")]
    OutOfTime {
        /// In seconds since 1970.
        signed_at: u64,
        /// How far it may be away.
        tolerance_secs: u64,
    },
    /// The signature is right, and what was signed cannot be read.
    #[error("the body is not a notice: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
}

/// Why a processor did not do what it was asked. No secret is in the texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// There is no answer, so that it may have done it; the same call may succeed later.
    #[error("the card processor does not answer: {what}")]
    Unavailable {
        /// What went wrong.
        what: String,
    },
    /// It refuses.
    #[error("the card processor refuses: {message} ({code})")]
    Refused {
        /// Its own code.
        code: String,
        /// Its own words.
        message: String,
    },
    /// It knows no such thing.
    #[error("the card processor does not know {what}")]
    Unknown {
        /// What was asked for.
        what: String,
    },
    /// It answered what makes no sense.
    #[error("the answer of the card processor makes no sense: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
}

/// A card processor.
///
/// # Contract
///
/// * Each call ends within 30 s.
/// * `place` and `refund` may be repeated with the same content, and happen once.
/// * Texts of errors have no secrets.
#[async_trait]
pub trait PaymentGateway: fmt::Debug + Send + Sync + 'static {
    /// Its name in paths and records, such as `stripe`.
    fn name(&self) -> &'static str;

    /// Takes an order, so that it can be paid.
    ///
    /// # Errors
    /// [`GatewayError`]
    async fn place(&self, order: &PaymentOrder) -> Result<Placed, GatewayError>;

    /// What its books say now.
    ///
    /// # Errors
    /// [`GatewayError`]
    async fn look(&self, place: &Place) -> Result<Seen, GatewayError>;

    /// Sees to it that a payment can no longer be made. One that was made meanwhile stays.
    ///
    /// # Errors
    /// [`GatewayError`]
    async fn close(&self, place: &Place) -> Result<(), GatewayError>;

    /// Sends a part of a payment back.
    ///
    /// # Errors
    /// [`GatewayError`]
    async fn refund(&self, wanted: &RefundOrder) -> Result<RefundFact, GatewayError>;

    /// Reads a notice and checks that the processor has sent it, and when.
    ///
    /// # Errors
    /// [`NoticeError`]
    fn read(&self, headers: &HeaderMap, body: &[u8], now: Timestamp)
    -> Result<Notice, NoticeError>;
}

const _: fn(&dyn PaymentGateway) = |_| {}; // Object safety is part of the contract.
