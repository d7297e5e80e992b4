//! How names of endpoints become addresses, at each connection anew.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

use super::address::is_private;

/// The system's resolver. Unless private addresses are allowed it answers with public ones only, so that whoever controls the
/// DNS of a public endpoint cannot have the hub talk to its own network.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    system: GaiResolver,
    allow_private: bool,
}

impl Resolver {
    pub(super) fn new(allow_private: bool) -> Self {
        Self {
            system: GaiResolver::new(),
            allow_private,
        }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.system.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolving = self.system.call(name);
        let allow_private = self.allow_private;
        Box::pin(async move { permitted(resolving.await?.collect(), allow_private) })
    }
}

fn permitted(
    found: Vec<SocketAddr>,
    allow_private: bool,
) -> io::Result<std::vec::IntoIter<SocketAddr>> {
    let mut addresses = found;
    let any = !addresses.is_empty();
    addresses.retain(|address| allow_private || !is_private(address.ip()));
    if any && addresses.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the name of a public host leads to a private address; allow_private = true permits that",
        ));
    }
    Ok(addresses.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_name_leads_to_public_addresses_only() {
        let of = |text: &[&str]| -> Vec<SocketAddr> {
            text.iter()
                .map(|text| text.parse().expect("an address"))
                .collect()
        };
        let (public, private) = ("93.184.215.14:443", "169.254.169.254:443");
        let kept = permitted(of(&[public, private]), false).expect("one is left");
        assert_eq!(kept.as_slice(), of(&[public]));
        let refused = permitted(of(&[private]), false).expect_err("none is left");
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(permitted(of(&[private]), true).expect("allowed").len(), 1);
        assert_eq!(permitted(Vec::new(), false).expect("nobody").len(), 0);
    }
}
