//! Encryption on the wire: certificate files of the operator's, taken up again when they change,
//! or a certificate of our own making, so that a phone in the same network may use its camera.
//! Private keys are readable by the owner alone and never logged.

use anyhow::{Context, anyhow};
use axum_server::tls_rustls::RustlsConfig;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// How often certificate files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A certificate and its private key, both PEM.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Pair {
    /// Reads both files.
    ///
    /// # Errors
    /// If a file cannot be read or is not PEM; the message names both.
    pub(crate) async fn load(&self) -> anyhow::Result<RustlsConfig> {
        RustlsConfig::from_pem_file(&self.certificate, &self.key).await.with_context(|| {
            format!(
                "cannot use the certificate {} with the key {}",
                self.certificate.display(),
                self.key.display()
            )
        })
    }

    /// Takes up renewed files without a restart. A pair that cannot be used is refused loudly and
    /// the old one stays.
    pub(crate) async fn keep_fresh(self, config: RustlsConfig, stop: CancellationToken) {
        let mut known = self.changed_at();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = self.changed_at();
            if now == known {
                continue;
            }
            match config.reload_from_pem_file(&self.certificate, &self.key).await {
                Ok(()) => {
                    tracing::info!("the renewed certificate is in use");
                    known = now;
                }
                Err(error) => {
                    tracing::error!(%error, "the renewed certificate cannot be used; the old one stays");
                }
            }
        }
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key]
            .map(|file| fs::metadata(file).and_then(|metadata| metadata.modified()).ok())
    }

    /// The pair in `folder`, made now if it is not there. Browsers warn about it once; the
    /// connection is encrypted and the camera allowed.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(crate) fn self_signed(folder: &Path, listen: IpAddr) -> anyhow::Result<Self> {
        let pair =
            Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        if pair.certificate.is_file() && pair.key.is_file() {
            return Ok(pair);
        }
        fs::create_dir_all(folder)?;
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        if !listen.is_unspecified() && !listen.is_loopback() {
            names.push(listen.to_string());
        }
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|error| anyhow!("cannot make a certificate: {error}"))?;
        write_private(&pair.key, &made.signing_key.serialize_pem())?;
        fs::write(&pair.certificate, made.cert.pem())?;
        Ok(pair)
    }
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
