//! Which trace a request belongs to: W3C Trace Context, level 1, read strictly since strangers write it.

use http::{HeaderMap, HeaderName, HeaderValue};
use swan_core::RequestId;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The place of a request in a trace.
///
/// A trace that begins in the hub has the id of its request, so one leads to the other without a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    parent: Option<u64>,
    sampled: bool,
}

/// What a caller says of its own span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parent {
    trace: u128,
    span: u64,
    sampled: bool,
}

impl TraceContext {
    /// The place of `request`, below the span that its headers name; without one, `samples` decides whether it is recorded.
    pub(super) fn of(
        request: RequestId,
        headers: &HeaderMap,
        samples: impl FnOnce(u128) -> bool,
    ) -> Self {
        let id = request.as_u128();
        // The low half of a request's id is random; mixed, it shows nothing of the trace's.
        let span = mixed(u64::try_from(id & u128::from(u64::MAX)).unwrap_or_default());
        match parent(headers) {
            Some(parent) => Self {
                trace: parent.trace,
                span,
                parent: Some(parent.span),
                sampled: parent.sampled,
            },
            None => Self {
                trace: id,
                span,
                parent: None,
                sampled: samples(id),
            },
        }
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(&self) -> u128 {
        self.trace
    }

    /// The span of the request.
    #[must_use]
    pub const fn span_id(&self) -> u64 {
        self.span
    }

    /// The caller's span, if it named one.
    #[must_use]
    pub const fn parent(&self) -> Option<u64> {
        self.parent
    }

    /// Whether it is recorded.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The span of the attempt with this number, from 0.
    #[must_use]
    pub const fn attempt(&self, number: usize) -> u64 {
        mixed(self.span.wrapping_add(number as u64 + 1))
    }

    /// What the server of that attempt is told.
    pub(crate) fn header(&self, attempt: u32) -> Option<HeaderValue> {
        let span = self.attempt(attempt as usize);
        let flags = u8::from(self.sampled);
        HeaderValue::try_from(format!("00-{:032x}-{span:016x}-{flags:02x}", self.trace)).ok()
    }
}

/// What the one `traceparent` says; two of them, or one that breaks a rule, say nothing.
fn parent(headers: &HeaderMap) -> Option<Parent> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next()?;
    match values.next() {
        None => parse(value.as_bytes()),
        Some(_) => None,
    }
}

fn parse(text: &[u8]) -> Option<Parent> {
    const LENGTH: usize = 55;
    let (known, more) = text.split_at_checked(LENGTH)?;
    let mut parts = known.split(|byte| *byte == b'-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let widths = [version.len(), trace.len(), span.len(), flags.len()];
    if widths != [2, 32, 16, 2] || parts.next().is_some() {
        return None;
    }
    // A later version may add parts; ours has none, and 255 is none.
    match hex(version)? {
        0 if !more.is_empty() => return None,
        0xff => return None,
        _ if !more.is_empty() && !more.starts_with(b"-") => return None,
        _ => {}
    }
    let parent = Parent {
        trace: hex(trace)?,
        span: u64::try_from(hex(span)?).ok()?,
        sampled: hex(flags)? & 1 == 1,
    };
    (parent.trace != 0 && parent.span != 0).then_some(parent)
}

/// Lower-case digits only, as the format demands.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u128::from(digit))
    })
}

/// Another number for each number, spread over all 64 bits (the finaliser of SplitMix64), and never zero, which is no id.
const fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    if z == 0 { 1 } else { z }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_parent_is_read_as_the_standard_writes_it() {
        let parent = parse(GOOD.as_bytes()).unwrap();
        assert_eq!(parent.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!((parent.span, parent.sampled), (0x00f0_67aa_0ba9_02b7, true));
        for (text, sampled) in [
            (GOOD.replace("-01", "-00"), Some(false)),
            (GOOD.replace("-01", "-03"), Some(true)),
            (GOOD.replacen("00-", "cc-", 1), Some(true)),
            (GOOD.replacen("00-", "cc-", 1) + "-what-comes", Some(true)),
            (GOOD.replacen("00-", "cc-", 1) + ".what", None),
            (GOOD.replacen("00-", "ff-", 1), None),
            (GOOD.to_owned() + "-more", None),
            (GOOD.to_owned() + "-", None),
            (GOOD.to_uppercase(), None),
            (GOOD.replace("4bf9", "4bg9"), None),
            (
                GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
                None,
            ),
            (GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)), None),
            (GOOD.replacen('-', "_", 1), None),
            (" ".to_owned() + GOOD, None),
            (String::new(), None),
            ("-".repeat(55), None),
        ] {
            let read = parse(text.as_bytes()).map(|parent| parent.sampled);
            assert_eq!(read, sampled, "{text}");
        }
    }

    #[test]
    fn a_trace_without_a_parent_has_the_id_of_its_request() {
        let request = RequestId::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
        let mut headers = HeaderMap::new();
        let own = TraceContext::of(request, &headers, |_| true);
        assert_eq!((own.trace_id(), own.parent()), (request.as_u128(), None));
        headers.append(TRACEPARENT, HeaderValue::from_static(GOOD));
        let below = TraceContext::of(request, &headers, |_| false);
        assert_eq!(below.parent(), Some(0x00f0_67aa_0ba9_02b7));
        assert!(below.is_sampled(), "the caller decides");
        let header = below.header(0).unwrap();
        let next = parse(header.as_bytes()).unwrap();
        assert_eq!(
            (next.trace, next.span),
            (below.trace_id(), below.attempt(0))
        );
        headers.append(TRACEPARENT, HeaderValue::from_static(GOOD));
        let twice = TraceContext::of(request, &headers, |_| false);
        assert_eq!(twice.parent(), None, "two parents are none");
    }

    proptest! {
        #[test]
        fn no_bytes_break_it_and_what_it_writes_it_reads(bytes in prop::collection::vec(any::<u8>(), 0..80), id in any::<u128>(), number in 0_u32..9) {
            let _ = parse(&bytes);
            let request = RequestId::from_u128(id | 1);
            let context = TraceContext::of(request, &HeaderMap::new(), |_| true);
            let read = parse(context.header(number).unwrap().as_bytes());
            prop_assert_eq!(read.map(|parent| parent.span), Some(context.attempt(number as usize)));
            prop_assert_ne!(context.attempt(number as usize), context.span_id());
        }
    }
}
