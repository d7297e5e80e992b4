//! `swan-provider key`.

use super::{Exit, args::KeyArgs, print, run::state_folder, say};
use crate::{ProviderError, signing};

/// Prints the public key alone, so that a script can take it.
pub(super) fn key(args: &KeyArgs) -> Result<Exit, ProviderError> {
    let folder = args.data_dir.clone().unwrap_or_else(state_folder);
    let Some(file) = signing::path(args.signing_key.clone(), Some(&folder)) else {
        return Ok(Exit::Failed);
    };
    let key = signing::load_or_create(&file)?;
    print(&key.public().to_string());
    say(&format!(
        "the secret is in {}; whoever has it can sign as this provider",
        file.display()
    ));
    Ok(Exit::Done)
}
