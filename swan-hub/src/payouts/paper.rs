use serde::{Deserialize, Serialize};
use swan_core::ledger::entries::PayoutTerms;
use swan_core::{Amount, Currency, PolicyStamp, ProviderId, Timestamp, TransferId};

use crate::store::StoreError;

/// What is kept of a payout beside the ledger, as JSON. Fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paper {
    pub(crate) provider: ProviderId,
    pub(crate) currency: Currency,
    pub(crate) amount: Amount,
    pub(crate) fee: Amount,
    pub(crate) destination: Option<String>,
    #[serde(rename = "requested_ms")]
    pub(crate) requested: Timestamp,
    pub(crate) end: Option<End>,
    /// The withdrawal of collateral that is paid by it, if it is not of earnings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) collateral: Option<TransferId>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) state: String,
    #[serde(rename = "at_ms")]
    pub(crate) at: Timestamp,
    /// By what it was paid, or why it was not.
    pub(crate) says: String,
}

impl Paper {
    pub(crate) fn read(text: &str) -> Result<Self, StoreError> {
        let read = serde_json::from_str(text);
        read.map_err(|error| StoreError::corrupt(format!("a payout cannot be read: {error}")))
    }

    pub(crate) fn write(&self) -> String {
        // Texts and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn terms(&self, id: TransferId, policy: Option<PolicyStamp>) -> PayoutTerms {
        PayoutTerms {
            id,
            provider: self.provider,
            currency: self.currency,
            amount: self.amount,
            fee: self.fee,
            policy,
        }
    }
}
