//! Records as they are written: the stamps of all policies that decided in a record come first, once each, and an entry names
//! its own by number, so that no hash is repeated.

use std::ops::Range;

use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use swan_core::ledger::{Cause, Detail, Entry, Group, Rule, Transfer};
use swan_core::{PolicyStamp, RequestId, Timestamp};

/// The order of the fields is the format.
#[derive(Serialize)]
struct Written<'a> {
    at: Timestamp,
    transfers: &'a [Transfer],
    rule: Rule,
    request: Option<RequestId>,
    /// The place of its stamp, counted from 1; 0 for none.
    policy: u32,
    detail: &'a Detail,
}

#[derive(Deserialize)]
struct Read<D> {
    at: Timestamp,
    transfers: Vec<Transfer>,
    rule: Rule,
    request: Option<RequestId>,
    policy: u32,
    detail: D,
}

/// Writes the entries behind what `body` has.
pub(super) fn write(entries: &[Entry], body: &mut Vec<u8>) -> postcard::Result<()> {
    let mut stamps: Vec<&PolicyStamp> = Vec::new();
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        places.push(
            entry
                .group
                .cause
                .policy
                .as_ref()
                .map_or(0, |stamp| place(&mut stamps, stamp)),
        );
    }
    postcard::serialize_with_flavor(&stamps, Behind(body))?;
    for (entry, policy) in entries.iter().zip(places) {
        let Group { transfers, cause } = &entry.group;
        let written = Written {
            at: entry.at,
            transfers,
            rule: cause.rule,
            request: cause.request,
            policy,
            detail: &cause.detail,
        };
        postcard::serialize_with_flavor(&written, Behind(body))?;
    }
    Ok(())
}

/// Puts bytes behind others. Postcard's own way of doing so takes ids, of which entries are full, byte by byte through an
/// iterator.
pub(in crate::ledger) struct Behind<'a>(pub(in crate::ledger) &'a mut Vec<u8>);

impl Flavor for Behind<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// A hub changes its policy rarely, so a record seldom has two stamps and looking through them is cheap.
fn place<'a>(stamps: &mut Vec<&'a PolicyStamp>, stamp: &'a PolicyStamp) -> u32 {
    let at = stamps.iter().position(|known| *known == stamp);
    let at = at.unwrap_or_else(|| {
        stamps.push(stamp);
        stamps.len() - 1
    });
    // There are at most as many stamps as entries, whose count is a u32.
    u32::try_from(at).map_or(u32::MAX, |at| at.saturating_add(1))
}

/// Reads the entries with these numbers and answers what comes after them.
pub(super) fn read<'a>(
    content: &'a [u8],
    numbers: Range<u64>,
    entries: &mut Vec<Entry>,
) -> postcard::Result<&'a [u8]> {
    read_with::<Detail>(content, numbers, entries)
}

/// As [`read`], with evidence of another shape.
pub(super) fn read_with<'a, D>(
    content: &'a [u8],
    numbers: Range<u64>,
    entries: &mut Vec<Entry>,
) -> postcard::Result<&'a [u8]>
where
    D: DeserializeOwned + Into<Detail>,
{
    let (stamps, mut content) = postcard::take_from_bytes::<Vec<PolicyStamp>>(content)?;
    for seq in numbers {
        let (written, rest) = postcard::take_from_bytes::<Read<D>>(content)?;
        content = rest;
        entries.push(Entry {
            seq,
            at: written.at,
            group: Group {
                transfers: written.transfers,
                cause: Cause {
                    rule: written.rule,
                    request: written.request,
                    policy: stamp(&stamps, written.policy)?,
                    detail: written.detail.into(),
                },
            },
        });
    }
    Ok(content)
}

/// A number without a stamp is damage, not an entry without a policy.
fn stamp(stamps: &[PolicyStamp], place: u32) -> postcard::Result<Option<PolicyStamp>> {
    let Some(before) = place.checked_sub(1) else {
        return Ok(None);
    };
    let at = usize::try_from(before).ok();
    let found = at.and_then(|at| stamps.get(at)).cloned();
    found.map(Some).ok_or(postcard::Error::DeserializeBadEnum)
}
