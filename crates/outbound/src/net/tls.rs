//! The TLS provider of the process.

/// Installs the process's TLS provider unless the program already has one.
pub(crate) fn install_tls() {
    // An error only says that one is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
