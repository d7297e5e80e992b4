//! Where a hub is reached, from what an operator writes.

use crate::ProviderError;

/// The addresses of one hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HubUrl {
    /// The WebSocket, with its `/ws`.
    pub(crate) socket: String,
    /// Where the routes under `/api/v1` are expected, without a slash at the end.
    pub(crate) http: String,
}

impl HubUrl {
    /// Takes `ws://`, `wss://`, and `http://`, `https://` as people copy them, with or without `/ws` at the end.
    pub(crate) fn parse(text: &str) -> Result<Self, ProviderError> {
        let expected = "expected an address such as wss://hub.example or ws://127.0.0.1:8081";
        let wrong = || ProviderError::setting("hub", text, expected);
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(wrong)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => false,
            "wss" | "https" => true,
            _ => return Err(wrong()),
        };
        let rest = rest.trim_end_matches('/');
        let rest = rest
            .strip_suffix("/ws")
            .unwrap_or(rest)
            .trim_end_matches('/');
        // Parsing as HTTP checks host and port; a user name or a query has no place here.
        let (s, http) = if secure { ("s", "https") } else { ("", "http") };
        let url = reqwest::Url::parse(&format!("{http}://{rest}")).map_err(|_| wrong())?;
        let plain = url.username().is_empty() && url.query().is_none() && url.fragment().is_none();
        if rest.is_empty() || !url.has_host() || !plain {
            return Err(wrong());
        }
        Ok(Self {
            socket: format!("ws{s}://{rest}/ws"),
            http: control(http, rest),
        })
    }

    /// The HTTP address exactly as it was written, for an operator who knows it.
    pub(crate) fn http_exact(&self) -> String {
        let socket = self.socket.strip_suffix("/ws").unwrap_or(&self.socket);
        socket.replacen("ws", "http", 1)
    }
}

/// The public hub's sockets live on `inference-ws.…` and its routes on `inference.…` (public-swan.md 1.1).
fn control(scheme: &str, rest: &str) -> String {
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    format!("{scheme}://{}{path}", host.replacen("-ws", "", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ws_is_added_once_whatever_was_written() {
        for (given, socket, http) in [
            (
                "ws://localhost:8081",
                "ws://localhost:8081/ws",
                "http://localhost:8081",
            ),
            (
                "ws://localhost:8081/",
                "ws://localhost:8081/ws",
                "http://localhost:8081",
            ),
            (
                "ws://localhost:8081/ws",
                "ws://localhost:8081/ws",
                "http://localhost:8081",
            ),
            (" wss://h/ws/ ", "wss://h/ws", "https://h"),
            ("https://h/market", "wss://h/market/ws", "https://h/market"),
            (
                "http://[::1]:8100",
                "ws://[::1]:8100/ws",
                "http://[::1]:8100",
            ),
            (
                "wss://inference-ws.swanchain.io",
                "wss://inference-ws.swanchain.io/ws",
                "https://inference.swanchain.io",
            ),
        ] {
            let hub = HubUrl::parse(given).unwrap();
            assert_eq!(
                (hub.socket.as_str(), hub.http.as_str()),
                (socket, http),
                "{given}"
            );
        }
    }

    #[test]
    fn an_http_address_that_was_given_is_kept() {
        let hub = HubUrl::parse("https://api-ws.example/x").unwrap();
        assert_eq!(hub.http_exact(), "https://api-ws.example/x");
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for given in [
            "",
            "localhost:8081",
            "ftp://h",
            "ws://",
            "ws://h:99999",
            "ws://u@h",
            "ws://h?x",
        ] {
            let error = HubUrl::parse(given).unwrap_err().to_string();
            assert!(
                error.contains("hub") && error.contains("ws://127.0.0.1:8081"),
                "{error}"
            );
        }
    }
}
