//! Which cryptography TLS is made of.

/// Installs ring as the process's default unless the application has chosen already.
pub(crate) fn install_default() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing the race against another thread means that there is one now, which is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
