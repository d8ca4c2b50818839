//! The webhook over TLS: whom it trusts, and what it does about those whom it does not.
//!
//! Trust comes from the machine's root certificates, which `SSL_CERT_FILE` replaces. The
//! environment belongs to the whole process, so each test runs itself again in one of its own.

use jiff::Timestamp;
use outbound::{Message, Outcome, Registry, RegistrySettings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A registry on loopback with a certificate for `name`; writes its issuer's to `ca`.
async fn serve(name: &str, ca: &Path) -> SocketAddr {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(ca, authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = vec![0; 16 * 1024];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

/// Runs the test named `test` again, this time as the client.
async fn as_client(test: &str, address: SocketAddr, trusted: &Path) {
    let program = std::env::current_exe().unwrap();
    let ended = tokio::process::Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env("FORWARD_TEST_PORT", address.port().to_string())
        .env("SSL_CERT_FILE", trusted)
        .output()
        .await
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// The port to call, if this process is the client.
fn client_port() -> Option<u16> {
    std::env::var("FORWARD_TEST_PORT").ok()?.parse().ok()
}

async fn deliver(port: u16) -> Outcome {
    let settings = RegistrySettings {
        url: format!("https://localhost:{port}/hook"),
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into(),
        allow_private: true,
        deliver_ms_max: 5_000,
        ..Default::default()
    };
    let message = Message { event_id: "evt".into(), bytes: "{}".into() };
    let registry = Registry::open(&settings).unwrap();
    registry.deliver(&[message], Timestamp::UNIX_EPOCH).await.remove(0)
}

#[tokio::test]
async fn a_trusted_certificate_is_taken() {
    if let Some(port) = client_port() {
        let outcome = deliver(port).await;
        return assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let address = serve("localhost", &ca).await;
    as_client("a_trusted_certificate_is_taken", address, &ca).await;
}

#[tokio::test]
async fn a_stranger_is_not_told_anything() {
    if let Some(port) = client_port() {
        let Outcome::Retry { why, .. } = deliver(port).await else { panic!("told a stranger") };
        return assert!(why.contains("certificate"), "{why}");
    }
    let folder = tempfile::tempdir().unwrap();
    let [ca, other] = ["ca.pem", "other.pem"].map(|name| folder.path().join(name));
    let address = serve("localhost", &ca).await;
    serve("localhost", &other).await;
    as_client("a_stranger_is_not_told_anything", address, &other).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_a_stranger_too() {
    if let Some(port) = client_port() {
        let Outcome::Retry { why, .. } = deliver(port).await else { panic!("told a stranger") };
        return assert!(why.contains("certificate"), "{why}");
    }
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let address = serve("registry.example", &ca).await;
    as_client("a_certificate_for_another_name_is_a_stranger_too", address, &ca).await;
}
