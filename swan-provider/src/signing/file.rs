//! The file with the secret, which nobody but its owner may read.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use super::SigningKey;
use crate::ProviderError;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// No file of a key is longer: 64 digits and a line end, with room for an editor's.
const FILE_MAX: u64 = 128;

/// The key in the file, which is made when there is none.
pub(crate) fn load_or_create(path: &Path) -> Result<SigningKey, ProviderError> {
    let secret = match read(path)? {
        Some(secret) => secret,
        None => create(path)?,
    };
    SigningKey::of(&secret)
}

fn read(path: &Path) -> Result<Option<[u8; 32]>, ProviderError> {
    let failed = |error: io::Error| wrong(path, &error.to_string());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if is_open_to_others(&file).map_err(failed)? {
        return Err(wrong(
            path,
            "others can read this secret: make it your own with chmod 600",
        ));
    }
    let mut text = String::new();
    let read = file.take(FILE_MAX).read_to_string(&mut text);
    read.map_err(failed)?;
    let secret = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    let secret = secret.and_then(|bytes| bytes.try_into().ok());
    let advice = "expected 64 hexadecimal digits; move the file away to get a new key";
    secret.map(Some).ok_or_else(|| wrong(path, advice))
}

fn create(path: &Path) -> Result<[u8; 32], ProviderError> {
    let failed = |error: io::Error| wrong(path, &error.to_string());
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| wrong(path, &error.to_string()))?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut text = HEXLOWER.encode(&secret);
    text.push('\n');
    // Two programs that start at once must end up with one key, so nothing is ever replaced.
    let beside = beside(path);
    let written = write(&beside, text.as_bytes());
    let linked = written.and_then(|()| fs::hard_link(&beside, path));
    // What cannot be put in its place must not lie about.
    let _ = fs::remove_file(&beside);
    match linked {
        Ok(()) => Ok(secret),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let gone = || wrong(path, "it has gone as soon as it was made");
            read(path)?.ok_or_else(gone)
        }
        Err(error) => Err(failed(error)),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    PathBuf::from(name)
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn wrong(path: &Path, reason: &str) -> ProviderError {
    ProviderError::SigningKey {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_survives_a_restart_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/signing_key");
        let key = load_or_create(&path).unwrap();
        assert_eq!(load_or_create(&path).unwrap().public(), key.public());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(!format!("{key:?}").contains(fs::read_to_string(&path).unwrap().trim()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let refused = load_or_create(&path).unwrap_err().to_string();
            assert!(refused.contains("chmod 600"), "{refused}");
        }
    }

    #[test]
    fn a_broken_file_is_not_silently_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in [
            "",
            "no key",
            &"0".repeat(63),
            &"g".repeat(64),
            &"0".repeat(66),
        ] {
            let _ = fs::remove_file(&path);
            write(&path, text.as_bytes()).unwrap();
            let refused = load_or_create(&path).unwrap_err().to_string();
            assert!(refused.contains("64 hexadecimal digits"), "{refused}");
        }
        let folder = folder.path().join("key/within");
        assert!(load_or_create(&folder).is_err());
    }
}
