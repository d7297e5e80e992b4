//! What an endpoint says of a failure, without what is between it and the hub: keys, headers, and the hub's account there.

use bytes::Bytes;
use http::HeaderMap;

use crate::providers::AttemptError;

/// Whatever is shorter is no secret, and taking it out would make words unreadable.
const SHORTEST: usize = 6;
/// What stands in a secret's place.
const HIDDEN: &str = "(withheld)";

/// What the hub sends to an endpoint, and nobody else may read.
pub(super) struct Secrets(Box<[Box<str>]>);

impl Secrets {
    /// The values of `headers` that are marked as sensitive, and of a URL's `query`.
    pub(super) fn of(headers: &HeaderMap, query: &str) -> Self {
        let sensitive = headers.values().filter(|value| value.is_sensitive());
        let sent = sensitive.filter_map(|value| value.to_str().ok());
        let bare = sent.map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
        let pairs = query.trim_start_matches('?').split('&');
        let values = pairs.filter_map(|pair| Some(pair.split_once('=')?.1));
        let secrets = bare.chain(values).filter(|text| text.len() >= SHORTEST);
        Self(secrets.map(Into::into).collect())
    }

    /// The same words without any of them.
    pub(super) fn hide(&self, words: String) -> String {
        let hide = |words: String, secret: &str| match words.contains(secret) {
            true => words.replace(secret, HIDDEN),
            false => words,
        };
        self.0
            .iter()
            .fold(words, |words, secret| hide(words, secret))
    }

    /// The same failure without any of them, and without words when it is about the hub's account.
    pub(super) fn hide_in(&self, error: AttemptError) -> AttemptError {
        let AttemptError::Provider {
            status,
            message,
            body,
            retry_after,
        } = error
        else {
            return error;
        };
        match status {
            401..=403 => AttemptError::Provider {
                status,
                message: "it does not serve this hub's account".to_owned(),
                body: Bytes::new(),
                retry_after: None,
            },
            _ => AttemptError::Provider {
                status,
                message: self.hide(message),
                body: self
                    .hide(String::from_utf8_lossy(&body).into_owned())
                    .into(),
                retry_after,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn secrets() -> Secrets {
        let mut headers = HeaderMap::new();
        for (name, value) in [("authorization", "Bearer sk-hub-key"), ("x-team", "blue")] {
            let mut value = HeaderValue::from_static(value);
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert("user-agent", HeaderValue::from_static("swan-hub"));
        Secrets::of(&headers, "?api-version=preview&sig=a%2Fsecret")
    }

    #[test]
    fn words_lose_keys_and_query_values_and_nothing_else() {
        for (words, told) in [
            ("out of memory", "out of memory"),
            ("wrong key: sk-hub-key", "wrong key: (withheld)"),
            ("Bearer sk-hub-key!", "Bearer (withheld)!"),
            ("sig=a%2Fsecret", "sig=(withheld)"),
            ("swan-hub is blue", "swan-hub is blue"),
        ] {
            assert_eq!(secrets().hide(words.to_owned()), told);
        }
    }

    #[test]
    fn a_failure_that_is_about_the_hubs_account_says_nothing_of_it() {
        let failed = |status| AttemptError::Provider {
            status,
            message: "sk-hub-key owes 5 dollars".to_owned(),
            body: Bytes::from_static(b"{\"error\":{\"message\":\"sk-hub-key owes 5 dollars\"}}"),
            retry_after: None,
        };
        for (status, dollars) in [
            (400, true),
            (401, false),
            (402, false),
            (403, false),
            (500, true),
        ] {
            let AttemptError::Provider { message, body, .. } = secrets().hide_in(failed(status))
            else {
                panic!("still what the endpoint said")
            };
            let told = format!("{message} {}", String::from_utf8_lossy(&body));
            assert_eq!(told.contains("5 dollars"), dollars, "{status}: {told}");
            assert!(!told.contains("sk-hub"), "{status}: {told}");
        }
    }
}
