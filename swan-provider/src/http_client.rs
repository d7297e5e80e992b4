//! HTTP clients, and which cryptography their TLS is made of.

/// Installs ring as the process's default unless the application has chosen already.
pub(crate) fn install_tls_default() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing the race against another thread means that there is one now, which is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// The beginning of an HTTP client that talks to `url` directly and to nobody else.
///
/// Plain HTTP needs no certificates: a container that holds none can still reach its neighbour.
pub(crate) fn for_url(url: &str) -> reqwest::ClientBuilder {
    install_tls_default();
    // A proxy meant for the world would only break or log what passes between neighbours.
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    if url.starts_with("https:") {
        client
    } else {
        client.tls_certs_only([])
    }
}

/// The innermost cause of a failed exchange: the outer ones repeat the URL and say "error sending request".
pub(crate) fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
