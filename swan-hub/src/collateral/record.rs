//! What is kept of collateral beside the ledger: one record for each thing that happened, in order, never changed.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use swan_core::collateral::Source;
use swan_core::standing::Destination;
use swan_core::{
    Amount, CaseId, Currency, PolicyStamp, ProviderId, RequestId, Timestamp, TopupId, TransferId,
};

use super::{CollateralError, Wallet};
use crate::store::{DocumentKind, DocumentRecord, NewDocument, StoreError};

/// One thing that happened to a provider's collateral in one currency, as JSON in the store. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) provider: ProviderId,
    pub(crate) currency: Currency,
    #[serde(rename = "at_ms")]
    pub(crate) at: Timestamp,
    /// Who did it or told of it.
    pub(crate) by: String,
    /// The policy in force.
    pub(crate) policy: Option<PolicyStamp>,
    pub(crate) act: Act,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// It has come in.
    Deposited {
        id: TransferId,
        amount: Amount,
        source: Source,
        /// The order that it was paid by, of a card.
        topup: Option<TopupId>,
        /// The processor's name of the payment, the transaction, or an administrator's words.
        reference: String,
        /// Where it has come from, of a deposit by chain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wallet: Option<Wallet>,
    },
    Locked {
        job: RequestId,
        amount: Amount,
    },
    Unlocked {
        job: RequestId,
    },
    /// A penalty was decided, and its amount set aside.
    Penalised {
        case: CaseId,
        amount: Amount,
        destination: Destination,
        /// The rule, and how much by it.
        rule: String,
        reason: String,
        conduct_ms: Timestamp,
        /// Until when it can be appealed.
        until_ms: Timestamp,
        /// What it was, as whoever decided it has named it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offence: Option<String>,
    },
    Appealed {
        case: CaseId,
        reason: String,
        /// How long it may stay undecided.
        decide_secs: u64,
    },
    Decided {
        case: CaseId,
        is_upheld: bool,
        reason: String,
    },
    /// Its time is over.
    Lapsed {
        case: CaseId,
    },
    Requested {
        id: TransferId,
        amount: Amount,
        wait_secs: u64,
    },
    Cancelled {
        id: TransferId,
    },
    /// The wait is over, and it goes back where it came from.
    Confirmed {
        id: TransferId,
    },
    /// What went to a card did not arrive.
    Unsent {
        withdrawal: TransferId,
        deposit: TransferId,
        reason: String,
    },
    /// What was to be paid by hand was not.
    Unpaid {
        withdrawal: TransferId,
        reason: String,
    },
    /// The card processor has taken it back, or it is no longer on the chain.
    TakenBack {
        id: TransferId,
        deposit: TransferId,
        amount: Amount,
        object: String,
    },
    /// The card processor has given that back.
    GivenBack {
        /// What was taken.
        taken: TransferId,
        /// The transfer that gives it back.
        id: TransferId,
        object: String,
    },
}

impl Act {
    /// What it is found by: a thing that happens once has one name.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Deposited { id, .. } => format!("deposit {id}"),
            Self::Locked { job, .. } => format!("lock {job}"),
            Self::Unlocked { job } => format!("unlock {job}"),
            Self::Penalised { case, .. } => format!("penalty {case}"),
            Self::Appealed { case, .. } => format!("appeal {case}"),
            Self::Decided { case, .. } => format!("decision {case}"),
            Self::Lapsed { case } => format!("lapse {case}"),
            Self::Requested { id, .. } => format!("withdrawal {id}"),
            Self::Cancelled { id } => format!("cancel {id}"),
            Self::Confirmed { id } => format!("confirm {id}"),
            Self::Unsent {
                withdrawal,
                deposit,
                ..
            } => format!("unsent {withdrawal} {deposit}"),
            Self::Unpaid { withdrawal, .. } => format!("unpaid {withdrawal}"),
            Self::TakenBack { id, .. } => format!("reversal {id}"),
            Self::GivenBack { id, .. } => format!("given back {id}"),
        }
    }

    /// The first transfer that it makes: what has an identifier of its own is found in the ledger by that.
    pub(crate) fn transfer(&self) -> TransferId {
        match self {
            Self::Deposited { id, .. }
            | Self::Requested { id, .. }
            | Self::TakenBack { id, .. }
            | Self::GivenBack { id, .. } => *id,
            other => named(&other.name()),
        }
    }

    /// Whether the other is the same thing once more, whatever was said beside it.
    fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Deposited {
                    id, amount, source, ..
                },
                Self::Deposited {
                    id: other_id,
                    amount: other_amount,
                    source: other_source,
                    ..
                },
            ) => (id, amount, source) == (other_id, other_amount, other_source),
            (
                Self::Locked { job, amount },
                Self::Locked {
                    job: of,
                    amount: other,
                },
            ) => (job, amount) == (of, other),
            (
                Self::Requested { id, amount, .. },
                Self::Requested {
                    id: other_id,
                    amount: other_amount,
                    ..
                },
            ) => (id, amount) == (other_id, other_amount),
            (
                Self::Decided {
                    case, is_upheld, ..
                },
                Self::Decided {
                    case: other_case,
                    is_upheld: other_upheld,
                    ..
                },
            ) => (case, is_upheld) == (other_case, other_upheld),
            (
                Self::TakenBack {
                    deposit, amount, ..
                },
                Self::TakenBack {
                    deposit: other_deposit,
                    amount: other_amount,
                    ..
                },
            ) => (deposit, amount) == (other_deposit, other_amount),
            // The name has everything else that decides.
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// The identifier that follows from a name.
pub(super) fn named(name: &str) -> TransferId {
    let hash = Sha256::new()
        .chain_update(b"swan:collateral:")
        .chain_update(name.as_bytes())
        .finalize();
    let first = hash.iter().take(16);
    TransferId::from_u128(first.fold(0, |value, byte| value << 8 | u128::from(*byte)))
}

impl Record {
    pub(super) fn document(&self) -> NewDocument {
        NewDocument {
            kind: DocumentKind::Collateral,
            owner: self.provider.as_u128(),
            name: self.act.name(),
            // Texts and numbers always serialise.
            body: serde_json::to_string(self).unwrap_or_default(),
        }
    }

    pub(super) fn read(record: &DocumentRecord) -> Result<Self, StoreError> {
        let name = &record.document.name;
        let read = serde_json::from_str(&record.document.body);
        read.map_err(|error| {
            StoreError::corrupt(format!(
                "the collateral record {name} cannot be read: {error}"
            ))
        })
    }

    /// Whether what the store has under the same name is this.
    pub(super) fn is(&self, there: &Self) -> Result<(), CollateralError> {
        let same = (self.provider, self.currency) == (there.provider, there.currency);
        if same && self.act.repeats(&there.act) {
            return Ok(());
        }
        Err(CollateralError::Taken {
            name: self.act.name(),
        })
    }
}
