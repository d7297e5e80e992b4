//! The beginning of a conversation, which its later requests share, and which a provider's cache may hold.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::members;
use crate::routing::AffinityKey;

/// Messages before the first of the user that are looked at.
const MOST: usize = 16;

/// The key of the messages in a JSON array up to and with the first of the user; what follows is not even read.
pub(super) fn of(messages: &str) -> Option<AffinityKey> {
    let mut reading = Reading::default();
    // Reading ends with an error as soon as enough is known.
    let _ = serde_json::Deserializer::from_str(messages).deserialize_seq(&mut reading);
    let texts = reading.found.iter().map(|message| message.get().as_bytes());
    reading.met_user.then(|| AffinityKey::of_all(texts))
}

#[derive(Default)]
struct Reading<'a> {
    found: Vec<&'a RawValue>,
    met_user: bool,
}

impl<'a> Visitor<'a> for &mut Reading<'a> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("messages")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while self.found.len() < MOST
            && let Some(message) = list.next_element::<&'a RawValue>()?
        {
            self.found.push(message);
            self.met_user = is_users(message.get());
            if self.met_user {
                break;
            }
        }
        Err(A::Error::custom("enough"))
    }
}

fn is_users(message: &str) -> bool {
    let mut is_users = false;
    // A message that is no object is nobody's.
    let _ = members(message, &mut |key, value| {
        is_users |= key == "role" && value.get() == "\"user\"";
    });
    is_users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_keeps_its_key_as_it_goes_on() {
        let first = r#"[{"role":"system","content":"be brief"}, {"role":"user","content":"hi"}]"#;
        let later = r#"[{"role":"system","content":"be brief"},{"role":"user","content":"hi"},{"role":"assistant","content":"hello"},{"role":"user","content":"bye"}]"#;
        let other = r#"[{"role":"system","content":"be brief"},{"role":"user","content":"ho"}]"#;
        assert!(of(first).is_some());
        assert_eq!(of(first), of(later));
        assert_ne!(of(first), of(other));
        // Where one message ends belongs to the key.
        let parts = r#"[{"role":"system","content":"be"},{"role":"user","content":" brief"}]"#;
        assert_ne!(of(parts), of(other));
    }

    #[test]
    fn without_a_users_message_there_is_no_key() {
        for messages in ["[]", "[1,2]", r#"[{"role":"system"}]"#, "7", r#"[{"role":"#] {
            assert_eq!(of(messages), None, "{messages}");
        }
        let many = format!(
            "[{}{}]",
            r#"{"role":"system"},"#.repeat(16),
            r#"{"role":"user"}"#
        );
        assert_eq!(of(&many), None);
    }
}
