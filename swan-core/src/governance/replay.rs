use super::{Governance, GovernanceError, GovernanceRecord, RecordHash};
use crate::{Policy, PolicyError};

/// Why records are not the history that they claim to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The policy that governance began with cannot be governed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// What a record says cannot have been done there.
    #[error("record {number} cannot have been: {error}")]
    Refused {
        /// The place of the record.
        number: u64,
        /// Why not.
        error: Box<GovernanceError>,
    },
    /// A record says something else than what came of its action: it was altered, or one before it was taken out.
    #[error("record {number} is not what came of its action")]
    Altered {
        /// The place of the record.
        number: u64,
    },
    /// The records end elsewhere: some at the end are missing, or there are more.
    #[error("the records end with {found}, not with {expected}")]
    Head {
        /// The hash of the last record.
        found: RecordHash,
        /// The hash that was to be found.
        expected: RecordHash,
    },
}

impl Governance {
    /// The governance that these records tell of, from the policy that it began with.
    ///
    /// Every action is performed again and checked again, so records that were never possible are refused even if their
    /// hashes are right. `head` is the hash of the last record as it is known from elsewhere; without it nobody could tell
    /// that the last records are missing.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] names the first record that is not what it should be.
    pub fn replay(
        genesis: Policy,
        records: &[GovernanceRecord],
        head: RecordHash,
    ) -> Result<Self, ReplayError> {
        let mut governance = Self::new(genesis)?;
        for record in records {
            let number = governance.records().saturating_add(1);
            let done = governance.perform(record.at, record.action.clone());
            let done = done.map_err(|error| ReplayError::Refused {
                number,
                error: Box::new(error),
            })?;
            if done != *record {
                return Err(ReplayError::Altered { number });
            }
        }
        let found = governance.head();
        if found == head {
            Ok(governance)
        } else {
            let expected = head;
            Err(ReplayError::Head { found, expected })
        }
    }
}
