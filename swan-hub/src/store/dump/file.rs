//! A dump's bytes: a name and version, then blocks. Each has its length, a sum of all bytes of the file before its content
//! ends, and its content in postcard's encoding, so that damage shows before a block is used.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Block, Blocks, Incoming, broken_off};
use crate::store::StoreError;

const NAME: &[u8; 8] = b"SWANDUMP";
const VERSION: u8 = 1;
const SUM_BYTES: usize = 16;
/// More than any row has: a length beyond it is damage.
const BLOCK_MAX: u32 = 256 << 20;

/// Writes what comes into a new file; answers how many rows.
pub(super) fn write(path: &Path, incoming: Incoming) -> Result<u64, StoreError> {
    if path.exists() {
        return Err(refused(path, "it is there already; move it away first"));
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = write_to(&partial, incoming);
    let Ok(rows) = written else {
        // What is left is of no use; that it cannot be removed either is not the news.
        let _ = fs::remove_file(&partial);
        return written;
    };
    fs::rename(&partial, path).map_err(|error| unwritten(path, error))?;
    Ok(rows)
}

fn write_to(path: &Path, mut incoming: Incoming) -> Result<u64, StoreError> {
    let failed = |error| unwritten(path, error);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        // Hashes of keys and passwords are in it.
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = BufWriter::new(options.open(path).map_err(failed)?);
    let mut sum = Sha256::new();
    let head = [&NAME[..], &[VERSION]].concat();
    sum.update(&head);
    file.write_all(&head).map_err(failed)?;
    while let Some(block) = incoming.blocking_recv() {
        let block = block?;
        let content = postcard::to_stdvec(&block)
            .map_err(|error| StoreError::corrupt(format!("a row cannot be written: {error}")))?;
        let length = u32::try_from(content.len()).ok();
        let length = length.filter(|length| *length <= BLOCK_MAX);
        let length = length.ok_or_else(|| StoreError::corrupt("a row is too long for a dump"))?;
        sum.update(length.to_le_bytes());
        sum.update(&content);
        let parts = [&length.to_le_bytes()[..], &so_far(&sum), &content];
        for part in parts {
            file.write_all(part).map_err(failed)?;
        }
        if let Block::End { rows } = block {
            let file = file
                .into_inner()
                .map_err(|error| failed(error.into_error()))?;
            file.sync_all().map_err(failed)?;
            return Ok(rows);
        }
    }
    Err(broken_off())
}

/// Reads a file and says what is in it.
pub(super) fn read(path: &Path, blocks: &Blocks) {
    if let Err(error) = read_from(path, blocks) {
        // Nobody hears it when the other end has failed first, and that is then the news.
        let _ = blocks.blocking_send(Err(error));
    }
}

fn read_from(path: &Path, blocks: &Blocks) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::Open {
        place: path.display().to_string(),
        what: "it cannot be read".into(),
        source: Some(Box::new(error)),
    };
    let damaged = |what: &str| StoreError::corrupt(format!("{} {what}", path.display()));
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut sum = Sha256::new();
    let bytes = |file: &mut BufReader<File>, length: u64| {
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;
        Ok::<_, StoreError>(bytes)
    };
    let head = bytes(&mut file, 9)?;
    match head.strip_prefix(NAME) {
        Some([VERSION]) => {}
        Some([other]) => {
            let what = format!("it has format {other}, and this program knows {VERSION}");
            return Err(refused(path, &what));
        }
        _ => return Err(refused(path, "it is no dump of a store")),
    }
    sum.update(&head);
    let mut rows = 0;
    loop {
        let length = bytes(&mut file, 4)?;
        let length: [u8; 4] = length.try_into().map_err(|_| damaged("is cut off"))?;
        sum.update(length);
        let length = u32::from_le_bytes(length);
        if length > BLOCK_MAX {
            return Err(damaged("does not match its check sum"));
        }
        let said = bytes(&mut file, SUM_BYTES as u64)?;
        let content = bytes(&mut file, u64::from(length))?;
        if said.len() < SUM_BYTES || content.len() < length as usize {
            return Err(damaged("is cut off"));
        }
        sum.update(&content);
        if said != so_far(&sum) {
            return Err(damaged("does not match its check sum"));
        }
        let block: Block = postcard::from_bytes(&content)
            .map_err(|error| damaged(&format!("cannot be read: {error}")))?;
        let is_end = match &block {
            Block::Rows(these) => {
                rows += these.len() as u64;
                false
            }
            Block::Table { .. } => false,
            Block::End { rows: all } if *all != rows => return Err(damaged("has lost rows")),
            Block::End { .. } => true,
        };
        if is_end && !bytes(&mut file, 1)?.is_empty() {
            return Err(damaged("goes on after its end"));
        }
        if blocks.blocking_send(Ok(block)).is_err() || is_end {
            return Ok(());
        }
    }
}

/// The sum of everything until now.
fn so_far(sum: &Sha256) -> [u8; SUM_BYTES] {
    let digest: [u8; 32] = sum.clone().finalize().into();
    let mut first = [0; SUM_BYTES];
    for (to, from) in first.iter_mut().zip(digest) {
        *to = from;
    }
    first
}

fn refused(path: &Path, what: &str) -> StoreError {
    StoreError::Open {
        place: path.display().to_string(),
        what: what.to_owned(),
        source: None,
    }
}

fn unwritten(path: &Path, error: io::Error) -> StoreError {
    StoreError::Open {
        place: path.display().to_string(),
        what: "the dump cannot be written; check who may write there and whether the disk is full"
            .into(),
        source: Some(Box::new(error)),
    }
}
