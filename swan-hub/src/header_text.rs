//! Values of an answer's headers, which are many and small, in one allocation.

use std::fmt::{Display, Write as _};

use bytes::BytesMut;
use http::HeaderValue;

/// Enough for the numbers, ids and names of one answer.
const BYTES: usize = 512;

/// Writes the values of one answer behind each other; each is a part of the same bytes.
#[derive(Debug)]
pub(crate) struct HeaderText(BytesMut);

impl HeaderText {
    pub(crate) fn new() -> Self {
        Self(BytesMut::with_capacity(BYTES))
    }

    /// A value as it is displayed; `None` when that cannot stand in a header.
    pub(crate) fn of(&mut self, value: &impl Display) -> Option<HeaderValue> {
        // Writing to memory cannot fail.
        let _ = write!(self.0, "{value}");
        self.taken()
    }

    /// A text as it is; `None` when it cannot stand in a header.
    pub(crate) fn text(&mut self, text: &str) -> Option<HeaderValue> {
        self.0.extend_from_slice(text.as_bytes());
        self.taken()
    }

    /// A number in decimal digits.
    pub(crate) fn number(&mut self, number: u64) -> Option<HeaderValue> {
        self.text(itoa::Buffer::new().format(number))
    }

    fn taken(&mut self) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(self.0.split().freeze()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_apart_however_many_they_are() {
        let mut text = HeaderText::new();
        let numbers: Vec<_> = (0..500_u64).map(|number| text.number(number)).collect();
        for (number, value) in numbers.into_iter().enumerate() {
            assert_eq!(value.unwrap(), number.to_string().as_str());
        }
        assert_eq!(text.of(&12.5).unwrap(), "12.5");
        assert_eq!(text.text("a name").unwrap(), "a name");
    }

    #[test]
    fn what_would_be_two_lines_is_no_value() {
        let mut text = HeaderText::new();
        assert_eq!(text.text("a\r\nb: c"), None);
        assert_eq!(text.of(&'\0'), None);
        assert_eq!(text.number(7).unwrap(), "7");
    }
}
