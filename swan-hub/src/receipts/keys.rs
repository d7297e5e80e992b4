//! The keys with which a hub signs: one in use, and the public halves of those before it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};
use swan_core::Timestamp;
use swan_core::receipt::{HubKeys, PublicKey, PublishedKey, Receipt, Signature, SignedReceipt};

/// No file of keys is longer; it has room for some hundred rotations.
const FILE_MAX: u64 = 64 << 10;

/// What signs the receipts of a hub.
pub struct ReceiptSigner {
    pair: Ed25519KeyPair,
    published: HubKeys,
}

/// Why there are no keys to sign with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptKeyError {
    /// The file cannot be read or written.
    #[error("the keys for receipts in {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file says something else than keys.
    #[error("the keys for receipts in {}: expected {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What belongs there.
        expected: &'static str,
    },
    /// The name stands in every receipt.
    #[error("receipts.hub: expected 1 to 200 printable characters without spaces")]
    Name,
    /// The operating system has no randomness to give.
    #[error("the operating system gives no random numbers for a key")]
    Entropy,
}

/// The file: the secret of the key in use, and the public keys before it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    secret: [u8; 32],
    from_ms: Timestamp,
    retired: Vec<PublishedKey>,
}

impl ReceiptSigner {
    /// Signs as `hub` with a new key, which ends with the process.
    ///
    /// # Errors
    /// When the name cannot stand in a receipt, or there is no randomness.
    pub fn generate(hub: &str, now: Timestamp) -> Result<Self, ReceiptKeyError> {
        Self::of(hub, &Kept::new(now, Vec::new())?)
    }

    /// Signs as `hub` with the key in a file, which is made, readable by its owner alone, when there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, others may read it, or it is no file of keys.
    pub fn open(hub: &str, path: &Path, now: Timestamp) -> Result<Self, ReceiptKeyError> {
        let kept = match Kept::read(path)? {
            Some(kept) => kept,
            None => {
                let fresh = Kept::new(now, Vec::new())?;
                fresh.write(path)?;
                fresh
            }
        };
        Self::of(hub, &kept)
    }

    /// Puts a new key into the file and retires the one before it, whose public half stays. Hubs that run go on with the
    /// old one until they are started again, so that is to be done at once.
    ///
    /// # Errors
    /// As [`ReceiptSigner::open`]; also when there is no such file.
    pub fn rotate(hub: &str, path: &Path, now: Timestamp) -> Result<Self, ReceiptKeyError> {
        let missing = || ReceiptKeyError::Malformed {
            path: path.to_owned(),
            expected: "a file of keys, which the first start of the hub makes",
        };
        let old = Kept::read(path)?.ok_or_else(missing)?;
        let key = Self::of(hub, &old)?.key();
        let mut retired = old.retired;
        retired.push(PublishedKey {
            key,
            from: old.from_ms,
            until: Some(now),
        });
        let fresh = Kept::new(now, retired)?;
        fresh.write(path)?;
        Self::of(hub, &fresh)
    }

    fn of(hub: &str, kept: &Kept) -> Result<Self, ReceiptKeyError> {
        let is_name =
            (1..=200).contains(&hub.len()) && hub.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name {
            return Err(ReceiptKeyError::Name);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&kept.secret)
            .map_err(|_| ReceiptKeyError::Entropy)?;
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(pair.public_key().as_ref()) {
            *to = *from;
        }
        let mut keys = vec![PublishedKey {
            key: PublicKey::from_bytes(key),
            from: kept.from_ms,
            until: None,
        }];
        keys.extend(kept.retired.iter().rev());
        let published = HubKeys {
            hub: hub.to_owned(),
            keys,
        };
        Ok(Self { pair, published })
    }

    /// The name of the hub and its public keys, the one in use first.
    #[must_use]
    pub const fn published(&self) -> &HubKeys {
        &self.published
    }

    fn key(&self) -> PublicKey {
        let first = self.published.keys.first().map(|one| one.key);
        first.unwrap_or(PublicKey::from_bytes([0; 32]))
    }

    /// The receipt under the signature of the key in use; [`SignedReceipt::provider_signature`] has no place in it.
    #[must_use]
    pub fn sign(&self, receipt: &Receipt) -> SignedReceipt {
        let receipt = receipt.to_string();
        let mut signature = [0; 64];
        let signed = self.pair.sign(receipt.as_bytes());
        for (to, from) in signature.iter_mut().zip(signed.as_ref()) {
            *to = *from;
        }
        SignedReceipt {
            receipt,
            key: self.key(),
            signature: Signature::from_bytes(signature),
            provider_signature: None,
        }
    }
}

impl fmt::Debug for ReceiptSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptSigner")
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}

/// Whether a signature fits a key and a message.
pub(crate) fn fits(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    use ring::signature::{ED25519, UnparsedPublicKey};
    let key = UnparsedPublicKey::new(&ED25519, key.as_bytes());
    key.verify(message, signature.as_bytes()).is_ok()
}

impl Kept {
    fn new(now: Timestamp, retired: Vec<PublishedKey>) -> Result<Self, ReceiptKeyError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|_| ReceiptKeyError::Entropy)?;
        Ok(Self {
            secret,
            from_ms: now,
            retired,
        })
    }

    fn read(path: &Path) -> Result<Option<Self>, ReceiptKeyError> {
        let failed = |source| file_error(path, source);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let malformed = |expected| ReceiptKeyError::Malformed {
            path: path.to_owned(),
            expected,
        };
        if is_open_to_others(&file).map_err(failed)? {
            return Err(malformed(
                "a file that nobody but its owner can read (chmod 600)",
            ));
        }
        let mut text = String::new();
        file.take(FILE_MAX)
            .read_to_string(&mut text)
            .map_err(failed)?;
        let kept = serde_json::from_str(&text);
        kept.map(Some)
            .map_err(|_| malformed("the JSON that swan-hub writes"))
    }

    /// Writes a file beside it and puts that in its place, so that there is a whole file at any time.
    fn write(&self, path: &Path) -> Result<(), ReceiptKeyError> {
        let failed = |source| file_error(path, source);
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        // Numbers and texts always serialise.
        let text = serde_json::to_vec(self).unwrap_or_default();
        let mut file = options.open(&beside).map_err(failed)?;
        let written = file.write_all(&text).and_then(|()| file.sync_all());
        let moved = written.and_then(|()| fs::rename(&beside, path));
        moved.map_err(|error| {
            // What cannot be put in its place must not lie about.
            let _ = fs::remove_file(&beside);
            failed(error)
        })
    }
}

fn file_error(path: &Path, source: io::Error) -> ReceiptKeyError {
    ReceiptKeyError::File {
        path: path.to_owned(),
        source,
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
