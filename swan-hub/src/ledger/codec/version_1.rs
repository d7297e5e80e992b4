//! Records of before policies had hashes: each entry names the version of its policy alone. They are read, never written.

use std::ops::Range;

use serde::Deserialize;
use swan_core::ledger::{Cause, Detail, Entry, Group, Rule, Transfer};
use swan_core::{PolicyStamp, PolicyVersion, RequestId, Timestamp};

/// The order of the fields is the format.
#[derive(Deserialize)]
struct Written {
    at: Timestamp,
    transfers: Vec<Transfer>,
    rule: Rule,
    request: Option<RequestId>,
    policy: Option<PolicyVersion>,
    detail: Detail,
}

/// Reads the entries with these numbers and answers what comes after them.
pub(super) fn read<'a>(
    mut content: &'a [u8],
    numbers: Range<u64>,
    entries: &mut Vec<Entry>,
) -> postcard::Result<&'a [u8]> {
    for seq in numbers {
        let (written, rest) = postcard::take_from_bytes::<Written>(content)?;
        content = rest;
        entries.push(Entry {
            seq,
            at: written.at,
            group: Group {
                transfers: written.transfers,
                cause: Cause {
                    rule: written.rule,
                    request: written.request,
                    policy: written.policy.map(PolicyStamp::without_hash),
                    detail: written.detail,
                },
            },
        });
    }
    Ok(content)
}
