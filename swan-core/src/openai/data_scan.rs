//! An answer that is a list, read where it is written as model servers write it: its arrays of numbers are most of its bytes, and
//! are stepped over eight digits at a time. Whatever is unusual is left to the reader that reads everything.

use serde_json::value::RawValue;

use super::data::{At, DataFacts};

/// The facts of `text`; `None` where they are not to be had so quickly, which says nothing about whether it is an answer.
///
/// What is accepted here is JSON: each number and each other value is checked as the slow reader checks it.
pub(super) fn scan(text: &str) -> Option<DataFacts<'_>> {
    let mut facts = DataFacts::default();
    let mut cursor = Cursor { text, at: 0 };
    cursor.object(|cursor, name| {
        match name {
            "data" => cursor.array(|cursor| element(cursor, &mut facts))?,
            "usage" => facts.take(At::Usage, cursor.value()?),
            "error" => facts.take(At::Error, cursor.value()?),
            _ => drop(cursor.value()?),
        }
        Some(())
    })?;
    cursor.space();
    (cursor.at == text.len()).then_some(facts)
}

fn element(cursor: &mut Cursor<'_>, facts: &mut DataFacts<'_>) -> Option<()> {
    let mut has_image = false;
    cursor.object(|cursor, name| {
        if name == "embedding"
            && let Some(rest) = numbers(cursor.rest())
        {
            cursor.at = cursor.text.len() - rest.len();
            facts.add_array();
            return Some(());
        }
        let value = cursor.value()?;
        match name {
            "embedding" => facts.take_item(At::Vector, value.get()),
            // Some servers give both, one of them null.
            "url" | "b64_json" if !has_image && value.get() != "null" => {
                has_image = true;
                facts.take_item(At::Image, value.get());
            }
            _ => {}
        }
        Some(())
    })
}

/// A place in the text, always at the beginning of a character.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at = self.text.len() - space(self.rest()).len();
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        let is_here = self.peek()? == byte;
        self.at += usize::from(is_here);
        is_here.then_some(())
    }

    /// Calls `member` for each member of the object that is here, with the cursor at its value.
    fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.space();
        self.eat(b'{')?;
        self.space();
        if self.eat(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = self.name()?;
            self.space();
            self.eat(b':')?;
            self.space();
            member(self, name)?;
            self.space();
            if self.eat(b'}').is_some() {
                return Some(());
            }
            self.eat(b',')?;
            self.space();
        }
    }

    /// Calls `element` at each element of the array that is here.
    fn array(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.eat(b'[')?;
        self.space();
        if self.eat(b']').is_some() {
            return Some(());
        }
        loop {
            element(self)?;
            self.space();
            if self.eat(b']').is_some() {
                return Some(());
            }
            self.eat(b',')?;
        }
    }

    /// The name of a member, if it stands there as it is.
    fn name(&mut self) -> Option<&'a str> {
        self.eat(b'"')?;
        let rest = self.text.get(self.at..)?;
        let length = rest.bytes().position(|byte| byte == b'"')?;
        let name = rest.get(..length)?;
        // An escape may spell any name, and no other control character may stand in one.
        if name.bytes().any(|byte| byte == b'\\' || byte < b' ') {
            return None;
        }
        self.at += length + 1;
        Some(name)
    }

    /// The value that is here, whatever it is.
    fn value(&mut self) -> Option<&'a RawValue> {
        let rest = self.text.get(self.at..)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value)
    }
}

/// What follows the array of numbers that is here, if it is one and not empty.
fn numbers(json: &[u8]) -> Option<&[u8]> {
    let mut rest = json.strip_prefix(b"[")?;
    loop {
        rest = space(number(space(rest))?);
        let (next, after) = rest.split_first()?;
        match next {
            b',' => rest = after,
            b']' => return Some(after),
            _ => return None,
        }
    }
}

/// What follows the number that is here, by the grammar of JSON.
fn number(json: &[u8]) -> Option<&[u8]> {
    let unsigned = json.strip_prefix(b"-").unwrap_or(json);
    let mut rest = match unsigned {
        // No digit may follow, and none of those who ask goes on at one.
        [b'0', rest @ ..] => rest,
        [b'1'..=b'9', rest @ ..] => digits(rest),
        _ => return None,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = some_digits(fraction)?;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        rest = match exponent {
            [b'+' | b'-', unsigned @ ..] => some_digits(unsigned)?,
            unsigned => some_digits(unsigned)?,
        };
    }
    Some(rest)
}

/// What follows the digits that are here, of which there must be one.
fn some_digits(json: &[u8]) -> Option<&[u8]> {
    match json {
        [b'0'..=b'9', rest @ ..] => Some(digits(rest)),
        _ => None,
    }
}

/// What follows the digits that are here.
fn digits(json: &[u8]) -> &[u8] {
    let mut rest = json;
    while let Some((eight, after)) = rest.split_first_chunk() {
        let others = no_digits(u64::from_le_bytes(*eight));
        if others != 0 {
            let digits = (others.trailing_zeros() / 8) as usize;
            return rest.get(digits..).unwrap_or_default();
        }
        rest = after;
    }
    while let [b'0'..=b'9', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// The highest bit of each of eight bytes that is no digit.
const fn no_digits(eight: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xFF;
    let values = eight ^ (EACH * b'0' as u64);
    // Whatever is above 9 carries into the highest bit of its own byte; what has that bit already is no digit either.
    let carried = (values & (EACH * 0x7F)) + EACH * (0x7F - 9);
    (carried | values) & (EACH * 0x80)
}

fn space(json: &[u8]) -> &[u8] {
    let mut rest = json;
    while let [b' ' | b'\n' | b'\t' | b'\r', after @ ..] = rest {
        rest = after;
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_is_told_from_a_digit_at_every_place() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut eight = *b"01234567";
                eight[place] = byte;
                let others = no_digits(u64::from_le_bytes(eight));
                let expected = u64::from(!byte.is_ascii_digit()) << (place * 8 + 7);
                assert_eq!(others, expected, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn arrays_of_numbers_and_nothing_else_are_stepped_over() {
        for right in [
            "[0]",
            "[-0]",
            "[1,2]",
            "[ -1.5 ,\n2e7\t, 3E-12,0.00012345678901234567890e+5 ]",
            "[123456789012345678901234567890]",
        ] {
            assert_eq!(numbers(right.as_bytes()), Some(&b""[..]), "{right}");
            let more = format!("{right} x");
            assert_eq!(numbers(more.as_bytes()), Some(&b" x"[..]), "{right}");
        }
        for wrong in [
            "",
            "[",
            "[]",
            "[ ]",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[01]",
            "[-]",
            "[1.]",
            "[.5]",
            "[1e]",
            "[1e+]",
            "[+1]",
            "[1.2.3]",
            "[1e5.5]",
            "[--1]",
            "[0x1]",
            "[NaN]",
            "[null]",
            "[\"1\"]",
            "[[1]]",
            "[1;2]",
            "[1}",
            "0",
            "[1\u{b}]",
            "[12345678٣]",
        ] {
            assert_eq!(numbers(wrong.as_bytes()), None, "{wrong}");
        }
    }

    /// A number or what looks like one, and lists as servers write them, with whatever a mutation makes of it.
    fn answers() -> impl Strategy<Value = String> {
        let number = "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?";
        let vector =
            prop::collection::vec(number, 0..6).prop_map(|all| format!("[{}]", all.join(" ,")));
        let value = prop_oneof![
            vector,
            Just("\"AAAAPw==\"".to_owned()),
            Just("null".to_owned()),
            Just("{\"a\":[1,{}]}".to_owned()),
            number.prop_map(|number| number),
        ];
        let name = "(embedding|url|b64_json|usage|error|data|object|embeddin\\\\u0067)";
        let members = prop::collection::vec((name, value), 0..4).prop_map(|all| {
            let all: Vec<_> = all
                .iter()
                .map(|(name, value)| format!("\"{name}\": {value}"))
                .collect();
            format!("{{{}}}", all.join(","))
        });
        let data = prop::collection::vec(members.clone(), 0..3);
        let answer = (data, members).prop_map(|(data, more)| {
            let more = more.strip_prefix('{').unwrap_or_default().to_owned();
            let comma = if more == "}" { "" } else { "," };
            format!("{{\"data\":[{}]{comma}{more}", data.join(", "))
        });
        (
            answer,
            any::<prop::sample::Index>(),
            "[\\[\\]{},:\"0-9.eE+\\\\ x-]?",
            0..3_usize,
        )
            .prop_map(|(mut answer, place, insert, cut)| {
                let at = place.index(answer.len() + 1).min(answer.len());
                answer.insert_str(at, &insert);
                answer.truncate(answer.len() - cut.min(answer.len()) / 2);
                answer
            })
    }

    proptest! {
        #[test]
        fn what_is_read_quickly_is_what_is_read_slowly(answer in answers()) {
            let slow = DataFacts::read_slowly(&answer);
            if let Some(quick) = scan(&answer) {
                let slow = slow.expect("what is read quickly is JSON");
                let shown = |facts: &DataFacts<'_>| format!("{facts:?}");
                prop_assert_eq!(shown(&quick), shown(&slow));
            }
        }
    }

    #[test]
    fn what_servers_write_is_read_quickly() {
        for answer in [
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[-0.0000000,0.0007919]}],"model":"m","usage":{"prompt_tokens":14}}"#,
            r#" { "data" : [ { "embedding" : "AAAAPw==" } , { "embedding" : [ ] } ] } "#,
            r#"{"created":1,"data":[{"url":null,"b64_json":"iVBO"},{}]}"#,
            r#"{"error":{"message":"no \" more"},"data":[]}"#,
            "{}",
        ] {
            let (quick, slow) = (scan(answer), DataFacts::read_slowly(answer));
            assert_eq!(
                format!("{:?}", quick.expect(answer)),
                format!("{:?}", slow.expect(answer))
            );
        }
    }
}
