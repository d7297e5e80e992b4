//! The address that a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

/// The most addresses of `X-Forwarded-For` that are looked at.
const HOPS_MAX: usize = 32;

/// The address of the client: the peer's, or what trusted proxies say of it. `None` where the embedder's server does not
/// leave a [`ConnectInfo`] in the extensions, and where a trusted proxy says nothing that can be read.
pub(crate) fn of(request: &Parts, trusted: &[IpNet]) -> Option<IpAddr> {
    let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
    forwarded(peer.ip().to_canonical(), &request.headers, trusted)
}

/// Goes back from the peer as long as each hop is trusted: whoever is not may write whatever it likes into the header.
fn forwarded(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let hops = lines.iter().rev().map(|line| line.to_str().ok());
    let mut last = peer;
    let mut seen = 0;
    for line in hops {
        for hop in line?.rsplit(',') {
            seen += 1;
            let address = hop.trim().parse::<IpAddr>().ok()?.to_canonical();
            if !is_trusted(&address) || seen >= HOPS_MAX {
                return Some(address);
            }
            last = address;
        }
    }
    Some(last)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_trusted_hops_are_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        for (peer, lines, expected) in [
            ("203.0.113.9", vec!["1.2.3.4"], Some("203.0.113.9")),
            ("10.0.0.1", vec!["1.2.3.4"], Some("1.2.3.4")),
            ("10.0.0.1", vec!["6.6.6.6, 1.2.3.4"], Some("1.2.3.4")),
            (
                "10.0.0.1",
                vec!["6.6.6.6, 1.2.3.4, 10.9.9.9"],
                Some("1.2.3.4"),
            ),
            (
                "10.0.0.1",
                vec!["6.6.6.6", "1.2.3.4", "10.1.1.1"],
                Some("1.2.3.4"),
            ),
            ("10.0.0.1", vec!["10.2.2.2"], Some("10.2.2.2")),
            ("::1", vec!["2001:db8::7"], Some("2001:db8::7")),
            ("10.0.0.1", vec![], Some("10.0.0.1")),
            ("10.0.0.1", vec!["nonsense"], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            let found = forwarded(peer.parse().unwrap(), &headers, &trusted);
            let expected = expected.map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(found, expected, "{peer} {lines:?}");
        }
    }
}
