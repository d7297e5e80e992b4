//! The question before the dial: may this key connect? (public-swan.md 1.2)

use crate::http_client;
use serde_json::Value;
use std::time::Duration;

/// A hub that does not answer this is dialled anyway, so nobody waits long for it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The answer has a few hundred bytes.
const ANSWER_MAX: usize = 64 * 1024;

/// What the hub says about a key before a socket is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Come in; with the hub's words, if there is something to know.
    Welcome { status: String, message: String },
    /// Do not come: the key is wrong, or the provider is suspended.
    Refused { message: String },
    /// No answer that says either; dial and see.
    Silent { reason: String },
}

/// Asks. Only a clear no is a no: the public agent takes any JSON error for a wrong key and refuses to start.
pub(crate) async fn ask(http: &str, key: &str) -> Verdict {
    let client = match http_client::for_url(http).timeout(TIMEOUT).build() {
        Ok(client) => client,
        Err(error) => {
            return Verdict::Silent {
                reason: http_client::cause(&error),
            };
        }
    };
    let question = client
        .get(format!("{http}/api/v1/provider/status"))
        .bearer_auth(key);
    let answer = async {
        let mut response = question.send().await.map_err(|e| http_client::cause(&e))?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|e| http_client::cause(&e))? {
            body.extend_from_slice(&piece);
            if body.len() > ANSWER_MAX {
                return Err("the answer is too long".to_owned());
            }
        }
        Ok((response.status().as_u16(), body))
    };
    match answer.await {
        Ok((status, body)) => read(status, &body),
        Err(reason) => Verdict::Silent { reason },
    }
}

fn read(status: u16, body: &[u8]) -> Verdict {
    let Ok(Value::Object(answer)) = serde_json::from_slice(body) else {
        return Verdict::Silent {
            reason: format!("no status there (HTTP {status})"),
        };
    };
    let text = |name: &str| {
        answer
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let said = |name: &str| answer.get(name).and_then(Value::as_bool);
    let mut message = text("message");
    if let Some(steps) = answer.get("next_steps").and_then(Value::as_array) {
        for step in steps.iter().filter_map(Value::as_str).take(10) {
            message = format!("{message}; {step}");
        }
    }
    match (said("api_key_valid"), said("can_connect")) {
        (Some(false), _) => Verdict::Refused {
            message: or(&message, "the key is not valid"),
        },
        (_, Some(false)) => Verdict::Refused {
            message: or(&message, "this provider may not connect"),
        },
        (None, None) => Verdict::Silent {
            reason: format!("no status there (HTTP {status})"),
        },
        _ => Verdict::Welcome {
            status: text("status"),
            message,
        },
    }
}

fn or(message: &str, otherwise: &str) -> String {
    let message: String = message
        .chars()
        .filter(|c| !c.is_control())
        .take(1_000)
        .collect();
    if message.trim_matches(['(', ')', ';', ' ']).is_empty() {
        otherwise.to_owned()
    } else {
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_no_is_a_no() {
        let refused = |text: &str| Verdict::Refused {
            message: text.to_owned(),
        };
        for (status, body, expected) in [
            (
                200,
                r#"{"api_key_valid":false,"message":"revoked"}"#,
                refused("revoked"),
            ),
            (
                401,
                r#"{"api_key_valid":false}"#,
                refused("the key is not valid"),
            ),
            (
                200,
                r#"{"api_key_valid":true,"can_connect":false,"message":"suspended","next_steps":["write to us"]}"#,
                refused("suspended; write to us"),
            ),
            (
                200,
                r#"{"api_key_valid":true,"can_connect":true,"status":"active","message":"hi"}"#,
                Verdict::Welcome {
                    status: "active".to_owned(),
                    message: "hi".to_owned(),
                },
            ),
        ] {
            assert_eq!(read(status, body.as_bytes()), expected);
        }
    }

    #[test]
    fn anything_else_is_no_answer() {
        for body in [
            r#"{"error":{"message":"down"}}"#,
            "<html>",
            "",
            "null",
            r#"{"can_connect":"no"}"#,
        ] {
            assert!(
                matches!(read(500, body.as_bytes()), Verdict::Silent { .. }),
                "{body}"
            );
        }
    }
}
