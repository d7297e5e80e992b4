use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use swan_core::{AccountId, Amount, Currency, ProviderId, Timestamp, TopupId, TransferId};

use super::{PayBy, Place};
use crate::store::{StoreError, TopupRecord};

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TopupState {
    /// It can be paid.
    Open,
    /// It was paid, whatever happened afterwards.
    Paid,
    /// It was not paid in time.
    Expired,
}

impl TopupState {
    /// Its name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Expired => "expired",
        }
    }
}

/// How far a refund of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefundStage {
    /// It was decided; the processor may not know of it yet.
    Begun,
    /// It is on its way to the card.
    Pending,
    /// It has reached the card, as far as the processor knows.
    Succeeded,
    /// It did not, and the account has the money again.
    Failed,
}

impl RefundStage {
    /// Its name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// A refund that an administrator has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefundRecord {
    /// Our number of it.
    pub number: TransferId,
    /// How much.
    pub amount: Amount,
    /// How far it is.
    pub stage: RefundStage,
    /// Who has begun it.
    pub by: String,
    /// When.
    #[serde(rename = "begun_ms")]
    pub begun: Timestamp,
    /// The processor's name of it, once it has one.
    pub object: Option<String>,
    /// Why it failed.
    pub why: Option<String>,
}

/// One movement of money that an order has caused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Movement {
    /// When.
    #[serde(rename = "at_ms")]
    pub at: Timestamp,
    /// The rule of the ledger.
    pub rule: String,
    /// The transfer in the ledger.
    pub transfer: TransferId,
    /// How much.
    pub amount: Amount,
    /// The processor's name of the payment, refund or dispute.
    pub object: String,
    /// Who told of it.
    pub told_by: String,
}

/// An order to pay something in by card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Topup {
    /// The order.
    pub id: TopupId,
    /// Whose it is.
    pub account: AccountId,
    /// The provider whose collateral it is; `None` of an order for credit.
    pub collateral_of: Option<ProviderId>,
    /// When it was placed.
    pub created: Timestamp,
    /// How far it is.
    pub state: TopupState,
    /// How much.
    pub amount: Amount,
    /// Counted in what.
    pub currency: Currency,
    /// How it is paid.
    pub pay_by: PayBy,
    /// The processor's page for it.
    pub session: Option<String>,
    /// The processor's payment.
    pub payment: Option<String>,
    /// The address of that page.
    pub url: Option<String>,
    /// Refunds that administrators have begun.
    pub refunds: Vec<RefundRecord>,
    /// What it has moved in the books.
    pub moved: Vec<Movement>,
    /// What somebody has to look at.
    pub problem: Option<String>,
    /// Whether a dispute about it is being decided.
    pub disputed: bool,
    pub(super) revision: u64,
    pub(super) due: Option<Timestamp>,
    /// How often the processor was asked in vain for something new.
    pub(super) looks: u32,
    /// The mark of the hub that asks about it now: of two that write the same the store would take both for the one.
    pub(super) claim: Option<u64>,
}

/// The part that a store keeps as text.
#[derive(Serialize, Deserialize)]
struct Body {
    state: TopupState,
    amount: Amount,
    currency: Currency,
    pay_by: PayBy,
    session: Option<String>,
    payment: Option<String>,
    url: Option<String>,
    looks: u32,
    #[serde(default)]
    disputed: bool,
    #[serde(default)]
    refunds: Vec<RefundRecord>,
    #[serde(default)]
    moved: Vec<Movement>,
    problem: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collateral_of: Option<ProviderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<u64>,
}

/// How long an order can be paid; the longest that Stripe keeps a page open is 24 h.
pub(super) const OPEN_FOR: Duration = Duration::from_secs(23 * 3_600);
/// How long after an order was placed a dispute may still come, with room.
const WATCHED_FOR: Duration = Duration::from_secs(550 * 24 * 3_600);

impl Topup {
    pub(super) fn new(
        id: TopupId,
        account: AccountId,
        amount: Amount,
        pay_by: PayBy,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            account,
            collateral_of: None,
            created: now,
            state: TopupState::Open,
            amount,
            currency: Currency::Usd,
            pay_by,
            session: None,
            payment: None,
            url: None,
            refunds: Vec::new(),
            moved: Vec::new(),
            problem: None,
            disputed: false,
            revision: 0,
            due: Some(now.after(Duration::from_secs(120))),
            looks: 0,
            claim: None,
        }
    }

    /// The order that a store keeps.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when its text makes no sense.
    pub fn read(record: &TopupRecord) -> Result<Self, StoreError> {
        let id = record.id;
        let body: Body =
            serde_json::from_str(&record.body).map_err(|error| StoreError::Corrupt {
                what: format!("{id} makes no sense: {error}"),
            })?;
        Ok(Self {
            id,
            account: record.account,
            collateral_of: body.collateral_of,
            created: record.created,
            state: body.state,
            amount: body.amount,
            currency: body.currency,
            pay_by: body.pay_by,
            session: body.session,
            payment: body.payment,
            url: body.url,
            refunds: body.refunds,
            moved: body.moved,
            problem: body.problem,
            disputed: body.disputed,
            revision: record.revision,
            due: record.due,
            looks: body.looks,
            claim: body.claim,
        })
    }

    /// What a store keeps of its next revision.
    pub(crate) fn record(&self) -> TopupRecord {
        let body = Body {
            state: self.state,
            amount: self.amount,
            currency: self.currency,
            pay_by: self.pay_by,
            session: self.session.clone(),
            payment: self.payment.clone(),
            url: self.url.clone(),
            looks: self.looks,
            disputed: self.disputed,
            refunds: self.refunds.clone(),
            moved: self.moved.clone(),
            problem: self.problem.clone(),
            collateral_of: self.collateral_of,
            claim: self.claim,
        };
        TopupRecord {
            id: self.id,
            revision: self.revision.saturating_add(1),
            account: self.account,
            created: self.created,
            due: self.due,
            // Texts, numbers and nulls always serialise.
            body: serde_json::to_string(&body).unwrap_or_default(),
        }
    }

    /// Where the processor has it.
    pub(super) fn place(&self) -> Option<Place> {
        let payment = self.payment.clone().map(Place::Payment);
        payment.or_else(|| self.session.clone().map(Place::Session))
    }

    /// Until when it can be paid.
    pub(super) fn expires(&self) -> Timestamp {
        self.created.after(OPEN_FOR)
    }

    /// What has gone back of it or was taken back, and not returned.
    #[must_use]
    pub fn gone_back(&self) -> Amount {
        let mut sum = Amount::ZERO;
        for movement in &self.moved {
            // Every sum of movements of one order lies within the amounts that the ledger has taken.
            sum = match movement.rule.as_str() {
                "refund" | "reversal" => sum.checked_add(movement.amount).unwrap_or(sum),
                "refund_returned" | "reversal_returned" => {
                    sum.checked_sub(movement.amount).unwrap_or(sum)
                }
                _ => sum,
            };
        }
        sum
    }

    /// What can still be refunded, refunds included that were begun and have moved nothing yet.
    #[must_use]
    pub fn refundable(&self) -> Amount {
        if self.state != TopupState::Paid {
            return Amount::ZERO;
        }
        let begun = self
            .refunds
            .iter()
            .filter(|refund| refund.stage == RefundStage::Begun)
            .filter(|refund| !self.has_moved(self.transfer("refund", &refund.number.to_string())))
            .map(|refund| refund.amount);
        let gone = Amount::checked_sum(begun.chain([self.gone_back()]));
        gone.and_then(|gone| self.amount.checked_sub(gone))
            .unwrap_or(Amount::ZERO)
            .max(Amount::ZERO)
    }

    pub(crate) fn has_moved(&self, transfer: TransferId) -> bool {
        self.moved.iter().any(|one| one.transfer == transfer)
    }

    /// The transfer of a fact: the same for the same fact, however often it is told.
    pub(crate) fn transfer(&self, fact: &str, object: &str) -> TransferId {
        Self::transfer_of(self.id, fact, object)
    }

    pub(crate) fn transfer_of(id: TopupId, fact: &str, object: &str) -> TransferId {
        let hash = Sha256::new()
            .chain_update(b"swan:topup:")
            .chain_update(id.as_u128().to_be_bytes())
            .chain_update(fact.as_bytes())
            .chain_update(b":")
            .chain_update(object.as_bytes())
            .finalize();
        let first = hash.iter().take(16);
        TransferId::from_u128(first.fold(0, |value, byte| value << 8 | u128::from(*byte)))
    }

    /// When the processor is asked again: soon after something has changed, then less and less often.
    pub(super) fn schedule(&mut self, now: Timestamp, is_new: bool) {
        const HOUR: u64 = 3_600;
        const DAY: u64 = 24 * HOUR;
        self.claim = None;
        self.looks = if is_new {
            0
        } else {
            self.looks.saturating_add(1)
        };
        // Of several hubs one may have sent what another has given up at the same time.
        let is_fresh = |begun: Timestamp| now < begun.after(Duration::from_secs(HOUR));
        let waits = self.disputed
            || self.refunds.iter().any(|refund| match refund.stage {
                RefundStage::Begun | RefundStage::Pending => true,
                RefundStage::Failed => is_fresh(refund.begun),
                RefundStage::Succeeded => false,
            });
        let (first, last) = match self.state {
            TopupState::Open => (120, HOUR),
            TopupState::Paid if waits => (300, 6 * HOUR),
            TopupState::Paid => (DAY, 30 * DAY),
            TopupState::Expired => (7 * DAY, 7 * DAY),
        };
        let pause = first
            .checked_shl(self.looks.min(20))
            .unwrap_or(last)
            .min(last);
        let next = now.after(Duration::from_secs(pause));
        let is_over = match self.state {
            // One look more than a week later, and then whoever pays must be very late.
            TopupState::Expired => self.looks > 0,
            TopupState::Open | TopupState::Paid => !waits && next > self.created.after(WATCHED_FOR),
        };
        self.due = (!is_over).then_some(next);
        if self.state == TopupState::Open {
            self.due = self
                .due
                .map(|due| due.min(self.expires().max(now.after(Duration::from_secs(60)))));
        }
    }
}
