//! How deep a body is nested.

/// Deeper bodies break the parsers of model servers and agents, some of which give up their connection then.
pub(super) const DEPTH: usize = 128;

/// Whether valid JSON is nested deeper than [`DEPTH`].
pub(super) fn is_deep(json: &[u8]) -> bool {
    let mut rest = json;
    let mut depth = 0_usize;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_string(rest),
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// What follows the string whose opening quote stands before `rest`.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let escaped = rest.get(at) == Some(&b'\\');
        rest = rest
            .get(at + 1 + usize::from(escaped)..)
            .unwrap_or_default();
        if !escaped {
            return rest;
        }
    }
    &[]
}
