//! Whether every reader reads a Matroska or WebM file alike.
//!
//! Where a part claims to be longer than what it lies in, or lies where it cannot be, readers part ways: ours goes on behind what
//! is around it, others look for the next part that they know, and would play what nobody has paid. Such files are not measured.

const HEADER: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const VOID: u32 = 0xec;
/// The parts of a segment, and no others of a recording, have names from here on.
const LARGE_NAMES: u32 = 0x1000_0000;

/// The head of an element.
struct Head {
    name: u32,
    /// Bytes that the head itself takes.
    length: usize,
    /// Bytes that follow; live recordings leave it open for segments and clusters.
    content: Option<usize>,
}

/// An element whose parts are looked at.
struct Open {
    name: u32,
    end: usize,
    is_open_ended: bool,
}

/// Whether each element down to the blocks of the clusters ends within the one that it lies in.
pub(super) fn is_sound(file: &[u8]) -> bool {
    let mut outer = vec![Open {
        name: 0,
        end: file.len(),
        is_open_ended: false,
    }];
    let (mut at, mut segments) = (0, 0);
    while let Some(parent) = outer.last() {
        if at == parent.end {
            outer.pop();
            continue;
        }
        let Some(head) = file.get(at..).and_then(Head::read) else {
            return false;
        };
        let within = parent.end;
        let descends = match (parent.name, head.name) {
            (0, HEADER) if at == 0 => false,
            (0, VOID) => false,
            (0, SEGMENT) if segments == 0 => true,
            (SEGMENT, HEADER | SEGMENT) | (0, _) => return false,
            (SEGMENT, CLUSTER) => true,
            (CLUSTER, LARGE_NAMES..) if parent.is_open_ended => {
                // Its end is where the next part of the segment begins.
                outer.pop();
                continue;
            }
            (CLUSTER, LARGE_NAMES..) => return false,
            _ => false,
        };
        segments += u32::from(head.name == SEGMENT);
        let from = at.saturating_add(head.length);
        let end = match head.content {
            Some(content) => from.saturating_add(content),
            None if descends => within,
            None => return false,
        };
        if end > within {
            return false;
        }
        at = if descends { from } else { end };
        if descends {
            outer.push(Open {
                name: head.name,
                end,
                is_open_ended: head.content.is_none(),
            });
        }
    }
    true
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (name, name_length) = number(bytes, 4)?;
        let (content, content_length) = number(bytes.get(name_length..)?, 8)?;
        // The number of bytes is marked by a bit, which is a part of a name, and not of a length.
        let marker = 1_u64 << (7 * content_length);
        let content = content & (marker - 1);
        let is_open = content == marker - 1;
        Some(Self {
            name: u32::try_from(name).ok()?,
            length: name_length + content_length,
            content: match is_open {
                true => None,
                false => Some(usize::try_from(content).ok()?),
            },
        })
    }
}

/// A number that says in its first byte how long it is, as it stands there, and how long.
fn number(bytes: &[u8], most: usize) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = usize::try_from(first.leading_zeros()).ok()? + 1;
    if length > most {
        return None;
    }
    let value = bytes
        .get(..length)?
        .iter()
        .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    Some((value, length))
}
