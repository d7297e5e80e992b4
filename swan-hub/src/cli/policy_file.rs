//! Finds the policy that an operator names: a built-in one or a file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use swan_core::{Policy, PolicyError};

use crate::error::ConfigError;

/// More than any policy has; what is longer is not read to its end, which a device may not have.
const MAX_BYTES: u64 = 4 << 20;

/// The text of a policy document and what was made of it.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    pub(crate) text: String,
    pub(crate) policy: Result<Policy, PolicyError>,
}

/// The policy of this name or in this file; `./swan-2.0` is a file, `swan-2.0` is built in.
pub(crate) fn load_policy(named: &Path) -> Result<Policy, ConfigError> {
    let PolicyFile { text, policy } = read_policy(named)?;
    policy.map_err(|error| ConfigError::Invalid {
        origin: origin(named, &text, &error),
        message: error.to_string(),
    })
}

/// As [`load_policy`], for those who want to say more about a document that is no policy.
pub(crate) fn read_policy(named: &Path) -> Result<PolicyFile, ConfigError> {
    if let Some(policy) = named.to_str().and_then(Policy::built_in) {
        let text = policy.to_toml().to_owned();
        let policy = Ok(policy);
        return Ok(PolicyFile { text, policy });
    }
    let mut text = String::new();
    let read = File::open(named).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => {
            let policy = Policy::from_toml(&text);
            Ok(PolicyFile { text, policy })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ConfigError::Invalid {
            origin: named.display().to_string(),
            message: format!(
                "there is no such file, and no such policy is built in ({} are)",
                Policy::built_ins().collect::<Vec<_>>().join(" and ")
            ),
        }),
        Err(error) => Err(ConfigError::Invalid {
            origin: named.display().to_string(),
            message: format!("the policy cannot be read: {error}"),
        }),
    }
}

/// The file with line and column, as editors open it.
pub(crate) fn origin(named: &Path, text: &str, error: &PolicyError) -> String {
    let file = named.display();
    match error.place(text) {
        Some((line, column)) => format!("{file}:{line}:{column}"),
        None => file.to_string(),
    }
}
