//! The beginning of every request to an endpoint, which differs by nothing but the operation, and is put together once.

use bytes::BytesMut;
use http::{HeaderMap, Uri};
use swan_core::protocol::Operation;

use super::address::Address;
use crate::providers::AttemptError;

/// Room for what is said of one request.
const REST: usize = 256;

/// How requests to one endpoint begin.
pub(super) struct Opening {
    address: Address,
    /// The lines that every request has: whom it is for, and what proves who asks.
    lines: Box<[u8]>,
    /// Request line and lines, for each operation that has a name of its own.
    posts: Vec<(Operation, Box<[u8]>)>,
}

impl Opening {
    /// Of requests to `address`, with `headers` in each of them.
    pub(super) fn new(address: &Address, server: &Uri, headers: &HeaderMap) -> Self {
        let mut lines = BytesMut::new();
        line(&mut lines, "host", host_of(server).as_bytes());
        for (name, value) in headers {
            line(&mut lines, name.as_str(), value.as_bytes());
        }
        let mut opening = Self {
            address: address.clone(),
            lines: lines.as_ref().into(),
            posts: Vec::new(),
        };
        let named = [
            Operation::ChatCompletions,
            Operation::Completions,
            Operation::Embeddings,
            Operation::ImagesGenerations,
            Operation::AudioTranscriptions,
        ];
        for operation in named {
            if let Ok(begun) = opening.begin("POST", operation.as_str()) {
                opening.posts.push((operation, begun.as_ref().into()));
            }
        }
        opening
    }

    /// The beginning of a request for `operation`, to which lines may be added, and an empty one at the end.
    ///
    /// # Errors
    /// [`AttemptError::Malformed`] when the operation is no path.
    pub(super) fn post(&self, operation: &Operation) -> Result<BytesMut, AttemptError> {
        let Some((_, begun)) = self.posts.iter().find(|(it, _)| it == operation) else {
            return self.begin("POST", operation.as_str());
        };
        let mut head = BytesMut::with_capacity(begun.len() + REST);
        head.extend_from_slice(begun);
        Ok(head)
    }

    /// The same for what is only read.
    ///
    /// # Errors
    /// As [`Opening::post`].
    pub(super) fn get(&self, path: &str) -> Result<BytesMut, AttemptError> {
        self.begin("GET", path)
    }

    fn begin(&self, method: &str, path: &str) -> Result<BytesMut, AttemptError> {
        let uri: Uri = self
            .address
            .of(path)
            .parse()
            .map_err(|_| AttemptError::Malformed(format!("{path:?} is no path")))?;
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let mut head = BytesMut::new();
        for part in [method, " ", target, " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        head.extend_from_slice(&self.lines);
        Ok(head)
    }
}

/// Adds a line to a head; name and value are those of headers, so that neither can end the line.
pub(super) fn line(head: &mut BytesMut, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// The server's name as it is called, without a port that says nothing.
fn host_of(server: &Uri) -> String {
    let host = server.host().unwrap_or_default();
    let usual = match server.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    match server.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_request_begins_as_its_server_expects() {
        for (url, target, host) in [
            ("http://a:8000", "/v1/embeddings", "a:8000"),
            ("https://a:443/v4", "/v4/embeddings", "a"),
            ("http://a:80/?x=1", "/v1/embeddings?x=1", "a"),
            ("http://a:443", "/v1/embeddings", "a:443"),
            ("http://[::1]:9/llm", "/llm/v1/embeddings", "[::1]:9"),
        ] {
            let address = Address::parse(url, None).expect(url);
            let server = address.server().parse().expect(url);
            let mut headers = HeaderMap::new();
            headers.insert("x-team", HeaderValue::from_static("swans"));
            let opening = Opening::new(&address, &server, &headers);
            let head = opening.post(&Operation::Embeddings).expect("a path");
            let begun = format!("POST {target} HTTP/1.1\r\nhost: {host}\r\nx-team: swans\r\n");
            assert_eq!(head, begun.as_bytes());
            let other = Operation::Other("embeddings".into());
            assert_eq!(opening.post(&other).expect("a path"), begun.as_bytes());
            let broken = Operation::Other("a b\r\nx: y".into());
            assert!(opening.post(&broken).is_err());
        }
    }
}
