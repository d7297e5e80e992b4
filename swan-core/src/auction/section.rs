//! `[auction]` of a policy document.

use std::time::Duration;

use serde::Deserialize;

use super::rules::{AuctionRules, CommissionFrom, Payment};
use crate::PolicyError;
use crate::policy::check::{points, within};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    payment: Payment,
    reputation_weight_bps: u64,
    commission_from: CommissionFrom,
    open_secs: u64,
    reveal_secs: u64,
    most_bids: u64,
}

impl Section {
    pub(crate) fn check(&self) -> Result<AuctionRules, PolicyError> {
        let secs = |key, value| within(key, value, 1, 86_400).map(Duration::from_secs);
        let most = within("auction.most_bids", self.most_bids, 1, 100_000)?;
        Ok(AuctionRules {
            payment: self.payment,
            reputation_weight: points("auction.reputation_weight_bps", self.reputation_weight_bps)?,
            commission_from: self.commission_from,
            open: secs("auction.open_secs", self.open_secs)?,
            reveal: secs("auction.reveal_secs", self.reveal_secs)?,
            most_bids: usize::try_from(most).unwrap_or(usize::MAX),
        })
    }
}
