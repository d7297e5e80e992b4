//! Keys that stand in files, as secrets are mounted.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::error::ConfigError;

/// No key is longer.
const MAX_KEY: u64 = 16 << 10;

/// The key in a file, without the line's end. The file is refused when others than its owner and group can read it, or others
/// than its owner can write it: whoever can write it chooses the account that pays.
pub(super) fn read(key: &'static str, path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let wrong = |expected| ConfigError::Value {
        key,
        value: path.display().to_string(),
        expected,
    };
    // The file that was looked at is the one that is read, even if its name means another one meanwhile.
    let file = File::open(path).map_err(failed)?;
    if is_open_to_others(&file).map_err(failed)? {
        return Err(wrong(
            "a file that others can neither read nor write (chmod 600, or 640 for a group)",
        ));
    }
    let mut text = String::new();
    file.take(MAX_KEY + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > MAX_KEY {
        return Err(wrong("a key of at most 16 KiB"));
    }
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(wrong("a file with a key in it"));
    }
    Ok(text.to_owned())
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o026 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}
