//! `[claims]` of a policy document.

use serde::Deserialize;

use super::ClaimRules;
use crate::PolicyError;
use crate::policy::check::{points, within};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    tolerance_bps: u64,
    answers_least: u64,
    peers_least: u64,
}

impl Section {
    pub(crate) fn check(&self) -> Result<ClaimRules, PolicyError> {
        Ok(ClaimRules {
            tolerance: points("claims.tolerance_bps", self.tolerance_bps)?,
            answers_least: within("claims.answers_least", self.answers_least, 1, 1_000_000)?,
            // Of two nobody can tell who is wrong.
            peers_least: within("claims.peers_least", self.peers_least, 3, 1_000)?,
        })
    }
}
