use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{AccountKey, BonusRecord, ChainRecord, ChargeRecord, ExchangeRecord, PaymentRecord};
use crate::{Amount, PolicyStamp, RequestId, Timestamp, TransferId};

/// One immutable movement of money from the debited to the credited account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build transfers; the journal fixes their shape"
)]
pub struct Transfer {
    /// Made by the caller, and its idempotency key.
    pub id: TransferId,
    /// What the movement does.
    pub kind: Kind,
    /// The account that gives.
    pub debit: AccountKey,
    /// The account that receives.
    pub credit: AccountKey,
    /// How much, above zero.
    pub amount: Amount,
}

/// What a transfer does. The order of the variants is part of the journal format: new ones go at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// Moves the amount at once.
    Posted,
    /// Sets the amount aside until a later transfer ends the hold, or until it expires.
    Pending {
        /// From this moment on the hold can no longer be posted.
        expires: Timestamp,
    },
    /// Ends a hold by moving at most its amount; the rest is free again.
    Post {
        /// The hold.
        pending: TransferId,
    },
    /// Ends a hold without moving anything; its amount is the amount of the hold.
    Void {
        /// The hold.
        pending: TransferId,
    },
    /// As [`Kind::Void`], because the hold's time has passed.
    Expire {
        /// The hold.
        pending: TransferId,
    },
}

impl Kind {
    /// The hold that this transfer ends.
    #[must_use]
    pub const fn ends(&self) -> Option<TransferId> {
        match self {
            Self::Post { pending } | Self::Void { pending } | Self::Expire { pending } => {
                Some(*pending)
            }
            Self::Posted | Self::Pending { .. } => None,
        }
    }
}

/// Transfers that happen all or not at all, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build groups; the journal fixes their shape"
)]
pub struct Group {
    /// Applied in this order; 1 to [`Group::TRANSFERS_MAX`].
    pub transfers: Vec<Transfer>,
    /// The rule, request and policy behind them.
    pub cause: Cause,
}

impl Group {
    /// The most transfers a group may have.
    pub const TRANSFERS_MAX: usize = 64;
}

/// Why a group happened: enough to explain it later (DESIGN section 2, rule 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build causes; the journal fixes their shape"
)]
pub struct Cause {
    /// The rule that asked for it.
    pub rule: Rule,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// The policy in force.
    pub policy: Option<PolicyStamp>,
    /// The evidence.
    pub detail: Detail,
}

/// The rules that move money. The order of the variants is part of the journal format: new ones go at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// An administrator gave credit.
    Grant,
    /// A request was admitted and its worst case set aside.
    Hold,
    /// A request was served and paid.
    Charge,
    /// A request ended without a charge.
    Release,
    /// A hold outlived its time.
    Expiry,
    /// A hold was found at start whose request died with the hub.
    Recovery,
    /// A running request went on beyond what was set aside for it, and more was.
    Extension,
    /// Somebody has paid by card.
    Topup,
    /// A part of a payment by card goes back to it, because an administrator says so.
    Refund,
    /// A refund did not reach the card.
    RefundReturned,
    /// The card processor took money back: a dispute, or a refund that was begun over there.
    Reversal,
    /// The card processor gave back what it had taken: a dispute was won, or a refund of its own failed.
    ReversalReturned,
    /// What an account owes was taken from what it has.
    Collection,
    /// A provider asked to be paid.
    Payout,
    /// It was paid.
    PayoutPaid,
    /// It was not paid, and its provider has it back.
    PayoutReturned,
    /// A provider made earnings into credit of its own account.
    EarningsCredit,
    /// Collateral of a provider has come in.
    CollateralDeposit,
    /// Collateral was bound to a job.
    CollateralLock,
    /// A job is over, and its collateral free.
    CollateralUnlock,
    /// A penalty was decided, and is set aside while it can be appealed.
    CollateralImpound,
    /// A penalty stands.
    CollateralSlash,
    /// A penalty was lifted.
    CollateralRestore,
    /// A provider asked for collateral back.
    CollateralWithdrawal,
    /// A provider would rather keep it there.
    CollateralStay,
    /// The wait is over, and collateral goes back where it came from.
    CollateralReturn,
    /// What went back did not arrive, and is collateral again.
    CollateralReturnFailed,
    /// The card processor took collateral back: a dispute, or a refund that was begun over there.
    CollateralReversal,
    /// The card processor gave back what it had taken of collateral.
    CollateralReversalReturned,
    /// A node drew on what all nodes share.
    Draw,
    /// A node gave back what it had drawn and not spent.
    Return,
    /// Tokens came in on a chain.
    Deposit,
    /// The chain that told of a deposit was replaced by one that does not.
    DepositReversed,
    /// A deposit in SWAN brought more credit than came in, as the policy says.
    DepositBonus,
    /// The deposit that had brought it was taken back.
    DepositBonusReversed,
    /// Earnings of a provider became earnings in the currency that it prefers.
    Exchange,
    /// Something was put into the exchange.
    ExchangeFunded,
    /// Something was taken out of it.
    ExchangeEmptied,
}

impl Rule {
    /// Whether ids of this rule are remembered for ever instead of within a window.
    ///
    /// Grants and payouts come from people and files and payments from processors, all of which may repeat after any time; the
    /// ids of requests are made by the hub.
    #[must_use]
    pub const fn is_remembered(self) -> bool {
        matches!(
            self,
            Self::Grant
                | Self::Topup
                | Self::Refund
                | Self::RefundReturned
                | Self::Reversal
                | Self::ReversalReturned
                | Self::Payout
                | Self::PayoutPaid
                | Self::PayoutReturned
                | Self::EarningsCredit
                | Self::Deposit
                | Self::DepositReversed
                | Self::DepositBonus
                | Self::DepositBonusReversed
                | Self::ExchangeFunded
                | Self::ExchangeEmptied
        ) || self.is_collateral()
    }

    /// Whether it moves collateral.
    #[must_use]
    pub const fn is_collateral(self) -> bool {
        matches!(
            self,
            Self::CollateralDeposit
                | Self::CollateralLock
                | Self::CollateralUnlock
                | Self::CollateralImpound
                | Self::CollateralSlash
                | Self::CollateralRestore
                | Self::CollateralWithdrawal
                | Self::CollateralStay
                | Self::CollateralReturn
                | Self::CollateralReturnFailed
                | Self::CollateralReversal
                | Self::CollateralReversalReturned
        )
    }

    /// Whether somebody outside has taken money back, whether or not the account still has it.
    #[must_use]
    pub const fn takes_back(self) -> bool {
        matches!(
            self,
            Self::Reversal | Self::DepositReversed | Self::DepositBonusReversed
        )
    }

    /// The rule's name as tables and JSON show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Hold => "hold",
            Self::Charge => "charge",
            Self::Release => "release",
            Self::Expiry => "expiry",
            Self::Recovery => "recovery",
            Self::Extension => "extension",
            Self::Topup => "topup",
            Self::Refund => "refund",
            Self::RefundReturned => "refund_returned",
            Self::Reversal => "reversal",
            Self::ReversalReturned => "reversal_returned",
            Self::Collection => "collection",
            Self::Payout => "payout",
            Self::PayoutPaid => "payout_paid",
            Self::PayoutReturned => "payout_returned",
            Self::EarningsCredit => "earnings_credit",
            Self::CollateralDeposit => "collateral_deposit",
            Self::CollateralLock => "collateral_lock",
            Self::CollateralUnlock => "collateral_unlock",
            Self::CollateralImpound => "collateral_impound",
            Self::CollateralSlash => "collateral_slash",
            Self::CollateralRestore => "collateral_restore",
            Self::CollateralWithdrawal => "collateral_withdrawal",
            Self::CollateralStay => "collateral_stay",
            Self::CollateralReturn => "collateral_return",
            Self::CollateralReturnFailed => "collateral_return_failed",
            Self::CollateralReversal => "collateral_reversal",
            Self::CollateralReversalReturned => "collateral_reversal_returned",
            Self::Draw => "draw",
            Self::Return => "return",
            Self::Deposit => "deposit",
            Self::DepositReversed => "deposit_reversed",
            Self::DepositBonus => "deposit_bonus",
            Self::DepositBonusReversed => "deposit_bonus_reversed",
            Self::Exchange => "exchange",
            Self::ExchangeFunded => "exchange_funded",
            Self::ExchangeEmptied => "exchange_emptied",
        }
    }
}

/// Evidence of a cause. The order of the variants is part of the journal format: new ones go at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Detail {
    /// The rule says it all.
    None,
    /// In words: who granted, why it was released.
    Note(Cow<'static, str>),
    /// What was delivered, charged and shared.
    Charge(ChargeRecord),
    /// Which payment, and who told of it.
    Payment(PaymentRecord),
    /// Which deposit on which chain, and who told of it.
    Chain(ChainRecord),
    /// Which share of which deposit was given on top.
    Bonus(BonusRecord),
    /// By which rate what became what.
    Exchange(ExchangeRecord),
}

/// One applied group as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the journal fixes its shape")]
pub struct Entry {
    /// Counts from 1 without a gap.
    pub seq: u64,
    /// The ledger's time when it was applied; replaying with it gives the same state.
    pub at: Timestamp,
    /// What was applied.
    pub group: Group,
}
