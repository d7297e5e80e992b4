//! The fields of JSON bodies: each is bounded, and a refusal names it and says what was expected.

use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::reply::{invalid, refusal};
use super::wallet;
use crate::gateway::{self, Answer};
use crate::hub::Shared;

/// The largest body of a route for accounts.
const BODY_MAX: usize = 64 << 10;
const INVALID: &str = "invalid_request_error";

/// Takes in the body of a request, within the bounds on its size and time.
pub(super) async fn whole(hub: &Shared, headers: &HeaderMap, body: Body) -> Result<Bytes, Answer> {
    within(hub, headers, body, BODY_MAX).await
}

/// The same, up to so many bytes.
pub(super) async fn within(
    hub: &Shared,
    headers: &HeaderMap,
    mut body: Body,
    most: usize,
) -> Result<Bytes, Answer> {
    let limit = hub.limits.body_deadline;
    let read = async {
        media_type(headers)?;
        collect(headers, &mut body, most).await
    };
    let read = timeout(limit, read).await.unwrap_or_else(|_| {
        let late = refusal(408, INVALID, "request_timeout");
        Err(late.saying("the request body did not arrive in time"))
    });
    if read.is_err() {
        gateway::linger(headers, body);
    }
    read
}

/// A JSON object.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the body of a request. No body is an object without fields.
    pub(super) async fn read(
        hub: &Arc<Shared>,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Self, Answer> {
        Self::parse(&whole(hub, headers, body).await?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Answer> {
        let malformed = refusal(400, INVALID, "invalid_json");
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(malformed.saying("the body must be a JSON object")),
            Err(error) => Err(malformed.saying(format!("the body is not JSON: {error}"))),
        }
    }

    /// Refuses fields that mean nothing here, so that a limit with a slip in its name does not go unsaid.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Answer> {
        let odd = |name: &&String| !names.contains(&name.as_str());
        let Some(name) = self.0.keys().find(odd) else {
            return Ok(());
        };
        let name: String = name.chars().take(80).collect();
        let words = format!(
            "{name} is not known here: expected one of {}",
            names.join(", ")
        );
        let mut unknown = refusal(400, INVALID, "unknown_field").saying(words);
        unknown.param = Some(name.into());
        Err(unknown)
    }

    /// A field that must be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&Value, Answer> {
        self.0.get(name).ok_or_else(|| missing(name))
    }

    /// A field as it was sent.
    pub(super) fn given(&self, name: &'static str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The fields of a field that is an object; null is none.
    pub(super) fn object(&self, name: &'static str) -> Result<Option<&Map<String, Value>>, Answer> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(invalid(name, format!("{name} must be an object"))),
        }
    }

    /// A text of `least` to `most` characters without control characters; null is no text.
    pub(super) fn optional(
        &self,
        name: &'static str,
        least: usize,
        most: usize,
    ) -> Result<Option<&str>, Answer> {
        let expected = || {
            invalid(
                name,
                format!("{name} must be a text of {least} to {most} characters"),
            )
        };
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                let length = text.chars().count();
                if !(least..=most).contains(&length) {
                    return Err(expected());
                }
                if text.chars().any(char::is_control) {
                    return Err(invalid(
                        name,
                        format!("{name} must not hold control characters"),
                    ));
                }
                Ok(Some(text))
            }
            Some(_) => Err(expected()),
        }
    }

    /// The same of a field that must be there.
    pub(super) fn text(
        &self,
        name: &'static str,
        least: usize,
        most: usize,
    ) -> Result<&str, Answer> {
        self.optional(name, least, most)?
            .ok_or_else(|| missing(name))
    }

    /// The address of a wallet, with its checksum; an empty one is none.
    pub(super) fn address(&self, name: &'static str) -> Result<Option<String>, Answer> {
        match self.optional(name, 0, 42)? {
            None | Some("") => Ok(None),
            Some(text) => match wallet::address(text) {
                Ok(address) => Ok(Some(address)),
                Err(error) => Err(invalid(name, format!("{name} {error}"))),
            },
        }
    }

    /// An e-mail address in lower case.
    pub(super) fn email(&self, name: &'static str) -> Result<String, Answer> {
        let text = self.text(name, 3, 254)?;
        if is_email(text) {
            Ok(text.to_ascii_lowercase())
        } else {
            Err(invalid(
                name,
                format!("{name} must be an e-mail address such as you@example.org"),
            ))
        }
    }
}

/// A field that must be there is not.
pub(super) fn missing(name: &'static str) -> Answer {
    refusal(400, INVALID, "missing_field")
        .of(name)
        .saying(format!("{name} is missing"))
}

/// The shape of addresses that are taken, for the document too: those that forms and mail servers agree on.
pub(super) const EMAIL: &str = r"^[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,24}$";

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let ends_well = |part: &str| {
        let ends = [part.bytes().next(), part.bytes().last()];
        ends.iter()
            .all(|end| end.is_some_and(|end| end.is_ascii_alphanumeric()))
    };
    let local_is = local.len() <= 64
        && ends_well(local)
        && local
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte));
    let label = |label: &str| {
        label.len() <= 63
            && ends_well(label)
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let (labels, last) = domain.rsplit_once('.').unwrap_or_default();
    let last_is =
        (2..=24).contains(&last.len()) && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    local_is && last_is && labels.split('.').count() <= 4 && labels.split('.').all(label)
}

fn media_type(headers: &HeaderMap) -> Result<(), Answer> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(refusal(415, INVALID, "unsupported_media_type")
        .saying("send JSON with \"Content-Type: application/json\""))
}

async fn collect(headers: &HeaderMap, body: &mut Body, most: usize) -> Result<Bytes, Answer> {
    let too_large = || {
        let large = refusal(413, INVALID, "request_too_large");
        large.saying(format!("the request body is larger than {most} bytes"))
    };
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|value| value.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let broken = refusal(400, INVALID, "invalid_body");
            broken.saying("the request body broke off")
        })?;
        if let Ok(data) = frame.into_data() {
            if all.len() + data.len() > most {
                return Err(too_large());
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(all.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_people_are_told_from_other_texts() {
        for good in [
            "a@example.org",
            "A.b+c%d_e-f@sub.example-1.org",
            "1@a.b.c.d.com",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "@",
            "a@",
            "@example.org",
            "a@example",
            "a@example.o",
            "a@.org",
            "a@-x.org",
            "a@x-.org",
            "a b@example.org",
            "a@@example.org",
            "a@example.org\n",
            ".a@example.org",
            "a@a.b.c.d.e.org",
            "a@exämple.org",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn fields_are_bounded_and_named() {
        let body = r#"{"a":"xy","b":7,"c":null,"d":"\u0000","e":"0x12"}"#;
        let fields = Fields::parse(body.as_bytes()).unwrap();
        assert_eq!(fields.text("a", 1, 2).unwrap(), "xy");
        assert_eq!(fields.optional("c", 1, 2).unwrap(), None);
        for (name, words) in [("a", "3 to 9"), ("b", "a text"), ("d", "control")] {
            let refusal = fields.text(name, 3, 9).map_or_else(Ok, Err);
            let refusal = match name {
                "d" => fields.text(name, 1, 9).unwrap_err(),
                _ => refusal.unwrap(),
            };
            assert_eq!(refusal.param.as_deref(), Some(name));
            assert!(refusal.message.contains(words), "{}", refusal.message);
        }
        assert_eq!(fields.text("c", 1, 2).unwrap_err().code, "missing_field");
        assert_eq!(fields.address("e").unwrap_err().param.as_deref(), Some("e"));
        for wrong in ["[]", "7", "{", "\u{feff}{}", &"[".repeat(10_000)] {
            let refusal = Fields::parse(wrong.as_bytes()).unwrap_err();
            assert_eq!(
                (refusal.status.as_u16(), &*refusal.code),
                (400, "invalid_json")
            );
        }
    }
}
