//! Where an endpoint is. Nothing but the operator's configuration becomes a URL: no name that a server lists, no redirect,
//! no URL in a request or an answer.

use std::net::IpAddr;

use hyper::Uri;

/// The parts of an endpoint's URL, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Scheme, authority and the path before the operation, without a slash at the end.
    before: String,
    /// The query, with its question mark.
    query: String,
    pub(crate) https: bool,
    /// Whether the host is on this machine or in a private network, as far as its name shows.
    pub(crate) is_private: bool,
}

impl Address {
    /// Reads a base URL; `prefix` takes the place of its path. `None` when it is no http or https URL.
    pub(crate) fn parse(url: &str, prefix: Option<&str>) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let host = uri.host().filter(|host| !host.is_empty())?;
        let https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?.as_str();
        // A password in a URL ends up in logs; keys have a place of their own.
        if authority.contains('@') {
            return None;
        }
        let scheme = if https { "https" } else { "http" };
        let path = match prefix {
            Some(prefix) if prefix.is_empty() || prefix.starts_with('/') => prefix.to_owned(),
            Some(_) => return None,
            None => versioned(uri.path()),
        };
        let query = uri
            .query()
            .map_or_else(String::new, |query| format!("?{query}"));
        let address = Self {
            before: format!("{scheme}://{authority}{}", path.trim_end_matches('/')),
            query,
            https,
            is_private: is_private_name(host),
        };
        // What is put together here is what will be sent.
        address.of("models").parse::<Uri>().ok()?;
        Some(address)
    }

    /// The URL of the server itself: scheme and authority.
    pub(super) fn server(&self) -> &str {
        let authority = self.before.find("://").map_or(0, |at| at + 3);
        let path = self.before.get(authority..).and_then(|rest| rest.find('/'));
        let end = path.map_or(self.before.len(), |at| authority + at);
        self.before.get(..end).unwrap_or_default()
    }

    /// The query, with its question mark; empty where there is none.
    pub(super) fn query(&self) -> &str {
        &self.query
    }

    /// The URL of an operation of the API, such as `chat/completions`.
    pub(crate) fn of(&self, operation: &str) -> String {
        let Self { before, query, .. } = self;
        format!("{before}/{operation}{query}")
    }
}

/// The path, ending in a version: the API's first one where it names none.
fn versioned(path: &str) -> String {
    let path = path.trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let mut letters = last.chars();
    let names_one =
        letters.next() == Some('v') && letters.next().is_some_and(|c| c.is_ascii_digit());
    if names_one {
        path.to_owned()
    } else {
        format!("{path}/v1")
    }
}

/// Endings of names that the public DNS does not know.
const PRIVATE_SUFFIXES: [&str; 8] = [
    ".localhost",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home.arpa",
    ".corp",
    ".test",
];

fn is_private_name(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        return is_private(address);
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    // A name of one word is one of the local network: no top-level domain has a server of its own.
    !host.contains('.') || PRIVATE_SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

/// Whether an address is on this machine, in a private network, or otherwise none of the public internet's.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                // Carriers' networks, "this" network, and what is kept for tests of devices.
                || (a == 100 && (64..128).contains(&b))
                || a == 0
                || (a == 198 && (18..20).contains(&b))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_leads_to_the_operations() {
        for (url, prefix, chat) in [
            ("http://a:8000", None, "http://a:8000/v1/chat/completions"),
            ("http://a:8000/", None, "http://a:8000/v1/chat/completions"),
            ("http://a/v1", None, "http://a/v1/chat/completions"),
            ("http://a/v1/", None, "http://a/v1/chat/completions"),
            (
                "https://a/api/paas/v4",
                None,
                "https://a/api/paas/v4/chat/completions",
            ),
            ("https://a/llm", None, "https://a/llm/v1/chat/completions"),
            (
                "https://a/openai/v1?api-version=preview",
                None,
                "https://a/openai/v1/chat/completions?api-version=preview",
            ),
            (
                "https://a/?api-version=1",
                Some("/openai/deployments/x"),
                "https://a/openai/deployments/x/chat/completions?api-version=1",
            ),
            ("https://a/v1", Some(""), "https://a/chat/completions"),
            ("http://[::1]:9", None, "http://[::1]:9/v1/chat/completions"),
        ] {
            let address = Address::parse(url, prefix).expect(url);
            assert_eq!(address.of("chat/completions"), chat);
        }
    }

    #[test]
    fn what_is_no_plain_web_address_is_refused() {
        for (url, prefix) in [
            ("", None),
            ("localhost:8000", None),
            ("ftp://a", None),
            ("http://", None),
            ("https://user:password@a", None),
            ("https://a", Some("no-slash")),
            ("https://a", Some("/with a space")),
        ] {
            assert_eq!(Address::parse(url, prefix), None, "{url} {prefix:?}");
        }
    }

    #[test]
    fn private_hosts_are_told_from_public_ones() {
        for host in [
            "localhost",
            "vllm",
            "gpu-7.local",
            "LLM.Internal.",
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "172.16.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "[::1]",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
        ] {
            assert!(is_private_name(host), "{host}");
        }
        for host in [
            "api.openai.com",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "[2606:4700::1]",
            "localhost.example.com",
        ] {
            assert!(!is_private_name(host), "{host}");
        }
    }
}
